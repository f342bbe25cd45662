// Target mllp: frames cut anywhere. The first octet says how large the pieces are. Success: a frame came out; then what
// a frame carries is the same however it is cut, and is framed again to the same octets.
#include <algorithm>
#include <vector>

#include "relay/mllp/wire/frame.hpp"
#include "tests/fuzz/harness.hpp"

namespace {
struct seen {
    std::vector<std::string> messages;
    relay::mllp::frame_fault fault = relay::mllp::frame_fault::none;
    std::string kept;
    friend bool operator==(const seen&, const seen&) = default;
};

seen read_in_pieces(std::string_view input, std::size_t piece)
{
    relay::mllp::frame_limits limits;
    limits.max_content_octets = 4096;
    limits.max_head_octets = 64;
    relay::mllp::frame_reader reader(limits);
    seen all;
    while (!input.empty() && reader.fault() == relay::mllp::frame_fault::none) {
        std::string_view rest = input.substr(0, piece);
        input.remove_prefix(rest.size());
        while (!rest.empty() && reader.fault() == relay::mllp::frame_fault::none) {
            const std::size_t taken = reader.feed(rest);
            fuzz::promise(taken <= rest.size());
            rest.remove_prefix(taken);
            fuzz::promise(reader.content().size() <= limits.max_content_octets);
            if (reader.complete())
                all.messages.push_back(reader.take());
            else
                fuzz::promise(taken > 0 || reader.fault() != relay::mllp::frame_fault::none);
        }
    }
    all.fault = reader.fault();
    all.kept = reader.content();
    return all;
}
}

std::vector<std::string> fuzz::seeds()
{
    const std::string one = relay::mllp::write_frame("MSH|^~\\&|A\r"), two = relay::mllp::write_frame("MSA|AA|1\r");
    return {"\x01" + one, "\x03" + one + two, "\x07" + one + "\r\n" + two, "\x02" + one + "MSH|^~\\&|B\r",
            "\x05" + two + one.substr(0, 4) + two};
}

bool fuzz::reads(std::string_view input)
{
    if (input.empty()) return false;
    const std::size_t piece = static_cast<unsigned char>(input.front()) + std::size_t{1};
    input.remove_prefix(1);
    const seen whole = read_in_pieces(input, input.size() + 1);
    promise(whole == read_in_pieces(input, piece));
    for (const std::string& message : whole.messages)
        promise(read_in_pieces(relay::mllp::write_frame(message), piece).messages == std::vector{message});
    return !whole.messages.empty();
}
