// relay/pipeline/ports/sender_logins.hpp: who may submit mail, and under which address (RFC 6409 §4.3, §6.1). The
// pipeline implements it over the accounts; the SMTP server asks. Threads: worker threads, several at once; may block
// (SQL, argon2id). Never throws for what a peer can cause.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace relay::pipeline::ports {
struct login_answer {
    enum class verdict {
        refused,      // takes as long for an unknown user as for a wrong password
        unavailable,  // too many at once, or the store does not answer
        accepted
    } said = verdict::refused;
    std::string address;  // of the account; set when accepted
};

class sender_logins {
public:
    virtual ~sender_logins() = default;
    [[nodiscard]] virtual login_answer by_password(std::string_view user, std::string_view password) = 0;
    // `emails`: SAN rfc822Name of a verified client certificate. Exactly one account must be meant: by `identity`
    // (an address of the certificate), or, if that is empty, by the certificate alone.
    [[nodiscard]] virtual login_answer by_certificate(std::span<const std::string> emails,
                                                      std::string_view identity) = 0;
};
}
