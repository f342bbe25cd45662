// relay/mllp/engine/client_engine.hpp: the sending side of MLLP without I/O: one message, then its answer, on a
// connection that is used again (HL7 v2 MLLP Release 1). Used on one strand; views are valid until the next call.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "relay/mllp/wire/frame.hpp"

namespace relay::mllp {
class client_engine {
public:
    struct send {
        std::string_view bytes;
        std::chrono::seconds within;
    };
    struct receive {
        std::chrono::seconds within;
    };
    struct finished {};
    using action = std::variant<send, receive, finished>;

    // The answer to an acknowledgement is small: more is a peer that talks of something else.
    explicit client_engine(std::chrono::seconds answer_within)
        : answer_within_(answer_within), reader_({.max_content_octets = 64 * 1024})
    {
    }

    [[nodiscard]] action start(std::string_view message);  // the next one, once finished with is_reusable()
    [[nodiscard]] action on_sent();
    [[nodiscard]] action on_received(std::string_view bytes);
    [[nodiscard]] action on_lost();

    // Of the last message; empty when none came.
    [[nodiscard]] const std::string& answer() const noexcept { return answer_; }
    [[nodiscard]] bool is_reusable() const noexcept { return reusable_; }

private:
    std::chrono::seconds answer_within_;
    frame_reader reader_;
    std::string out_;
    std::string answer_;
    bool reusable_ = false;
};
}
