#include "relay/mllp/engine/server_engine.hpp"

#include <array>
#include <utility>

#include "mime/hl7/peek.hpp"

namespace relay::mllp {
using action = server_engine::action;

std::string_view name(session_end why) noexcept
{
    constexpr std::array<std::string_view, 7> names{"quit",    "lost", "broken_frame", "unanswerable",
                                                    "not_hl7", "busy", "shutting_down"};
    return names[static_cast<std::size_t>(why)];
}

action server_engine::next()
{
    if (closing_) return finished{*closing_};
    if (auto now = read_on()) return std::move(*now);
    if (reader_.is_between()) {
        if (shutting_down_) return finished{session_end::shutting_down};
        return receive{policy_.timeouts.idle, part::next_message};
    }
    return receive{policy_.timeouts.block, part::rest_of_message};
}

// Feeds what is there; nothing when only more bytes help.
std::optional<action> server_engine::read_on()
{
    // Those behind the answered one are sent again by a peer whose connection ends.
    if (shutting_down_ && reader_.is_between()) return std::nullopt;
    in_.erase(0, reader_.feed(in_));
    if (reader_.fault() != frame_fault::none) {
        closing_ = session_end::broken_frame;
        return refuse_with(cause_of(reader_.fault()));
    }
    const bool whole = reader_.complete();
    if (!has_slot_ && (whole || reader_.content().size() > policy_.limits.free_octets)) {
        waiting_ = waiting::slot;
        return take_slot{policy_.timeouts.message};
    }
    if (!whole) return std::nullopt;
    message_ = reader_.take();
    if (mime::hl7::peek(std::string_view(message_).substr(0, 64)) != mime::hl7::message_kind::hl7) {
        closing_ = session_end::not_hl7;
        return finished{*closing_};
    }
    waiting_ = waiting::answer;
    return handle{&message_};
}

action server_engine::refuse_with(refusal_cause cause)
{
    waiting_ = waiting::answer;
    return refuse{reader_.content(), cause};
}

action server_engine::on_received(std::string_view bytes)
{
    in_.append(bytes);
    return next();
}

action server_engine::on_slot(slot given)
{
    waiting_ = waiting::bytes;
    has_slot_ = given == slot::granted;
    if (has_slot_) return next();
    if (!reader_.complete()) {  // half a message: only its end would tell where the next one begins
        closing_ = session_end::busy;
        return refuse_with(refusal_cause::busy);
    }
    message_ = reader_.take();
    waiting_ = waiting::answer;
    return refuse{message_, refusal_cause::busy};
}

action server_engine::on_answer(std::string_view acknowledgement)
{
    has_slot_ = false;
    message_ = {};
    waiting_ = waiting::bytes;
    if (acknowledgement.empty()) {
        if (!closing_) closing_ = session_end::unanswerable;
        return finished{*closing_};
    }
    ++answered_;
    out_ = write_frame(acknowledgement);
    waiting_ = waiting::sending;
    return send{out_, policy_.timeouts.block};
}

action server_engine::on_sent()
{
    waiting_ = waiting::bytes;
    out_ = {};
    return next();
}

action server_engine::on_lost()
{
    if (!closing_) closing_ = is_in_message() ? session_end::lost : session_end::quit;
    return finished{*closing_};
}
}
