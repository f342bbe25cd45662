#include "relay/smtp/engine/delivery_errc.hpp"

#include <array>
#include <string>

namespace relay::smtp {
namespace {
struct row {
    delivery_errc code;
    decision next;
    std::string_view cause;
    const char* text;
};
constexpr std::array<row, 28> table{{
    {delivery_errc::peer_unreachable, decision::retry_later, "PEER_DOWN", "no connection"},
    {delivery_errc::connection_lost, decision::retry_later, "PEER_DOWN", "connection lost before the final dot"},
    {delivery_errc::timed_out, decision::retry_later, "PEER_DOWN", "timed out before the final dot"},
    {delivery_errc::cancelled, decision::retry_later, "PEER_DOWN", "cancelled before the final dot"},
    {delivery_errc::reply_lost, decision::retry_later, "REPLY_LOST", "reply lost after the final dot"},
    {delivery_errc::protocol_error, decision::retry_later, "PEER_DOWN", "peer does not speak SMTP"},
    {delivery_errc::temporary_refusal, decision::retry_later, "PEER_DOWN", "temporary refusal"},
    {delivery_errc::mailbox_full_for_now, decision::retry_later, "MAILBOX_FULL", "mailbox full for now"},
    {delivery_errc::session_refused, decision::ask_operator, "PEER_DOWN", "peer refuses to talk to us"},
    {delivery_errc::tls_unavailable, decision::retry_later, "TLS_REFUSED", "peer offers no TLS"},
    {delivery_errc::tls_failed, decision::retry_later, "TLS_REFUSED", "TLS handshake failed"},
    {delivery_errc::tls_refused, decision::ask_operator, "TLS_REFUSED", "peer refuses our certificate"},
    {delivery_errc::certificate_untrusted, decision::ask_operator, "TLS_REFUSED", "peer certificate not accepted"},
    {delivery_errc::mailbox_unknown, decision::give_up, "NO_MAILBOX", "mailbox unknown"},
    {delivery_errc::mailbox_closed, decision::give_up, "CLOSED", "mailbox closed"},
    {delivery_errc::mailbox_full, decision::give_up, "MAILBOX_FULL", "mailbox full"},
    {delivery_errc::too_big, decision::give_up, "TOO_BIG", "too big for the peer"},
    {delivery_errc::content_refused, decision::give_up, "CONTENT_REFUSED", "content refused"},
    {delivery_errc::refused, decision::give_up, "CONTENT_REFUSED", "refused"},
    {delivery_errc::name_lookup_failed, decision::retry_later, "PEER_DOWN", "name look-up failed"},
    {delivery_errc::host_unknown, decision::retry_later, "PEER_DOWN", "mail host has no address"},
    {delivery_errc::domain_unknown, decision::give_up, "NO_MAILBOX", "no such mail domain"},
    {delivery_errc::domain_takes_no_mail, decision::give_up, "NO_MAILBOX", "domain takes no mail"},
    {delivery_errc::mail_loop, decision::ask_operator, "PEER_DOWN", "mail for the domain comes back to us"},
    {delivery_errc::auth_unavailable, decision::retry_later, "PEER_DOWN", "peer offers no authentication of ours"},
    {delivery_errc::auth_refused, decision::ask_operator, "PEER_DOWN", "peer refuses our credentials"},
    {delivery_errc::credentials_unreadable, decision::ask_operator, "PEER_DOWN", "our credentials are unusable"},
    {delivery_errc::not_sendable, decision::ask_operator, "CONTENT_REFUSED", "mail breaks a rule of SMTP"},
}};

const row* find(int code) noexcept
{
    for (const auto& one : table) {
        if (static_cast<int>(one.code) == code) return &one;
    }
    return nullptr;
}

class delivery_category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "smtp.delivery"; }
    std::string message(int code) const override
    {
        const row* found = find(code);
        return found != nullptr ? found->text : "unknown";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override
    {
        const row* found = find(code);
        return make_error_condition(found != nullptr ? found->next : decision::ask_operator);
    }
};

class decision_category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "smtp.decision"; }
    std::string message(int value) const override
    {
        switch (static_cast<decision>(value)) {
            case decision::retry_later: return "retry later";
            case decision::give_up: return "give up";
            case decision::ask_operator: break;
        }
        return "ask an operator";
    }
    // Errors of other rooms compare equal to ask_operator, since nobody has decided about them.
    bool equivalent(const boost::system::error_code& ec, int condition) const noexcept override
    {
        if (!ec) return false;
        if (ec.category() == delivery_category()) return ec.default_error_condition().value() == condition;
        return condition == static_cast<int>(decision::ask_operator);
    }
};

delivery_errc classify_enhanced(stage at, const enhanced_status& status, delivery_errc otherwise) noexcept
{
    const auto is = [&](int subject, int detail) { return status.subject == subject && status.detail == detail; };
    if (status.klass == 4) return is(2, 2) ? delivery_errc::mailbox_full_for_now : delivery_errc::temporary_refusal;
    if (is(1, 6) || is(2, 1)) return delivery_errc::mailbox_closed;
    if (is(2, 2)) return delivery_errc::mailbox_full;
    if (is(3, 4) || is(2, 3)) return delivery_errc::too_big;
    if (status.subject == 1 && at == stage::rcpt) return delivery_errc::mailbox_unknown;
    if (status.subject == 6) return delivery_errc::content_refused;
    if (status.subject == 7) return delivery_errc::content_refused;
    return otherwise;
}

delivery_errc classify_code(stage at, int code) noexcept
{
    switch (code) {
        case 452: return at == stage::rcpt ? delivery_errc::mailbox_full_for_now : delivery_errc::temporary_refusal;
        case 523: return delivery_errc::too_big;
        case 541:
        case 554: return delivery_errc::content_refused;
        case 550: return at == stage::rcpt ? delivery_errc::mailbox_unknown : delivery_errc::content_refused;
        case 552: return delivery_errc::mailbox_full;
        case 551:
        case 553: return at == stage::rcpt ? delivery_errc::mailbox_unknown : delivery_errc::refused;
        default: return code / 100 == 4 ? delivery_errc::temporary_refusal : delivery_errc::refused;
    }
}

// RFC 4954 §6; 500 to 504 and 538: the mechanism is not for us here, whatever EHLO said.
delivery_errc classify_auth(int code) noexcept
{
    if (code / 100 == 4) return delivery_errc::temporary_refusal;
    return (code >= 500 && code <= 504) || code == 534 || code == 538 ? delivery_errc::auth_unavailable
                                                                      : delivery_errc::auth_refused;
}
}

std::string_view cause_name(const boost::system::error_code& ec) noexcept
{
    const row* found = ec.category() == delivery_category() ? find(ec.value()) : nullptr;
    return found != nullptr ? found->cause : "UNKNOWN";
}

std::string_view name(stage at) noexcept
{
    constexpr std::array<std::string_view, 11> names{"connect", "greeting", "hello", "start_tls",   "auth", "mail",
                                                     "rcpt",    "data",     "body",  "final_reply", "quit"};
    return names[static_cast<std::size_t>(at)];
}

delivery_errc classify(stage at, const reply& answer) noexcept
{
    const int klass = answer.code / 100;
    if (klass != 4 && klass != 5) {  // a reply that has no place here; behind the dot it tells nothing about the mail
        return at == stage::final_reply ? delivery_errc::reply_lost : delivery_errc::protocol_error;
    }
    if (at == stage::auth) return classify_auth(answer.code);
    if (klass == 5 && answer.code == 530) return delivery_errc::tls_refused;  // wants more than the TLS we showed
    if (klass == 5 && at < stage::start_tls) return delivery_errc::session_refused;
    if (at == stage::start_tls) return delivery_errc::tls_unavailable;
    const auto by_code = classify_code(at, answer.code);
    const auto enhanced = answer.enhanced();
    return enhanced ? classify_enhanced(at, *enhanced, by_code) : by_code;
}

const boost::system::error_category& delivery_category() noexcept
{
    static const delivery_category_type one;
    return one;
}

const boost::system::error_category& decision_category() noexcept
{
    static const decision_category_type one;
    return one;
}
}
