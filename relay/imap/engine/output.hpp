// relay/imap/engine/output.hpp: what is waiting to be sent. Short texts are gathered; a large message is lent, not
// copied, so a FETCH of many megabytes costs one message in memory. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace relay::imap {
class output {
public:
    static constexpr std::size_t max_chunk_octets = 64 * 1024;  // of one send, so that each has its own deadline
    static constexpr std::size_t min_lent_octets = 16 * 1024;

    void add(std::string_view text);
    void lend(std::string_view bytes);  // the owner keeps them until empty()

    [[nodiscard]] bool empty() const { return octets_ == 0; }  // nothing left to hand out
    [[nodiscard]] bool lends() const { return lent_ != 0; }
    [[nodiscard]] bool full() const { return octets_ >= max_chunk_octets; }
    [[nodiscard]] std::string_view next_chunk();  // valid until sent()
    void sent();
    [[nodiscard]] bool lends_after_sent() const;  // of the chunk handed out last

private:
    struct piece {
        std::string owned;
        std::string_view lent;
    };

    std::deque<piece> pieces_;
    std::size_t octets_ = 0;
    std::size_t lent_ = 0;     // pieces
    std::size_t sending_ = 0;  // octets of the front piece handed out last
};
}
