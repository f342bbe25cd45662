// relay/mllp/engine/server_engine.hpp: the receiving side of MLLP without I/O: frames in, one answer each, in order
// (HL7 v2 MLLP Release 1; mssante.md §3.1). The driver does what the returned action says and calls the on_x() that
// belongs to it, until `finished`. A message of more than free_octets, and every message handed over, needs a slot: so
// memory is bounded by slots × max_content_octets + connections × free_octets, and a full node stops reading. A broken
// frame is answered when its MSH can be read, and ends the connection. Used on one strand; views in an action are valid
// until the next call.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "relay/mllp/engine/refusal.hpp"
#include "relay/mllp/wire/frame.hpp"

namespace relay::mllp {
struct server_limits {
    frame_limits frame{};
    std::size_t free_octets = 64 * 1024;  // of one message, before it needs a slot
};
struct server_timeouts {
    std::chrono::seconds idle{600};     // between two messages: EHRs keep their connection
    std::chrono::seconds block{30};     // between two reads inside a message, and for writing an answer
    std::chrono::seconds message{120};  // from a message's first byte to its last; also the wait for a slot
};
struct server_policy {
    server_limits limits{};
    server_timeouts timeouts{};
};
enum class session_end { quit, lost, broken_frame, unanswerable, not_hl7, busy, shutting_down };
[[nodiscard]] std::string_view name(session_end why) noexcept;

class server_engine {
public:
    enum class part { next_message, rest_of_message };
    struct send {
        std::string_view bytes;
        std::chrono::seconds within;
    };
    struct receive {
        std::chrono::seconds within;
        part of;  // rest_of_message: never after timeouts.message from the first of them
    };
    struct take_slot {
        std::chrono::seconds within;
    };
    struct handle {  // the message may be moved from; gives its slot back
        std::string* message;
    };
    struct refuse {  // gives its slot back, if it has one
        std::string_view head;
        refusal_cause cause;
    };
    struct finished {
        session_end why;
    };
    using action = std::variant<send, receive, take_slot, handle, refuse, finished>;
    enum class slot { granted, none_free };

    explicit server_engine(const server_policy& policy) : policy_(policy), reader_(policy.limits.frame) {}
    server_engine(const server_engine&) = delete;
    server_engine& operator=(const server_engine&) = delete;

    [[nodiscard]] action start() { return next(); }
    [[nodiscard]] action on_received(std::string_view bytes);  // cut anywhere
    [[nodiscard]] action on_slot(slot given);
    [[nodiscard]] action on_answer(std::string_view acknowledgement);  // empty: there is none to be given
    [[nodiscard]] action on_sent();
    [[nodiscard]] action on_lost();
    // Between two messages: the end. Inside one it waits for its answer.
    void shut_down() noexcept { shutting_down_ = true; }

    [[nodiscard]] bool is_in_message() const noexcept { return !reader_.is_between() || waiting_ != waiting::bytes; }
    [[nodiscard]] std::size_t answered() const noexcept { return answered_; }

private:
    enum class waiting { bytes, slot, answer, sending };
    action next();
    [[nodiscard]] std::optional<action> read_on();
    action refuse_with(refusal_cause cause);

    server_policy policy_;
    frame_reader reader_;
    std::string in_;  // not yet read
    std::string message_;
    std::string out_;
    waiting waiting_ = waiting::bytes;
    std::optional<session_end> closing_;
    std::size_t answered_ = 0;
    bool has_slot_ = false;
    bool shutting_down_ = false;
};
}
