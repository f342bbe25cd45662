#include "relay/smtp/engine/client_engine.hpp"

#include <utility>

#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
using action = client_engine::action;

namespace {
delivery_errc before_dot(loss why) noexcept
{
    switch (why) {
        case loss::closed: return delivery_errc::connection_lost;
        case loss::timed_out: return delivery_errc::timed_out;
        case loss::cancelled: return delivery_errc::cancelled;
        case loss::tls_refused: return delivery_errc::tls_refused;
        case loss::tls_failed: return delivery_errc::tls_failed;
        case loss::certificate_untrusted: return delivery_errc::certificate_untrusted;
    }
    return delivery_errc::connection_lost;
}

bool needs_eight_bit(const outgoing_mail& mail) noexcept
{
    return mail.body == body_type::eight_bit_mime;
}
}

action client_engine::start(outgoing_mail mail)
{
    mail_ = std::move(mail);
    awaited_ = {awaited::greeting};
    return receive{policy_.timeouts.greeting};
}

action client_engine::next_transaction(outgoing_mail mail)
{
    mail_ = std::move(mail);
    outcome_ = {};
    decided_ = answered_ = stale_ = dot_sent_ = end_empty_ = false;
    used_before_ = true;
    return begin_transaction();
}

action client_engine::quit()
{
    decided_ = closing_ = true;
    return send_text("QUIT\r\n", {awaited::quit});
}

action client_engine::say_hello()
{
    return send_text("EHLO " + policy_.helo_name + "\r\n", {awaited::ehlo});
}

// MAIL, RCPT and DATA in one go if the peer can (RFC 2920 §3.1), one by one if not.
action client_engine::begin_transaction()
{
    if (const error_code refused = check_mail()) {
        outcome_.ec = refused;
        outcome_.where = stage::mail;
        decided_ = true;
        return idle{};
    }
    mail_arguments from{.reverse_path = mail_.reverse_path};
    if (offered_.size) from.size_octets = mail_.bytes->size();
    if (offered_.eight_bit_mime) from.body = mail_.body;
    if (offered_.dsn) {
        from.ret = mail_.ret;
        from.envid = mail_.envid;
    }
    std::string line = *write_mail(from);  // check_mail() has tried it
    if (!offered_.pipelining) return send_text(std::move(line), {awaited::mail});
    rcpt_arguments to{.address = mail_.recipient};
    if (offered_.dsn) {
        to.notify = mail_.notify;
        to.orcpt = mail_.orcpt;
    }
    return send_text(line + *write_rcpt(to) + "DATA\r\n", {awaited::mail, awaited::rcpt, awaited::data});
}

action client_engine::send_rcpt()
{
    rcpt_arguments to{.address = mail_.recipient};
    if (offered_.dsn) {
        to.notify = mail_.notify;
        to.orcpt = mail_.orcpt;
    }
    return send_text(*write_rcpt(to), {awaited::rcpt});
}

error_code client_engine::check_mail() const
{
    const mail_arguments from{.reverse_path = mail_.reverse_path, .ret = mail_.ret, .envid = mail_.envid};
    const rcpt_arguments to{.address = mail_.recipient, .notify = mail_.notify, .orcpt = mail_.orcpt};
    if (!mail_.bytes || write_mail(from).has_error() || write_rcpt(to).has_error()) return delivery_errc::not_sendable;
    if (!has_only_whole_lines(*mail_.bytes)) return delivery_errc::not_sendable;
    if (needs_eight_bit(mail_) && !offered_.eight_bit_mime) return delivery_errc::not_sendable;
    if (offered_.size && offered_.max_octets != 0 && mail_.bytes->size() > offered_.max_octets)
        return delivery_errc::too_big;
    return {};
}

action client_engine::send_text(std::string text, std::initializer_list<awaited> replies)
{
    out_ = std::move(text);
    awaited_.insert(awaited_.end(), replies);
    return send{out_, policy_.timeouts.command};
}

action client_engine::send_piece()
{
    constexpr std::size_t one_tls_record = 16 * 1024;
    std::string_view piece = writer_->next();
    if (piece.size() < one_tls_record && !writer_->is_last()) {  // many dots make many small pieces: send them together
        out_ = piece;
        while (out_.size() < one_tls_record && !writer_->is_last()) out_ += writer_->next();
        piece = out_;
    }
    // From here on the peer may have the whole mail, even if this very send fails.
    if (writer_->is_last()) dot_sent_ = true;
    return send{piece, policy_.timeouts.data_block};
}

action client_engine::on_sent()
{
    if (done_) return finished{};
    if (writer_ && !writer_->is_last()) return send_piece();
    return receive_next();
}

action client_engine::receive_next()
{
    const auto& t = policy_.timeouts;
    switch (awaited_.empty() ? awaited::quit : awaited_.front()) {
        case awaited::greeting: return receive{t.greeting};
        case awaited::data: return receive{t.data_start};
        case awaited::final_dot: return receive{t.data_end};
        case awaited::quit: return receive{t.quit};
        default: return receive{t.command};
    }
}

action client_engine::on_received(std::string_view bytes)
{
    while (!bytes.empty() && !done_) {
        const auto taken = replies_.feed(bytes);
        if (taken.has_error() || awaited_.empty())
            return fail_and_finish(current_stage(), delivery_errc::protocol_error);
        bytes.remove_prefix(*taken);
        if (!replies_.complete()) break;
        const awaited answered = awaited_.front();
        if (answered == awaited::starttls && !bytes.empty()) {  // RFC 3207 §4.2: somebody may have put them there
            return fail_and_finish(stage::start_tls, delivery_errc::tls_failed);
        }
        const action next = on_reply(replies_.take());
        if (std::holds_alternative<receive>(next)) continue;
        // A peer that answers what was not asked yet is out of step, and so is every later reply.
        if (!bytes.empty()) return fail_and_finish(current_stage(), delivery_errc::protocol_error);
        return next;
    }
    if (done_) return finished{};
    return receive_next();
}

action client_engine::on_reply(const reply& answer)
{
    const awaited what = awaited_.front();
    if (answer.code == 421 && what != awaited::quit) {  // the peer closes, whatever was asked (RFC 5321 §3.8)
        fail(current_stage(), answer);
        return finish();
    }
    if (what >= awaited::mail && what <= awaited::final_dot) answered_ = true;
    awaited_.pop_front();
    switch (what) {
        case awaited::greeting: return on_greeting(answer);
        case awaited::ehlo: return on_ehlo(answer);
        case awaited::starttls:
            if (answer.code == 220) return start_tls{policy_.timeouts.command};
            fail(stage::start_tls, answer);
            return quit();
        case awaited::mail: return on_mail(answer);
        case awaited::rcpt: return on_rcpt(answer);
        case awaited::data: return on_data(answer);
        case awaited::final_dot: return on_final(answer);
        case awaited::rset:
            if (answer.code / 100 != 2) return quit();
            mail_open_ = false;
            return idle{};
        case awaited::quit: break;
    }
    return finish();
}

action client_engine::on_greeting(const reply& answer)
{
    if (answer.code == 220) return say_hello();
    fail(stage::greeting, answer);
    return quit();
}

action client_engine::on_ehlo(const reply& answer)
{
    if (answer.code != 250) {  // no HELO: without EHLO there is no STARTTLS
        fail(stage::hello, answer);
        return quit();
    }
    read_capabilities(answer);
    if (secured_ || policy_.tls == tls_policy::clear_tests) return begin_transaction();
    if (offered_.starttls) return send_text("STARTTLS\r\n", {awaited::starttls});
    outcome_.ec = delivery_errc::tls_unavailable;
    outcome_.where = stage::start_tls;
    decided_ = true;
    return quit();
}

void client_engine::read_capabilities(const reply& answer)
{
    offered_ = {};
    for (std::size_t i = 1; i < answer.lines.size(); ++i) {  // the first line is the peer's name
        cursor in(answer.lines[i]);
        const std::string_view keyword = in.take_until(' ');
        if (equals_ignoring_case(keyword, "STARTTLS")) offered_.starttls = true;
        if (equals_ignoring_case(keyword, "PIPELINING")) offered_.pipelining = true;
        if (equals_ignoring_case(keyword, "8BITMIME")) offered_.eight_bit_mime = true;
        if (equals_ignoring_case(keyword, "DSN")) offered_.dsn = true;
        if (!equals_ignoring_case(keyword, "SIZE")) continue;
        offered_.size = true;
        in.accept(' ');
        offered_.max_octets = in.accept_number(18).value_or(0);
    }
}

// All that was known before TLS is forgotten (RFC 3207 §4.2).
action client_engine::on_tls_ready()
{
    secured_ = true;
    offered_ = {};
    return say_hello();
}

action client_engine::on_mail(const reply& answer)
{
    mail_open_ = answer.code / 100 == 2;
    if (!mail_open_) fail(stage::mail, answer);
    if (!awaited_.empty()) return receive_next();
    return mail_open_ ? send_rcpt() : end_of_replies();
}

action client_engine::on_rcpt(const reply& answer)
{
    const bool accepted = answer.code / 100 == 2;
    if (!accepted) fail(stage::rcpt, answer);
    if (!awaited_.empty()) return receive_next();
    return accepted ? send_text("DATA\r\n", {awaited::data}) : end_of_replies();
}

action client_engine::on_data(const reply& answer)
{
    if (answer.code != 354) {
        fail(stage::data, answer);
        return end_of_replies();
    }
    awaited_.push_back(awaited::final_dot);
    // Pipelined, and the recipient was refused: the mail is not for anybody, so it is not sent (RFC 2920 §3.1).
    end_empty_ = decided_;
    writer_.emplace(end_empty_ ? std::string_view() : std::string_view(*mail_.bytes));
    const action first = send_piece();
    if (end_empty_) dot_sent_ = false;
    return first;
}

action client_engine::on_final(const reply& answer)
{
    writer_.reset();
    dot_sent_ = mail_open_ = false;
    if (end_empty_) return idle{};
    if (answer.code / 100 != 2) {
        fail(stage::final_reply, answer);
        return idle{};
    }
    outcome_ = {{}, stage::final_reply, answer.code, answer.enhanced(), answer.text()};
    decided_ = true;
    return idle{};
}

// The mail has failed and nothing more is to be answered.
action client_engine::end_of_replies()
{
    if (!mail_open_) return idle{};
    return send_text("RSET\r\n", {awaited::rset});
}

// The first refusal counts: those behind it follow from it.
void client_engine::fail(stage at, const reply& answer)
{
    if (std::exchange(decided_, true)) return;
    outcome_ = {classify(at, answer), at, answer.code, answer.enhanced(), answer.text()};
}

action client_engine::fail_and_finish(stage at, delivery_errc why)
{
    if (!std::exchange(decided_, true)) {
        outcome_ = {};
        outcome_.ec = dot_sent_ ? delivery_errc::reply_lost : why;
        outcome_.where = at;
    }
    return finish();
}

action client_engine::finish()
{
    done_ = closing_ = true;
    return finished{};
}

action client_engine::on_lost(loss why)
{
    if (done_) return finished{};
    const stage at = current_stage();
    stale_ = !decided_ && used_before_ && !answered_ && why == loss::closed;
    delivery_errc meaning = before_dot(why);
    // Alerts are about certificates only until the peer has answered under TLS.
    if (why == loss::tls_refused && at > stage::hello)
        meaning = at == stage::start_tls ? meaning : delivery_errc::connection_lost;
    return fail_and_finish(at, meaning);
}

stage client_engine::current_stage() const noexcept
{
    if (writer_ && !writer_->is_last()) return stage::body;
    switch (awaited_.empty() ? awaited::starttls : awaited_.front()) {
        case awaited::greeting: return stage::greeting;
        case awaited::ehlo: return stage::hello;
        case awaited::starttls: return stage::start_tls;
        case awaited::mail: return stage::mail;
        case awaited::rcpt: return stage::rcpt;
        case awaited::data: return stage::data;
        case awaited::final_dot: return stage::final_reply;
        case awaited::rset:
        case awaited::quit: break;
    }
    return stage::quit;
}
}
