#include "relay/smtp/engine/client_engine.hpp"

#include <openssl/crypto.h>

#include "relay/smtp/wire/text.hpp"

// The session up to the first mail: greeting, EHLO, TLS, AUTH.
namespace relay::smtp {
using action = client_engine::action;

action client_engine::say_hello()
{
    return send_text("EHLO " + policy_.helo_name + "\r\n", {awaited::ehlo});
}

action client_engine::on_greeting(const reply& answer)
{
    greeted_ = true;
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
    if (secured_ || policy_.tls == tls_policy::clear_tests) return policy_.login ? log_in() : begin_transaction();
    if (offered_.starttls) return send_text("STARTTLS\r\n", {awaited::starttls});
    return close_with(stage::start_tls, delivery_errc::tls_unavailable);
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
        if (equals_ignoring_case(keyword, "CHUNKING")) offered_.chunking = true;
        if (equals_ignoring_case(keyword, "BINARYMIME")) offered_.binary_mime = true;
        if (equals_ignoring_case(keyword, "DSN")) offered_.dsn = true;
        if (equals_ignoring_case(keyword, "AUTH")) {
            while (in.accept(' ')) {
                const std::string_view mechanism = in.take_until(' ');
                if (equals_ignoring_case(mechanism, "PLAIN")) offered_.plain = true;
                if (equals_ignoring_case(mechanism, "XOAUTH2")) offered_.xoauth2 = true;
            }
        }
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
    if (greeted_) return say_hello();
    awaited_ = {awaited::greeting};
    return receive_next();
}

// With the response at once where the line stays within 512 octets (RFC 4954 §4), behind an empty challenge otherwise.
action client_engine::log_in()
{
    const sasl_login& login = *policy_.login;
    if (!secured_) return close_with(stage::auth, delivery_errc::auth_unavailable);
    if (login.response.empty()) return close_with(stage::auth, delivery_errc::credentials_unreadable);
    if (login.mechanism == sasl_mechanism::plain ? !offered_.plain : !offered_.xoauth2)
        return close_with(stage::auth, delivery_errc::auth_unavailable);
    constexpr std::size_t max_command_octets = 512;
    std::string line = "AUTH " + std::string(name(login.mechanism));
    login_said_ = line.size() + 1 + login.response.size() + 2 <= max_command_octets;
    if (!login_said_) return send_text(line + "\r\n", {awaited::auth});
    line.reserve(max_command_octets);  // growing would leave copies of the secret
    return send_secret(std::move(line.append(1, ' ').append(login.response).append("\r\n")));
}

action client_engine::send_secret(std::string text)
{
    action next = send_text(std::move(text), {awaited::auth});
    out_is_secret_ = true;
    return next;
}

action client_engine::on_auth(const reply& answer)
{
    if (answer.code == 235) {
        forget_login();
        return begin_transaction();
    }
    if (answer.code != 334 || login_ended_) {
        fail(stage::auth, answer);
        return quit();
    }
    if (!std::exchange(login_said_, true)) {
        std::string line;
        line.reserve(policy_.login->response.size() + 2);
        return send_secret(std::move(line.append(policy_.login->response).append("\r\n")));
    }
    // XOAUTH2 tells a refusal in a challenge, to be answered by nothing; PLAIN knows no second one, so it is cancelled.
    login_ended_ = true;
    return send_text(policy_.login->mechanism == sasl_mechanism::xoauth2 ? "\r\n" : "*\r\n", {awaited::auth});
}

void client_engine::forget_login() noexcept
{
    if (policy_.login) OPENSSL_cleanse(policy_.login->response.data(), policy_.login->response.size());
    policy_.login.reset();
}

void client_engine::forget_sent_secret() noexcept
{
    if (std::exchange(out_is_secret_, false)) OPENSSL_cleanse(out_.data(), out_.size());
}
}
