// relay/mllp/wire/frame.hpp: MLLP framing (HL7 v2 « Minimal Lower Layer Protocol », Release 1): 0x0B, the message,
// 0x1C 0x0D. Reads and writes frames; knows nothing of what is inside. No I/O, no clock; used on one strand.
// Limits: octets of one message. A fault is final: what follows it cannot be trusted to begin where it seems to.
// Tolerance: CR, LF and blanks between two frames, because senders write a line end behind the last byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace relay::mllp {
inline constexpr char start_of_block = '\x0b';
inline constexpr char end_of_block = '\x1c';

[[nodiscard]] std::string write_frame(std::string_view content);

struct frame_limits {
    std::size_t max_content_octets = 40U << 20U;
    std::size_t max_head_octets = 8 * 1024;  // kept of what has no start, to answer it by its MSH
};
enum class frame_fault {
    none,
    no_start,  // bytes outside of a frame
    no_end,    // a new start inside a frame
    bad_end,   // 0x1C without 0x0D behind it
    too_big,   // over max_content_octets
};

class frame_reader {
public:
    explicit frame_reader(const frame_limits& limits = {}) : limits_(limits) {}

    // Takes up to the end of one frame or its fault; returns how many octets it took. Takes nothing once complete() or
    // fault().
    std::size_t feed(std::string_view bytes);

    [[nodiscard]] bool complete() const noexcept { return at_ == place::complete; }
    [[nodiscard]] frame_fault fault() const noexcept { return fault_; }
    // Nothing of a frame was seen yet.
    [[nodiscard]] bool is_between() const noexcept { return at_ == place::between; }
    // What there is of the message; of a faulty one, its beginning.
    [[nodiscard]] const std::string& content() const noexcept { return content_; }
    // The message, once complete(); the next frame may be fed.
    [[nodiscard]] std::string take();

private:
    enum class place { between, outside, inside, ending, complete, broken };
    void begin_outside(char first);
    void stop_with(frame_fault fault);
    std::size_t feed_outside(std::string_view bytes);
    std::size_t feed_inside(std::string_view bytes);

    frame_limits limits_;
    place at_ = place::between;
    frame_fault fault_ = frame_fault::none;
    std::string content_;
};
}
