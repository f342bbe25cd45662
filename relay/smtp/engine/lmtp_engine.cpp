#include "relay/smtp/engine/lmtp_engine.hpp"

#include "relay/smtp/wire/command.hpp"

namespace relay::smtp {
using action = lmtp_engine::action;

action lmtp_engine::on_received(std::string_view bytes)
{
    const auto taken = replies_.feed(bytes);
    // One command at a time: bytes behind a reply are not an answer to anything.
    if (taken.has_error() || *taken != bytes.size()) return on_lost();
    if (!replies_.complete()) return receive{};
    return on_reply(replies_.take());
}

action lmtp_engine::on_reply(const reply& said)
{
    const int kind = said.code / 100;
    switch (at_) {
        case step::greeting:
            if (kind != 2) return decide(said);
            return say("LHLO " + own_name_ + "\r\n", step::hello);
        case step::hello: {
            if (kind != 2) return decide(said);
            mail_arguments from;
            from.reverse_path = reverse_path_;
            auto line = write_mail(from);
            return line.has_value() ? say(std::move(*line), step::mail) : on_lost();
        }
        case step::mail: {
            if (kind != 2) return decide(said);
            rcpt_arguments to;
            to.address = recipient_;
            auto line = write_rcpt(to);
            return line.has_value() ? say(std::move(*line), step::recipient) : on_lost();
        }
        case step::recipient:
            if (kind != 2 || message_.empty()) return decide(said);
            return say("DATA\r\n", step::data);
        case step::data:
            // "Done" before a byte of the mail was sent says nothing about the mail.
            if (kind != 3) return kind == 2 ? on_lost() : decide(said);
            at_ = step::body;
            return on_sent();
        case step::reply: return decide(said);
        case step::body:
        case step::quit: break;
    }
    return finished{};
}

action lmtp_engine::on_sent()
{
    if (at_ == step::quit) return finished{};  // what it says to that changes nothing
    if (at_ != step::body) return receive{};
    const std::string_view piece = body_.next();
    if (body_.is_last()) at_ = step::reply;
    return send{piece};
}

action lmtp_engine::say(std::string line, step then)
{
    out_ = std::move(line);
    at_ = then;
    return send{out_};
}

action lmtp_engine::decide(const reply& said)
{
    outcome_.code = said.code;
    if (const auto status = said.enhanced()) outcome_.enhanced_status = mime::report::write_enhanced_status(*status);
    return say("QUIT\r\n", step::quit);
}

action lmtp_engine::on_lost()
{
    if (at_ == step::reply) outcome_.is_uncertain = true;
    return finished{};
}
}
