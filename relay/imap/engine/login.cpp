// LOGIN and AUTHENTICATE PLAIN (RFC 3501 §6.2.2, §6.2.3; RFC 4616; RFC 4959). Failures are delayed, more each time, and
// counted.
#include <string.h>

#include "mime/text/base64.hpp"
#include "relay/imap/engine/server_engine.hpp"

namespace relay::imap {
void server_engine::log_in(const std::string& tag, std::string_view user, std::string_view password)
{
    auto account = accounts_.authenticate(user, password);
    if (account.has_value()) {
        account_ = std::move(*account);
        reader_.set_limits(limits_.after_login);
        answer(tag, "OK [CAPABILITY " + capabilities() + "] Logged in");
        return;
    }
    if (account.error() != pipeline::ports::mailbox_errc::credentials_refused) {
        answer(tag, "NO [UNAVAILABLE] Login is not possible now, try again later");
        return;
    }
    refuse_login(tag, "NO [AUTHENTICATIONFAILED] User or password refused");
}

void server_engine::refuse_login(const std::string& tag, std::string_view text)
{
    ++failed_logins_;
    bad_commands_ = 0;
    pausing_ = limits_.failed_login_delay * failed_logins_;
    after_pause_ = tag + ' ' + std::string(text);
}

void server_engine::run_authenticate(const command& asked)
{
    const auto& given = std::get<authenticate_arguments>(asked.arguments);
    if (given.mechanism != "PLAIN") {
        answer(asked.tag, "NO [CANNOT] Mechanism not supported");
        return;
    }
    if (given.initial_response) {
        check_plain(asked.tag, *given.initial_response == "=" ? "" : *given.initial_response);
        return;
    }
    sasl_ = sasl_exchange{asked.tag};
    say("+ ");
}

void server_engine::on_sasl_line(std::string_view line)
{
    const std::string tag = std::move(sasl_->tag);
    sasl_.reset();
    if (line == "*")
        bad(tag, "AUTHENTICATE cancelled");
    else
        check_plain(tag, line);
}

// RFC 4616: [authzid] NUL authcid NUL passwd.
void server_engine::check_plain(const std::string& tag, std::string_view base64)
{
    auto decoded = mime::base64_decode(base64);
    if (decoded.has_error()) {
        bad(tag, "Invalid base64");
        return;
    }
    const std::string_view text = *decoded;
    const auto first = text.find('\0');
    const auto second = first == std::string_view::npos ? first : text.find('\0', first + 1);
    if (second == std::string_view::npos || text.find('\0', second + 1) != std::string_view::npos) {
        bad(tag, "Invalid PLAIN message");
    } else {
        const auto identity = text.substr(0, first);
        const auto user = text.substr(first + 1, second - first - 1);
        if (!identity.empty() && identity != user)
            refuse_login(tag, "NO [AUTHORIZATIONFAILED] Acting for another user is refused");
        else
            log_in(tag, user, text.substr(second + 1));
    }
    explicit_bzero(decoded->data(), decoded->size());
}
}
