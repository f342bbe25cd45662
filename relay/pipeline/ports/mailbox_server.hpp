// relay/pipeline/ports/mailbox_server.hpp: another server that keeps the mailboxes of our domains, on this machine
// (LMTP, RFC 2033). relay/smtp implements it. Threads: worker threads, several at once; blocks until the server answers
// or its time is over. Never throws for what a peer can cause.
#pragma once

#include <string>
#include <string_view>

namespace relay::pipeline::ports {
struct mailbox_reply {
    int code = 0;                 // of the server; 0: none came, and the mail may have been stored all the same
    std::string enhanced_status;  // RFC 3463, "2.1.5"; may be empty
    [[nodiscard]] bool is_positive() const noexcept { return code / 100 == 2; }
    [[nodiscard]] bool is_permanent() const noexcept { return code / 100 == 5; }
};

class mailbox_server {
public:
    virtual ~mailbox_server() = default;
    // Would it take mail for this address? Nothing is delivered.
    [[nodiscard]] virtual mailbox_reply check(std::string_view address) = 0;
    // Positive: the server has stored it, for good.
    [[nodiscard]] virtual mailbox_reply deliver(std::string_view reverse_path, std::string_view address,
                                                std::string_view message) = 0;
};
}
