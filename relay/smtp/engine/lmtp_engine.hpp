// relay/smtp/engine/lmtp_engine.hpp: client side of LMTP without I/O (RFC 2033): one mail, one recipient, one
// connection; so the reply behind the dot is that recipient's. Without a message it stops behind RCPT: a question. The
// driver does what the action says until `finished`, then reads outcome(). Views are valid until the next call.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "relay/smtp/wire/mail_data.hpp"
#include "relay/smtp/wire/reply.hpp"

namespace relay::smtp {
struct lmtp_outcome {
    int code = 0;  // of the step that decided; 0: no reply
    std::string enhanced_status;
    bool is_uncertain = false;  // the whole mail was handed over, and no reply came
};

class lmtp_engine {
public:
    struct send {
        std::string_view bytes;
    };
    struct receive {};
    struct finished {};
    using action = std::variant<send, receive, finished>;

    // `message` outlives the engine; empty: only asks.
    lmtp_engine(std::string own_name, std::string reverse_path, std::string recipient, std::string_view message)
        : own_name_(std::move(own_name)),
          reverse_path_(std::move(reverse_path)),
          recipient_(std::move(recipient)),
          message_(message),
          body_(message)
    {
    }
    lmtp_engine(const lmtp_engine&) = delete;
    lmtp_engine& operator=(const lmtp_engine&) = delete;

    [[nodiscard]] action start() { return receive{}; }
    [[nodiscard]] action on_received(std::string_view bytes);  // cut anywhere
    [[nodiscard]] action on_sent();
    [[nodiscard]] action on_lost();
    [[nodiscard]] const lmtp_outcome& outcome() const noexcept { return outcome_; }

private:
    enum class step { greeting, hello, mail, recipient, data, body, reply, quit };
    action on_reply(const reply& said);
    action say(std::string line, step then);
    action decide(const reply& said);

    std::string own_name_, reverse_path_, recipient_;
    std::string_view message_;
    dot_writer body_;
    reply_reader replies_;
    std::string out_;
    step at_ = step::greeting;
    lmtp_outcome outcome_;
};
}
