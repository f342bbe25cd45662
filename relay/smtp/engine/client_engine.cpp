#include "relay/smtp/engine/client_engine.hpp"

#include <utility>

// The dialogue: what is awaited, what a reply leads to, what a loss means.
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

// The peer is out of step, and so would be every later reply.
bool ends_dialogue(const error_code& ec)
{
    return ec == make_error_code(delivery_errc::protocol_error) || ec == make_error_code(delivery_errc::reply_lost);
}
}

client_engine::~client_engine()
{
    forget_login();
    forget_sent_secret();
}

action client_engine::start(outgoing_mail mail)
{
    mail_ = std::move(mail);
    if (policy_.tls == tls_policy::implicit) return start_tls{policy_.timeouts.command};
    awaited_ = {awaited::greeting};
    return receive_next();
}

action client_engine::next_transaction(outgoing_mail mail)
{
    mail_ = std::move(mail);
    outcome_ = {};
    decided_ = answered_ = stale_ = dot_sent_ = end_empty_ = again_ = false;
    used_before_ = true;
    return begin_transaction();
}

action client_engine::quit()
{
    decided_ = true;
    return send_text("QUIT\r\n", {awaited::quit});
}

action client_engine::close_with(stage at, delivery_errc why)
{
    outcome_ = {};
    outcome_.ec = why;
    outcome_.where = at;
    return quit();
}

action client_engine::send_text(std::string text, std::initializer_list<awaited> replies)
{
    out_ = std::move(text);
    awaited_.insert(awaited_.end(), replies);
    return send{out_, policy_.timeouts.command};
}

action client_engine::on_sent()
{
    forget_sent_secret();
    if (done_) return finished{};
    if (is_sending_body()) return chunk_ ? send_chunk() : send_piece();
    return receive_next();
}

action client_engine::receive_next()
{
    const auto& t = policy_.timeouts;
    switch (awaited_.empty() ? awaited::quit : awaited_.front()) {
        case awaited::greeting: return receive{t.greeting, replies_taken_};
        case awaited::data: return receive{t.data_start, replies_taken_};
        case awaited::final_dot: return receive{t.data_end, replies_taken_};
        case awaited::quit: return receive{t.quit, replies_taken_};
        default: return receive{t.command, replies_taken_};
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
        ++replies_taken_;
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
    const bool first = !answered_ && what == awaited::mail;
    if (what >= awaited::mail && what <= awaited::final_dot) answered_ = true;
    if (answer.code == 421 && what != awaited::quit) {  // the peer closes, whatever was asked (RFC 5321 §3.8)
        stale_ = first && used_before_;                 // it had tired of waiting for a mail
        fail(current_stage(), answer);
        return finish();
    }
    awaited_.pop_front();
    action next = answer_to(what, answer);
    return decided_ && ends_dialogue(outcome_.ec) ? finish() : next;
}

action client_engine::answer_to(awaited what, const reply& answer)
{
    switch (what) {
        case awaited::greeting: return on_greeting(answer);
        case awaited::ehlo: return on_ehlo(answer);
        case awaited::starttls:
            if (answer.code == 220) return start_tls{policy_.timeouts.command};
            fail(stage::start_tls, answer);
            return quit();
        case awaited::auth: return on_auth(answer);
        case awaited::mail: return on_mail(answer);
        case awaited::rcpt: return on_rcpt(answer);
        case awaited::data: return on_data(answer);
        case awaited::final_dot: return on_final(answer);
        case awaited::rset:
            if (answer.code / 100 != 2) return again_ ? close_with(stage::mail, delivery_errc::protocol_error) : quit();
            mail_open_ = false;
            return end_of_mail();
        case awaited::quit: break;
    }
    return finish();
}

// The first refusal counts: those behind it follow from it.
void client_engine::fail(stage at, const reply& answer)
{
    if (std::exchange(decided_, true)) return;
    outcome_ = {pipeline::classify(at, answer.code, answer.enhanced()),
                at,
                answer.code,
                answer.enhanced(),
                answer.text(),
                false};
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
    done_ = true;
    return finished{};
}

action client_engine::on_lost(loss why)
{
    if (done_) return finished{};
    const stage at = current_stage();
    stale_ = !decided_ && used_before_ && !answered_ && why == loss::closed;
    delivery_errc meaning = before_dot(why);
    // Alerts are about certificates only until the peer has answered under TLS.
    if (why == loss::tls_refused && at > stage::start_tls) meaning = delivery_errc::connection_lost;
    return fail_and_finish(at, meaning);
}

stage client_engine::current_stage() const noexcept
{
    if (is_sending_body()) return stage::body;
    switch (awaited_.empty() ? awaited::starttls : awaited_.front()) {
        case awaited::greeting: return stage::greeting;
        case awaited::ehlo: return stage::hello;
        case awaited::starttls: return stage::start_tls;
        case awaited::auth: return stage::auth;
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
