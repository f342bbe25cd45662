#include "relay/imap/engine/server_engine.hpp"

#include <string.h>

#include <utility>

namespace relay::imap {
server_engine::server_engine(pipeline::ports::mailbox_accounts& accounts, tls_policy tls, const server_limits& limits)
    : accounts_(accounts),
      limits_(limits),
      policy_(tls),
      secure_(tls == tls_policy::already_on),
      reader_(limits.before_login)
{
}

action server_engine::start()
{
    say("* OK [CAPABILITY " + capabilities() + "] Liaison IMAP4rev1 ready");
    return advance();
}

action server_engine::on_received(std::string_view bytes)
{
    reader_.feed(bytes);
    return advance();
}

action server_engine::on_sent()
{
    out_.sent();
    return advance();
}

action server_engine::on_tls_ready()
{
    secure_ = true;
    return advance();
}

action server_engine::on_waited()
{
    if (!after_pause_.empty()) say(std::exchange(after_pause_, {}));
    if (failed_logins_ >= limits_.max_failed_logins && !authenticated())
        close(end_reason::login_failures, "* BYE Too many failed logins");
    return advance();
}

action server_engine::on_timeout()
{
    close(end_reason::autologout, "* BYE Autologout, idle for too long");
    return advance();
}

action server_engine::on_shutdown()
{
    close(end_reason::shutdown, "* BYE Server is shutting down");
    return advance();
}

action server_engine::on_lost(error_code why)
{
    job_.reset();
    selected_.reset();
    return finished{end_reason::lost, why};
}

action server_engine::send_chunk()
{
    const std::string_view chunk = out_.next_chunk();
    // More of a lent message: the next step is a copy of a pointer, not worth a worker.
    sends_next_ = out_.lends_after_sent();
    return send{chunk};
}

// Output is gathered until there is a chunk of it or nothing else to do, so that pipelined commands share their
// segments.
action server_engine::advance()
{
    sends_next_ = false;
    for (;;) {
        if (out_.full() || out_.lends()) return send_chunk();
        const bool stops = closing_ || pausing_ || tls_next_;
        if (stops && !out_.empty()) return send_chunk();
        if (closing_) return *closing_;
        if (pausing_) return wait{*std::exchange(pausing_, std::nullopt)};
        if (std::exchange(tls_next_, false)) return start_tls{};
        if (auto next = job_ ? run_job() : read_input()) return *next;
    }
}

std::optional<action> server_engine::run_job()
{
    switch (job_->step(out_)) {
        case progress::more: return std::nullopt;
        case progress::flush: return send_chunk();
        case progress::pause: return out_.empty() ? action(wait{std::chrono::milliseconds(0)}) : send_chunk();
        case progress::done: break;
    }
    const std::unique_ptr<job> over = std::move(job_);
    complete(job_tag_, over->reply(),
             over->by() == addressing::uids ? expunge_reports::allowed : expunge_reports::withheld, over->by());
    return std::nullopt;
}

std::optional<action> server_engine::read_input()
{
    const frame found = sasl_ ? reader_.next_line() : reader_.next();
    switch (found) {
        case frame::need_more:
            if (!out_.empty()) return send_chunk();
            return receive{authenticated() ? limits_.idle_time : limits_.login_time};
        case frame::command: {
            std::string text = reader_.take_command();
            if (sasl_)
                on_sasl_line(text);
            else
                on_command(std::move(text));
            break;
        }
        case frame::literal: on_literal(); break;
        case frame::literal_too_long: on_literal_too_long(); break;
        case frame::literal_unasked:
            close(end_reason::oversized, "* BYE Non-synchronizing literals are not supported");
            break;
        case frame::too_long: close(end_reason::oversized, "* BYE Command too long"); break;
    }
    return std::nullopt;
}

void server_engine::say(std::string_view line)
{
    out_.add(line);
    out_.add("\r\n");
}

void server_engine::answer(const std::string& tag, std::string_view text)
{
    bad_commands_ = 0;
    out_.add(tag);
    out_.add(" ");
    say(text);
}

// The end of a command over the selected mailbox: first what happened meanwhile, then the tagged answer.
void server_engine::complete(const std::string& tag, std::string_view text, expunge_reports reports, addressing by)
{
    if (selected_) append_updates(out_, *selected_, reports, by);
    answer(tag, text);
}

void server_engine::bad(const std::string& tag, std::string_view text)
{
    out_.add(tag.empty() ? "*" : tag);
    out_.add(" BAD ");
    say(text);
    if (++bad_commands_ >= limits_.max_bad_commands) close(end_reason::bad_commands, "* BYE Too many invalid commands");
}

void server_engine::close(end_reason reason, std::string_view bye)
{
    if (closing_) return;
    say(bye);
    closing_ = finished{reason, {}};
    pausing_.reset();
    tls_next_ = false;
    job_.reset();
}

void server_engine::on_command(std::string text)
{
    auto asked = read_command(text, limits_.commands);
    explicit_bzero(text.data(), text.size());  // it may be a LOGIN
    if (asked.has_error()) {
        const syntax_error& error = asked.error();
        if (error.code == syntax_errc::unknown_charset)
            answer(error.tag, "NO [BADCHARSET (US-ASCII UTF-8)] Charset not supported");
        else
            bad(error.tag, error.text);
        return;
    }
    if (const auto why = refusal(asked->name)) {
        if (why->starts_with("NO"))
            answer(asked->tag, *why);
        else
            bad(asked->tag, *why);
        return;
    }
    run(*asked);
}

// A command is refused before its literal is sent where that is possible: APPEND never costs the memory of its message.
void server_engine::on_literal()
{
    const auto head = read_command_head(reader_.text());
    const bool refuses = head && (head->word == "APPEND" || (!authenticated() && head->word != "LOGIN") || !secure_);
    if (head && !refuses) {
        reader_.accept_literal();
        say("+ Ready for the literal");
        return;
    }
    reader_.drop_command();
    if (!head)
        bad("", "Invalid command");
    else if (!secure_)
        answer(head->tag, "NO [PRIVACYREQUIRED] Use STARTTLS first");
    else if (!authenticated())
        bad(head->tag, "Log in first");
    else
        answer(head->tag, "NO [CANNOT] Not supported by this server");
}

void server_engine::on_literal_too_long()
{
    const auto head = read_command_head(reader_.text());
    reader_.drop_command();
    if (head && authenticated() && head->word == "APPEND")
        answer(head->tag, "NO [CANNOT] Not supported by this server");
    else
        bad(head ? head->tag : "", "Literal too long");
}

std::optional<std::string_view> server_engine::refusal(verb name) const
{
    switch (name) {
        case verb::capability:
        case verb::noop:
        case verb::logout: return std::nullopt;
        case verb::starttls:
            if (policy_ != tls_policy::starttls_required || secure_) return "TLS is already on";
            return std::nullopt;
        default: break;
    }
    if (!secure_) return "NO [PRIVACYREQUIRED] Use STARTTLS first";
    switch (name) {
        case verb::login:
        case verb::authenticate:
            return authenticated() ? std::optional<std::string_view>("Already logged in") : std::nullopt;
        case verb::check:
        case verb::close:
        case verb::expunge:
        case verb::fetch:
        case verb::store:
        case verb::search:
            if (authenticated() && !selected_) return "Select a mailbox first";
            break;
        default: break;
    }
    if (!authenticated()) return "Log in first";
    return std::nullopt;
}

void server_engine::run(command& asked)
{
    switch (asked.name) {
        case verb::capability:
            say("* CAPABILITY " + capabilities());
            complete(asked.tag, "OK CAPABILITY completed", expunge_reports::allowed, addressing::sequence_numbers);
            break;
        case verb::noop:
            complete(asked.tag, "OK NOOP completed", expunge_reports::allowed, addressing::sequence_numbers);
            break;
        case verb::logout: run_logout(asked); break;
        case verb::starttls: run_starttls(asked); break;
        case verb::login: {
            auto& given = std::get<login_arguments>(asked.arguments);
            log_in(asked.tag, given.user, given.password);
            explicit_bzero(given.password.data(), given.password.size());
            break;
        }
        case verb::authenticate: run_authenticate(asked); break;
        case verb::select:
        case verb::examine: run_select(asked); break;
        case verb::list:
        case verb::lsub: run_list(asked); break;
        case verb::status: run_status(asked); break;
        case verb::unsupported:
            complete(asked.tag, "NO [CANNOT] Not supported by this server", expunge_reports::allowed,
                     addressing::sequence_numbers);
            break;
        default: run_in_mailbox(asked); break;
    }
}

void server_engine::run_in_mailbox(command& asked)
{
    switch (asked.name) {
        case verb::check:
            complete(asked.tag, "OK CHECK completed", expunge_reports::allowed, addressing::sequence_numbers);
            break;
        case verb::close: run_close(asked); break;
        case verb::expunge: run_expunge(asked); break;
        case verb::fetch: run_fetch(asked); break;
        case verb::store: run_store(asked); break;
        case verb::search: run_search(asked); break;
        default: break;
    }
}

std::string server_engine::capabilities() const
{
    if (!secure_) return "IMAP4rev1 STARTTLS LOGINDISABLED";
    return authenticated() ? "IMAP4rev1" : "IMAP4rev1 AUTH=PLAIN SASL-IR";
}

// RFC 3501 §6.2.1: whatever came behind the command came in clear, from anybody.
void server_engine::run_starttls(const command& asked)
{
    if (reader_.has_unread()) {
        close(end_reason::plaintext_behind_starttls, "* BYE Nothing may follow STARTTLS");
        return;
    }
    answer(asked.tag, "OK Begin TLS negotiation now");
    tls_next_ = true;
}

void server_engine::run_logout(const command& asked)
{
    say("* BYE Logging out");
    answer(asked.tag, "OK LOGOUT completed");
    closing_ = finished{end_reason::logout, {}};
}
}
