#include "relay/pipeline/evidence.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace relay::pipeline {
namespace {
using enum delivery_errc;
using mime::report::enhanced_status;

// --- what an attempt came to, its cause and what comes next ---------------------------------------------------------
struct finding {
    delivery_errc code;
    cause why;
    next_step next;
    site_effect site;
    const char* text;
};
constexpr auto retry = next_step::retry;
constexpr auto fail = next_step::fail;
constexpr auto tell = next_step::tell;
constexpr auto none = site_effect::none;
constexpr auto worked = site_effect::worked;
constexpr auto unreachable = site_effect::unreachable;
constexpr std::array<finding, 31> findings{{
    {peer_unreachable, cause::peer_down, retry, unreachable, "no connection"},
    {connection_lost, cause::peer_down, retry, unreachable, "connection lost before the final dot"},
    {timed_out, cause::peer_down, retry, unreachable, "timed out before the final dot"},
    {cancelled, cause::peer_down, retry, none, "cancelled before the final dot"},
    {reply_lost, cause::reply_lost, retry, unreachable, "reply lost after the final dot"},
    {protocol_error, cause::peer_down, retry, unreachable, "peer does not speak SMTP"},
    {temporary_refusal, cause::peer_down, retry, worked, "temporary refusal"},
    {peer_overloaded, cause::peer_down, retry, site_effect::pushed_back, "peer asks for less"},
    {mailbox_full_for_now, cause::mailbox_full, retry, worked, "mailbox full for now"},
    {session_refused, cause::peer_down, tell, unreachable, "peer refuses to talk to us"},
    {tls_unavailable, cause::tls_refused, retry, unreachable, "peer offers no TLS"},
    {tls_failed, cause::tls_refused, retry, unreachable, "TLS handshake failed"},
    {tls_refused, cause::tls_refused, tell, unreachable, "peer refuses our certificate"},
    {certificate_untrusted, cause::tls_refused, tell, unreachable, "peer certificate not accepted"},
    {mailbox_unknown, cause::no_mailbox, fail, worked, "mailbox unknown"},
    {mailbox_closed, cause::closed, fail, worked, "mailbox closed"},
    {mailbox_full, cause::mailbox_full, fail, worked, "mailbox full"},
    {too_big, cause::too_big, fail, worked, "too big for the peer"},
    {content_refused, cause::content_refused, fail, worked, "content refused"},
    {refused, cause::unknown, fail, worked, "refused"},
    {name_lookup_failed, cause::peer_down, retry, unreachable, "name look-up failed"},
    {host_unknown, cause::peer_down, retry, unreachable, "mail host has no address"},
    {domain_unknown, cause::no_mailbox, fail, none, "no such mail domain"},
    {domain_takes_no_mail, cause::no_mailbox, fail, none, "domain takes no mail"},
    {mail_loop, cause::peer_down, tell, none, "mail for the domain comes back to us"},
    {auth_unavailable, cause::peer_down, retry, unreachable, "peer offers no authentication of ours"},
    {auth_refused, cause::peer_down, tell, unreachable, "peer refuses our credentials"},
    {credentials_unreadable, cause::peer_down, tell, unreachable, "our credentials are unusable"},
    {not_sendable, cause::content_refused, tell, none, "mail breaks a rule of SMTP"},
    {gave_up_beyond, cause::expired, fail, none, "given up by the next operator"},
    {unreachable_beyond, cause::peer_down, fail, none, "mailbox not reachable for the next operator"},
}};

constexpr bool is_in_order()
{
    for (std::size_t at = 0; at < findings.size(); ++at)
        if (findings[at].code != static_cast<delivery_errc>(at + 1)) return false;
    return findings.back().code == unreachable_beyond;
}
static_assert(is_in_order());

const finding* find(const boost::system::error_code& ec) noexcept
{
    const auto index = static_cast<std::size_t>(ec.value()) - 1;
    return ec.category() == delivery_category() && index < findings.size() ? &findings[index] : nullptr;
}

// --- what a reply came to: the first row that fits ------------------------------------------------------------------
constexpr int any = -1;
constexpr int said = -2;  // any value, but there is an enhanced code
struct reply_rule {
    stage first, last;
    int klass, subject, detail;  // of the enhanced code; the class is the reply's where it has none
    int code_first, code_last;
    delivery_errc what;
};
using enum stage;
constexpr reply_rule enhanced(stage first, stage last, int klass, int subject, int detail, delivery_errc what)
{
    return {first, last, klass, subject, detail, any, any, what};
}
constexpr reply_rule by_code(stage first, stage last, int code_first, int code_last, delivery_errc what)
{
    return {first, last, any, any, any, code_first, code_last, what};
}
constexpr std::array reply_rules{
    // The session: nothing was said yet about the letter.
    by_code(auth, auth, 421, 421, peer_overloaded), by_code(auth, auth, 400, 499, temporary_refusal),
    by_code(auth, auth, 500, 504, auth_unavailable),  // the mechanism is not for us here, whatever EHLO said
    by_code(auth, auth, 534, 534, auth_unavailable), by_code(auth, auth, 538, 538, auth_unavailable),
    by_code(auth, auth, 500, 599, auth_refused),
    by_code(connect, quit, 530, 530, tls_refused),  // wants more than the TLS we showed
    by_code(connect, hello, 500, 599, session_refused), by_code(start_tls, start_tls, 400, 599, tls_unavailable),
    // For now.
    by_code(connect, quit, 421, 421, peer_overloaded), enhanced(connect, quit, 4, 3, 2, peer_overloaded),
    enhanced(connect, quit, 4, 7, any, peer_overloaded), enhanced(connect, report, 4, 2, 2, mailbox_full_for_now),
    enhanced(report, report, 4, 4, 7, gave_up_beyond), enhanced(report, report, 4, 4, any, unreachable_beyond),
    enhanced(connect, report, 4, said, any, temporary_refusal), by_code(rcpt, report, 422, 422, mailbox_full_for_now),
    by_code(rcpt, report, 452, 452, mailbox_full_for_now), by_code(connect, report, 400, 499, temporary_refusal),
    // For good, by enhanced code.
    enhanced(mail, report, 5, 1, 6, mailbox_closed), enhanced(mail, report, 5, 2, 1, mailbox_closed),
    enhanced(mail, report, 5, 2, 2, mailbox_full), enhanced(mail, report, 5, 2, 3, too_big),
    enhanced(mail, report, 5, 3, 4, too_big),
    enhanced(mail, report, 5, 1, 7, content_refused),  // the sender's address, not the recipient's
    enhanced(mail, report, 5, 1, 8, content_refused), enhanced(rcpt, report, 5, 1, any, mailbox_unknown),
    enhanced(report, report, 5, 4, 7, gave_up_beyond), enhanced(report, report, 5, 4, any, unreachable_beyond),
    enhanced(mail, report, 5, 6, any, content_refused), enhanced(mail, report, 5, 7, any, content_refused),
    // For good, by the code alone, or where the enhanced one says nothing known.
    by_code(mail, report, 523, 523, too_big),
    by_code(mail, mail, 552, 552, too_big),  // an answer to SIZE (RFC 1870 §6.1): no mailbox is known yet
    by_code(mail, report, 552, 552, mailbox_full), by_code(mail, report, 541, 541, content_refused),
    by_code(mail, report, 554, 554, content_refused), by_code(rcpt, rcpt, 550, 551, mailbox_unknown),
    by_code(rcpt, rcpt, 553, 553, mailbox_unknown), by_code(rcpt, rcpt, 510, 513, mailbox_unknown),
    by_code(report, report, 550, 551, mailbox_unknown), by_code(report, report, 553, 553, mailbox_unknown),
    by_code(report, report, 510, 513, mailbox_unknown), by_code(mail, report, 550, 550, content_refused),
    by_code(mail, report, 556, 556, domain_takes_no_mail),  // RFC 7504
};

bool fits(const reply_rule& rule, stage at, int code, const std::optional<enhanced_status>& status) noexcept
{
    if (at < rule.first || at > rule.last) return false;
    if (rule.code_first != any) return code >= rule.code_first && code <= rule.code_last;
    if (!status || status->klass != rule.klass) return false;
    return (rule.subject < 0 || status->subject == rule.subject) && (rule.detail < 0 || status->detail == rule.detail);
}

class delivery_category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "delivery"; }
    std::string message(int code) const override
    {
        const finding* found = find({code, *this});
        return found != nullptr ? found->text : "unknown";
    }
    boost::system::error_condition default_error_condition(int code) const noexcept override
    {
        const finding* found = find({code, *this});
        return make_error_condition(found != nullptr ? found->next : next_step::tell);
    }
};

class next_step_category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "next step"; }
    std::string message(int value) const override { return std::string(pipeline::name(static_cast<next_step>(value))); }
    // Errors of other rooms compare equal to `tell`, since nobody has decided about them.
    bool equivalent(const boost::system::error_code& ec, int condition) const noexcept override
    {
        if (!ec) return false;
        if (ec.category() == delivery_category()) return ec.default_error_condition().value() == condition;
        return condition == static_cast<int>(next_step::tell);
    }
};
}

std::string_view name(stage at) noexcept
{
    constexpr std::array<std::string_view, 12> names{"connect", "greeting", "hello", "start_tls",   "auth", "mail",
                                                     "rcpt",    "data",     "body",  "final_reply", "quit", "report"};
    return names[static_cast<std::size_t>(at)];
}

delivery_errc classify(stage at, int code, const std::optional<enhanced_status>& status) noexcept
{
    const int klass = code != 0 || !status ? code / 100 : status->klass;
    if (klass != 4 && klass != 5) {  // a reply that has no place here; behind the dot it tells nothing about the mail
        return at == report ? refused : at == final_reply ? reply_lost : protocol_error;
    }
    const auto* const rule = std::find_if(reply_rules.begin(), reply_rules.end(),
                                          [&](const reply_rule& one) { return fits(one, at, code, status); });
    if (rule != reply_rules.end()) return rule->what;
    return klass == 4 ? temporary_refusal : refused;
}

cause cause_of(const boost::system::error_code& ec) noexcept
{
    const finding* found = find(ec);
    return found != nullptr ? found->why : cause::unknown;
}

site_effect effect_of(const boost::system::error_code& ec) noexcept
{
    if (!ec) return site_effect::worked;
    const finding* found = find(ec);
    return found != nullptr ? found->site : site_effect::none;
}

const boost::system::error_category& delivery_category() noexcept
{
    static const delivery_category_type one;
    return one;
}

const boost::system::error_category& next_step_category() noexcept
{
    static const next_step_category_type one;
    return one;
}
}
