// One mail of the server's dialogue: MAIL, RCPT, DATA or BDAT, and what was made of it (RFC 5321 §3.3, RFC 3030 §2).
#include <algorithm>
#include <utility>

#include "relay/smtp/engine/server_engine.hpp"
#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
using action = server_engine::action;

void server_engine::on_mail(std::string_view argument)
{
    if (helo_.empty()) return refuse("503 5.5.1 EHLO first");
    if (from_) return refuse("503 5.5.1 one mail at a time");
    if (policy_.certificates == client_certificates::required && !has_certificate_) {
        return refuse("530 5.7.0 client certificate required");
    }
    if (policy_.logins == logins::required && login_.empty()) return refuse("530 5.7.0 AUTH first");
    auto from = read_mail_arguments(argument);
    if (from.has_error()) return refuse_syntax(from.error());
    if (from->says_auth && policy_.logins == logins::none) return refuse("555 5.5.4 parameter unknown");
    if (from->size_octets.value_or(0) > policy_.limits.data.max_message_octets)
        return refuse("552 5.3.4 message too big");
    // A receipt has the null sender (RFC 8098 §2.1), also from a mail program.
    if (!login_.empty() && !from->reverse_path.empty() && !equals_ignoring_case(from->reverse_path, login_)) {
        return refuse("553 5.7.1 not an address of yours");
    }
    if (mails_ >= policy_.limits.max_mails)
        return close("421 4.7.0 enough for one connection", session_end::too_many_commands);
    if (ask_gate(rated::mail) == gate::shut) return refuse("450 4.7.1 too much mail, try again later");
    from_ = std::move(*from);
    idle_commands_ = 0;
    say("250 2.1.0 sender ok");
}

void server_engine::on_rcpt(std::string_view argument)
{
    if (!from_) return refuse("503 5.5.1 MAIL first");
    if (chunk_state_ != chunks::none) return refuse("503 5.5.1 the mail has begun");
    auto to = read_rcpt_arguments(argument);
    if (to.has_error()) return refuse_syntax(to.error());
    const auto same = [&](const rcpt_arguments& one) { return one.address == to->address; };
    if (std::any_of(recipients_.begin(), recipients_.end(), same)) return say("250 2.1.5 recipient ok");
    if (recipients_.size() >= policy_.limits.max_recipients) return refuse("452 4.5.3 too many recipients");
    // A report goes to the sender of one mail (RFC 5321 §6.1, RFC 3461 §6.2).
    if (from_->reverse_path.empty() && !recipients_.empty()) return refuse("452 4.5.3 one recipient for a report");
    candidate_ = std::move(*to);
    if (is_postmaster(candidate_.address)) {
        recipients_.push_back(std::move(candidate_));
        return say("250 2.1.5 postmaster ok");
    }
    if (!policy_.only_recipient.empty() && !equals_ignoring_case(candidate_.address, policy_.only_recipient)) {
        return refuse("550 5.7.1 not received here");
    }
    waiting_ = waiting::recipient;
}

// RFC 5321 §4.5.1: known without a domain and in ours.
bool server_engine::is_postmaster(std::string_view address) const
{
    constexpr std::string_view word = "postmaster";
    if (!equals_ignoring_case(address.substr(0, word.size()), word)) return false;
    const std::string_view rest = address.substr(word.size());
    return rest.empty() || (rest.front() == '@' && equals_ignoring_case(rest.substr(1), policy_.host_name));
}

action server_engine::on_recipient_checked(recipient_check verdict)
{
    waiting_ = waiting::nothing;
    switch (verdict) {
        case recipient_check::accepted:
            recipients_.push_back(std::move(candidate_));
            say("250 2.1.5 recipient ok");
            break;
        case recipient_check::unknown: refuse("550 5.1.1 no such mailbox"); break;
        case recipient_check::closed: refuse("550 5.2.1 mailbox closed"); break;
        case recipient_check::full: refuse("452 4.2.2 mailbox full"); break;
        case recipient_check::not_local: refuse("550 5.7.1 we relay for nobody"); break;
        case recipient_check::untrusted_domain: refuse("550 5.7.1 this domain is not of the trust space"); break;
        case recipient_check::no_route: refuse("550 5.7.1 no route to this domain"); break;
        case recipient_check::refused: refuse("550 5.7.1 refused"); break;
        case recipient_check::no_space: refuse("452 4.3.1 no space, try again later"); break;
        case recipient_check::temporary_failure: refuse("451 4.3.0 try again later"); break;
    }
    // Whoever tries names is stopped, over all its connections.
    const bool guessed = verdict == recipient_check::unknown || verdict == recipient_check::not_local ||
                         verdict == recipient_check::untrusted_domain;
    if (guessed && !closing_ && ask_gate(rated::unknown_recipient) == gate::shut)
        close("421 4.7.0 too many unknown recipients", session_end::rate_limited);
    return next();
}

void server_engine::on_data(std::string_view argument)
{
    if (!argument.empty()) return refuse("501 5.5.4 DATA has no argument");
    if (!from_) return refuse("503 5.5.1 MAIL first");
    if (chunk_state_ != chunks::none) return refuse("503 5.5.1 BDAT or DATA, not both");
    if (recipients_.empty()) return refuse("554 5.5.1 no valid recipients");
    data_ = dot_reader(policy_.limits.data);
    in_data_ = true;
    say("354 end with a dot on its own line");
}

void server_engine::end_of_data()
{
    in_data_ = false;
    const auto fault = data_.fault();
    hand_over(fault, data_.take());
}

void server_engine::hand_over(std::optional<data_fault> fault, std::string message)
{
    if (fault) {
        reset_mail();
        switch (*fault) {
            case data_fault::too_big: return refuse("552 5.3.4 message too big");
            case data_fault::line_too_long: return refuse("554 5.6.0 a line is longer than 1000 octets");
            case data_fault::nul: return refuse("554 5.6.0 NUL in the message");
            case data_fault::bare_line_end: break;
        }
        return refuse("554 5.6.0 CR or LF alone in the message");
    }
    message_ = std::move(message);
    envelope_ = {std::move(*from_), std::move(recipients_)};
    waiting_ = waiting::store;
}

action server_engine::on_stored(store_result verdict)
{
    waiting_ = waiting::nothing;
    std::string().swap(message_);
    reset_mail();
    switch (verdict) {
        case store_result::stored:
            ++mails_;
            say("250 2.0.0 stored");
            break;
        case store_result::duplicate:
            ++mails_;
            say("250 2.0.0 stored before");
            break;
        case store_result::temporary_failure: refuse("451 4.3.0 not stored, try again later"); break;
        case store_result::no_space: refuse("452 4.3.1 no space, try again later"); break;
        case store_result::mailbox_full: refuse("452 4.2.2 mailbox full"); break;
        case store_result::too_big: refuse("552 5.3.4 message too big"); break;
        case store_result::unknown: refuse("550 5.1.1 no such mailbox any more"); break;
        case store_result::looping: refuse("554 5.4.6 this mail goes round in circles"); break;
        case store_result::sender_refused: refuse("554 5.7.1 From is not an address of yours"); break;
        case store_result::clear_refused:
            refuse("550 5.7.1 not encrypted: only mail sealed by S/MIME leaves for other operators");
            break;
        case store_result::refused: refuse("554 5.7.1 refused"); break;
    }
    return next();
}

// RFC 3030 §2: the octets of a chunk are read whatever becomes of it. A chunk that was refused makes those that follow
// out of order until RSET.
void server_engine::on_bdat(std::string_view argument)
{
    const auto chunk = read_chunk_arguments(argument);
    if (chunk.has_error())  // nobody knows what is a command from here on
        return close("501 5.5.4 a number of octets and LAST or nothing", session_end::bad_chunk);
    if (chunk->octets / 2 > policy_.limits.data.max_message_octets)
        return close("552 5.3.4 message too big", session_end::too_big);
    chunk_refusal_ = why_no_chunk();
    if (chunk_refusal_.empty() && chunk_state_ == chunks::none) {
        chunks_ = chunk_reader(policy_.limits.data);
        chunk_state_ = chunks::begun;
    }
    if (!chunk_refusal_.empty()) {
        chunks_ = chunk_reader(policy_.limits.data);
        chunks_.skip();
    }
    last_chunk_ = chunk->place == chunk_arguments::place::last;
    in_chunk_ = true;
    chunks_.begin(chunk->octets);
    if (chunk->octets == 0) end_of_chunk();
}

std::string_view server_engine::why_no_chunk() const
{
    if (policy_.tls == server_tls::required && !secured_) return "530 5.7.0 STARTTLS first";
    if (!from_) return "503 5.5.1 MAIL first";
    if (chunk_state_ == chunks::failed) return "503 5.5.1 RSET first";
    if (recipients_.empty()) return "554 5.5.1 no valid recipients";
    return "";
}

void server_engine::end_of_chunk()
{
    in_chunk_ = false;
    if (!chunk_refusal_.empty()) {
        if (from_) chunk_state_ = chunks::failed;
        return refuse(chunk_refusal_);
    }
    if (last_chunk_) {
        const auto fault = chunks_.finish();
        return hand_over(fault, chunks_.take());
    }
    if (chunks_.octets() > policy_.limits.data.max_message_octets) {
        chunk_state_ = chunks::failed;
        return refuse("552 5.3.4 message too big");
    }
    say("250 2.0.0 " + std::to_string(chunks_.octets()) + " octets so far");
}

void server_engine::reset_mail()
{
    from_.reset();
    recipients_.clear();
    in_data_ = in_chunk_ = false;
    chunk_state_ = chunks::none;
    data_ = dot_reader(policy_.limits.data);
    chunks_ = chunk_reader(policy_.limits.data);
}
}
