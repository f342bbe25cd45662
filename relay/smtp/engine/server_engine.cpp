#include "relay/smtp/engine/server_engine.hpp"

#include <string.h>

#include <algorithm>
#include <utility>

#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
using action = server_engine::action;

action server_engine::start()
{
    if (policy_.tls == server_tls::implicit) {
        waiting_ = waiting::tls;
        return start_tls{};
    }
    say("220 " + policy_.host_name + " ESMTP Liaison");
    return next();
}

action server_engine::start_busy()
{
    if (policy_.tls == server_tls::implicit) return finished{session_end::shutting_down};  // it cannot read us yet
    close("421 4.3.2 " + policy_.host_name + " not now, try again later", session_end::shutting_down);
    return next();
}

// Handles what is there, then says what to do: first what needs the driver, then the replies, then more bytes. Replies
// to a pipeline leave together (RFC 2920 §3.2).
action server_engine::next()
{
    take_bytes();
    switch (waiting_) {
        case waiting::login: {
            const std::string_view all = credentials_;
            const std::size_t nul = all.find('\0');
            return check_login{*mechanism_, all.substr(0, nul), nul == all.npos ? "" : all.substr(nul + 1)};
        }
        case waiting::recipient: return check_recipient{candidate_.address};
        case waiting::store: return store_message{&envelope_, &message_};
        case waiting::nothing:
        case waiting::tls: break;
    }
    if (shutting_down_ && !closing_ && !from_ && waiting_ == waiting::nothing) {
        close("421 4.3.2 " + policy_.host_name + " shutting down", session_end::shutting_down);
    }
    if (!out_.empty()) {
        sending_ = std::exchange(out_, {});
        return send{sending_, policy_.timeouts.command};
    }
    if (closing_) return finished{*closing_};
    if (waiting_ == waiting::tls) return start_tls{};
    return receive{is_in_data() ? policy_.timeouts.data_block : policy_.timeouts.command};
}

void server_engine::take_bytes()
{
    while (waiting_ == waiting::nothing && !closing_ && !in_.empty()) {
        if (in_chunk_) {
            in_.erase(0, chunks_.feed(in_));
            if (chunks_.chunk_complete()) end_of_chunk();
        } else if (in_data_) {
            in_.erase(0, data_.feed(in_));
            if (data_.complete())
                end_of_data();
            else if (data_.octets() / 2 > policy_.limits.data.max_message_octets) {
                close("552 5.3.4 message too big", session_end::too_big);  // and it goes on and on
            }
        } else if (!take_line()) {
            return;
        }
    }
}

bool server_engine::begins(std::string_view word) const
{
    return equals_ignoring_case(std::string_view(in_).substr(0, word.size()), word);
}

bool server_engine::may_be_login() const
{
    return in_login_ || begins("AUTH ");
}

std::size_t server_engine::line_limit() const
{
    if (may_be_login()) return policy_.limits.max_login_line_octets;
    return begins("MAIL ") || begins("RCPT ") ? policy_.limits.max_path_line_octets : policy_.limits.max_line_octets;
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
    if (length > line_limit()) {
        in_.erase(0, length);
        skipping_line_ = !whole;
        in_login_ = false;
        refuse("500 5.5.2 line too long");
        return true;
    }
    if (!whole) return false;
    // What may be a password is not left behind in memory.
    const bool is_secret = may_be_login();
    std::string line = in_.substr(0, length);
    if (is_secret) explicit_bzero(in_.data(), length);
    in_.erase(0, length);
    on_line(line);
    if (is_secret) explicit_bzero(line.data(), line.size());
    return true;
}

void server_engine::on_line(std::string_view line)
{
    if (line.size() < 2 || line[line.size() - 2] != '\r' || has_line_end(line.substr(0, line.size() - 2))) {
        in_login_ = false;
        return refuse("500 5.5.2 lines end with CRLF");
    }
    line.remove_suffix(2);
    if (std::exchange(in_login_, false)) return on_login_line(line);
    const auto what = read_command(line);
    if (what.has_error()) return refuse("500 5.5.2 command unknown");
    on_command(*what);
}

void server_engine::on_command(const command& what)
{
    if (policy_.tls == server_tls::required &&
        !secured_) {  // RFC 3207 §4: NOOP, EHLO, STARTTLS and QUIT, and HELO, which old clients say first
        const bool allowed = what.verb == verb::noop || what.verb == verb::ehlo || what.verb == verb::helo ||
                             what.verb == verb::starttls || what.verb == verb::quit;
        // The octets of a chunk are read away all the same, or they would be taken for commands.
        if (!allowed && what.verb != verb::bdat) return refuse("530 5.7.0 STARTTLS first");
    }
    switch (what.verb) {
        case verb::helo:
        case verb::ehlo: return on_hello(what);
        case verb::starttls: return on_starttls(what.argument);
        case verb::auth: return on_auth(what.argument);
        case verb::mail: return on_mail(what.argument);
        case verb::rcpt: return on_rcpt(what.argument);
        case verb::data: return on_data(what.argument);
        case verb::bdat: return on_bdat(what.argument);
        case verb::rset:
            if (!what.argument.empty()) return refuse("501 5.5.4 RSET has no argument");
            reset_mail();
            say("250 2.0.0 ok");
            return on_idle_command();
        case verb::noop: say("250 2.0.0 ok"); return on_idle_command();
        case verb::vrfy: say("252 2.1.5 send some mail, we will try"); return on_idle_command();
        case verb::quit: return close("221 2.0.0 goodbye", session_end::quit);
        case verb::expn:
        case verb::help: break;
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
    if (policy_.logins == logins::required && (secured_ || policy_.tls == server_tls::not_offered))
        say(has_certificate_ ? "250-AUTH PLAIN EXTERNAL" : "250-AUTH PLAIN");
    say("250-ENHANCEDSTATUSCODES");
    say("250-8BITMIME");
    say("250-CHUNKING");
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
    if (policy_.tls == server_tls::implicit) say("220 " + policy_.host_name + " ESMTP Liaison");
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

action server_engine::on_too_slow()
{
    if (waiting_ == waiting::tls || closing_) return on_lost();
    in_.clear();
    in_data_ = in_chunk_ = false;
    close("421 4.4.2 " + policy_.host_name + " too slow", session_end::too_slow);
    return next();
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
}
