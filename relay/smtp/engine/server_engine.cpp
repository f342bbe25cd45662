#include "relay/smtp/engine/server_engine.hpp"

#include <algorithm>
#include <utility>

#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
using action = server_engine::action;

action server_engine::start()
{
    say("220 " + policy_.host_name + " ESMTP Liaison");
    return next();
}

action server_engine::start_busy()
{
    close("421 4.3.2 " + policy_.host_name + " not now, try again later", session_end::shutting_down);
    return next();
}

// Handles what is there, then says what to do: first what needs the driver, then the replies, then more bytes. Replies
// to a pipeline leave together (RFC 2920 §3.2).
action server_engine::next()
{
    while (waiting_ == waiting::nothing && !closing_ && !in_.empty()) {
        if (in_data_) {
            in_.erase(0, data_.feed(in_));
            if (data_.complete())
                end_of_data();
            else if (data_.octets() / 2 > policy_.limits.data.max_message_octets) {
                close("552 5.3.4 message too big", session_end::too_big);  // and it goes on and on
            }
        } else if (!take_line()) {
            break;
        }
    }
    if (waiting_ == waiting::recipient) return check_recipient{candidate_.address};
    if (waiting_ == waiting::store) return store_message{&envelope_, &message_};
    if (shutting_down_ && !closing_ && !from_ && waiting_ == waiting::nothing) {
        close("421 4.3.2 " + policy_.host_name + " shutting down", session_end::shutting_down);
    }
    if (!out_.empty()) {
        sending_ = std::exchange(out_, {});
        return send{sending_, policy_.timeouts.command};
    }
    if (closing_) return finished{*closing_};
    if (waiting_ == waiting::tls) return start_tls{};
    return receive{in_data_ ? policy_.timeouts.data_block : policy_.timeouts.command};
}

// One command line out of in_, if it is whole.
bool server_engine::take_line()
{
    const std::size_t end = in_.find('\n');
    const bool whole = end != std::string::npos;
    const std::size_t length = whole ? end + 1 : in_.size();
    if (skipping_line_) {
        in_.erase(0, length);
        skipping_line_ = !whole;
        return whole;
    }
    const bool path = equals_ignoring_case(std::string_view(in_).substr(0, 5), "MAIL ") ||
                      equals_ignoring_case(std::string_view(in_).substr(0, 5), "RCPT ");
    if (length > (path ? policy_.limits.max_path_line_octets : policy_.limits.max_line_octets)) {
        in_.erase(0, length);
        skipping_line_ = !whole;
        refuse("500 5.5.2 line too long");
        return true;
    }
    if (!whole) return false;
    const std::string line = in_.substr(0, length);
    in_.erase(0, length);
    on_line(line);
    return true;
}

void server_engine::on_line(std::string_view line)
{
    if (line.size() < 2 || line[line.size() - 2] != '\r' || has_line_end(line.substr(0, line.size() - 2))) {
        return refuse("500 5.5.2 lines end with CRLF");
    }
    line.remove_suffix(2);
    const auto what = read_command(line);
    if (what.has_error()) return refuse("500 5.5.2 command unknown");
    on_command(*what);
}

void server_engine::on_command(const command& what)
{
    const bool wants_tls = policy_.tls == server_tls::required && !secured_;
    if (wants_tls) {  // RFC 3207 §4: only these four
        const bool allowed = what.verb == verb::noop || what.verb == verb::ehlo || what.verb == verb::helo ||
                             what.verb == verb::starttls || what.verb == verb::quit;
        if (!allowed) return refuse("530 5.7.0 STARTTLS first");
    }
    switch (what.verb) {
        case verb::helo:
        case verb::ehlo: return on_hello(what);
        case verb::starttls: return on_starttls(what.argument);
        case verb::mail: return on_mail(what.argument);
        case verb::rcpt: return on_rcpt(what.argument);
        case verb::data: return on_data(what.argument);
        case verb::rset:
            if (!what.argument.empty()) return refuse("501 5.5.4 RSET has no argument");
            reset_mail();
            say("250 2.0.0 ok");
            return on_idle_command();
        case verb::noop: say("250 2.0.0 ok"); return on_idle_command();
        case verb::vrfy: say("252 2.1.5 send some mail, we will try"); return on_idle_command();
        case verb::quit: return close("221 2.0.0 goodbye", session_end::quit);
        case verb::expn:
        case verb::help:
        case verb::auth:
        case verb::bdat: break;
    }
    refuse("502 5.5.1 not implemented");
}

void server_engine::on_hello(const command& what)
{
    if (!is_host_argument(what.argument)) return refuse("501 5.5.4 your host name, please");
    helo_ = what.argument;
    extended_ = what.verb == verb::ehlo;
    reset_mail();
    on_idle_command();
    if (closing_) return;
    if (!extended_) return say("250 " + policy_.host_name);
    say("250-" + policy_.host_name);
    say("250-PIPELINING");
    say("250-SIZE " + std::to_string(policy_.limits.data.max_message_octets));
    if (policy_.tls == server_tls::required && !secured_) say("250-STARTTLS");
    say("250-ENHANCEDSTATUSCODES");
    say("250-8BITMIME");
    say("250 DSN");
}

void server_engine::on_starttls(std::string_view argument)
{
    if (policy_.tls == server_tls::not_offered) return refuse("502 5.5.1 not implemented");
    if (secured_) return refuse("503 5.5.1 TLS is on already");
    if (!argument.empty()) return refuse("501 5.5.4 STARTTLS has no argument");
    if (!in_.empty()) {  // RFC 3207 §4.2: somebody may have put them there to be taken for commands under TLS
        closing_ = session_end::bytes_behind_starttls;
        return;
    }
    say("220 2.0.0 go ahead");
    waiting_ = waiting::tls;
}

action server_engine::on_tls_ready(tls_peer peer)
{
    secured_ = true;
    has_certificate_ = peer == tls_peer::with_certificate;
    waiting_ = waiting::nothing;
    extended_ = false;  // all that was said before is forgotten
    helo_.clear();
    in_.clear();
    reset_mail();
    return next();
}

void server_engine::on_mail(std::string_view argument)
{
    if (helo_.empty()) return refuse("503 5.5.1 EHLO first");
    if (from_) return refuse("503 5.5.1 one mail at a time");
    if (policy_.certificates == client_certificates::required && !has_certificate_) {
        return refuse("530 5.7.0 client certificate required");
    }
    auto from = read_mail_arguments(argument);
    if (from.has_error()) return refuse_syntax(from.error());
    if (from->size_octets.value_or(0) > policy_.limits.data.max_message_octets)
        return refuse("552 5.3.4 message too big");
    if (policy_.senders == accepted_senders::null_only && !from->reverse_path.empty()) {
        return refuse("550 5.7.1 only reports are received here");
    }
    if (mails_ >= policy_.limits.max_mails)
        return close("421 4.7.0 enough for one connection", session_end::too_many_commands);
    from_ = std::move(*from);
    idle_commands_ = 0;
    say("250 2.1.0 sender ok");
}

void server_engine::on_rcpt(std::string_view argument)
{
    if (!from_) return refuse("503 5.5.1 MAIL first");
    auto to = read_rcpt_arguments(argument);
    if (to.has_error()) return refuse_syntax(to.error());
    const auto same = [&](const rcpt_arguments& one) { return one.address == to->address; };
    if (std::any_of(recipients_.begin(), recipients_.end(), same)) return say("250 2.1.5 recipient ok");
    if (recipients_.size() >= policy_.limits.max_recipients) return refuse("452 4.5.3 too many recipients");
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
        case recipient_check::temporary_failure: refuse("451 4.3.0 try again later"); break;
    }
    return next();
}

void server_engine::on_data(std::string_view argument)
{
    if (!argument.empty()) return refuse("501 5.5.4 DATA has no argument");
    if (!from_) return refuse("503 5.5.1 MAIL first");
    if (recipients_.empty()) return refuse("554 5.5.1 no valid recipients");
    data_ = dot_reader(policy_.limits.data);
    in_data_ = true;
    say("354 end with a dot on its own line");
}

void server_engine::end_of_data()
{
    in_data_ = false;
    if (const auto fault = data_.fault()) {
        reset_mail();
        switch (*fault) {
            case data_fault::too_big: return refuse("552 5.3.4 message too big");
            case data_fault::line_too_long: return refuse("554 5.6.0 a line is longer than 1000 octets");
            case data_fault::nul: return refuse("554 5.6.0 NUL in the message");
            case data_fault::bare_line_end: break;
        }
        return refuse("554 5.6.0 CR or LF alone in the message");
    }
    message_ = data_.take();
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
        case store_result::refused: refuse("554 5.7.1 refused"); break;
    }
    return next();
}

action server_engine::on_received(std::string_view bytes)
{
    in_.append(bytes);
    return next();
}

action server_engine::on_sent()
{
    sending_.clear();
    return next();
}

action server_engine::on_lost()
{
    reset_mail();
    return finished{closing_.value_or(session_end::lost)};
}

void server_engine::on_idle_command()
{
    if (++idle_commands_ <= policy_.limits.max_idle_commands) return;
    close("421 4.7.0 too many commands", session_end::too_many_commands);
}

void server_engine::say(std::string_view reply_line)
{
    out_ += reply_line;
    out_ += "\r\n";
}

void server_engine::refuse(std::string_view reply_line)
{
    say(reply_line);
    if (reply_line.front() != '5') return;
    if (++errors_ >= policy_.limits.max_errors) close("421 4.7.0 too many errors", session_end::too_many_errors);
}

void server_engine::refuse_syntax(error_code why)
{
    if (why == make_error_code(wire_errc::unknown_parameter)) return refuse("555 5.5.4 parameter unknown");
    if (why == make_error_code(wire_errc::bad_path)) return refuse("553 5.1.3 bad address");
    refuse("501 5.5.4 bad argument");
}

void server_engine::close(std::string_view reply_line, session_end why)
{
    say(reply_line);
    closing_ = why;
}

void server_engine::reset_mail()
{
    from_.reset();
    recipients_.clear();
    in_data_ = false;
    data_ = dot_reader(policy_.limits.data);
}
}
