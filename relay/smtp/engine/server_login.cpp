// AUTH of the server's dialogue (RFC 4954): PLAIN (RFC 4616) and EXTERNAL (RFC 4422 appendix A), under TLS only.
#include <string.h>

#include <utility>

#include "mime/text/base64.hpp"
#include "relay/smtp/engine/server_engine.hpp"
#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
using action = server_engine::action;

namespace {
void wipe(std::string& secret)
{
    explicit_bzero(secret.data(), secret.size());
    secret.clear();
}
}

server_engine::~server_engine()
{
    wipe(credentials_);
}

void server_engine::on_auth(std::string_view argument)
{
    if (policy_.logins == logins::none) return refuse("502 5.5.1 not implemented");
    if (!extended_) return refuse("503 5.5.1 EHLO first");
    if (!login_.empty()) return refuse("503 5.5.1 logged in already");
    if (from_) return refuse("503 5.5.1 not inside a mail");
    const std::size_t blank = argument.find(' ');
    const std::string_view name = argument.substr(0, blank);
    if (equals_ignoring_case(name, "PLAIN"))
        mechanism_ = check_login::mechanism::plain;
    else if (equals_ignoring_case(name, "EXTERNAL") && has_certificate_)
        mechanism_ = check_login::mechanism::external;
    else
        return refuse("504 5.5.4 mechanism not known");
    if (blank != argument.npos) {
        const std::string_view initial = argument.substr(blank + 1);
        return read_login(initial == "=" ? "" : initial);
    }
    in_login_ = true;
    say("334 ");
}

void server_engine::on_login_line(std::string_view line)
{
    if (line == "*") return refuse("501 5.7.0 AUTH given up");
    read_login(line);
}

// credentials_: "user NUL password", or for EXTERNAL the identity asked for.
void server_engine::read_login(std::string_view base64)
{
    auto decoded = mime::base64_decode(base64);
    if (decoded.has_error()) return refuse("501 5.5.2 not base64");
    std::string& text = *decoded;
    if (mechanism_ == check_login::mechanism::plain) {  // [authzid] NUL authcid NUL passwd
        const std::size_t first = text.find('\0');
        const std::size_t second = first == text.npos ? first : text.find('\0', first + 1);
        if (second == text.npos || text.find('\0', second + 1) != text.npos) {
            wipe(text);
            return refuse("501 5.5.2 not a PLAIN message");
        }
        const std::string_view identity = std::string_view(text).substr(0, first);
        if (!identity.empty() && identity != std::string_view(text).substr(first + 1, second - first - 1)) {
            wipe(text);
            return refuse_login("535 5.7.8 acting for another user is refused");
        }
        credentials_ = text.substr(first + 1);
        wipe(text);
    } else {
        if (text.find('\0') != text.npos) return refuse("501 5.5.2 not an EXTERNAL message");
        credentials_ = text;
        wipe(text);
    }
    waiting_ = waiting::login;
}

action server_engine::on_login_checked(login_check verdict, std::string address)
{
    waiting_ = waiting::nothing;
    wipe(credentials_);
    switch (verdict) {
        case login_check::accepted:
            login_ = std::move(address);
            say("235 2.7.0 welcome");
            break;
        case login_check::refused: refuse_login("535 5.7.8 user or password refused"); break;
        case login_check::unavailable: refuse("454 4.7.0 login is not possible now, try again later"); break;
    }
    return next();
}

void server_engine::refuse_login(std::string_view reply_line)
{
    ++failed_logins_;
    refuse(reply_line);
    if (closing_) return;
    if (ask_gate(rated::refused_login) == gate::shut || failed_logins_ >= policy_.limits.max_failed_logins)
        close("421 4.7.0 too many refused logins", session_end::too_many_logins);
}
}
