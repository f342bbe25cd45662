// relay/imap/engine/action.hpp: what the IMAP server engine asks its driver to do next. Values; see server_engine.hpp.
#pragma once

#include <chrono>
#include <string_view>
#include <variant>

#include "relay/base/result.hpp"

namespace relay::imap {
enum class end_reason {
    logout,
    autologout,  // the client was silent too long (RFC 3501 §5.4)
    login_failures,
    bad_commands,               // one malformed command after the other
    oversized,                  // a line beyond the limit, or a literal nobody asked for
    plaintext_behind_starttls,  // somebody put commands between the client and TLS
    shutdown,
    lost  // the connection broke; `ec` says how
};

struct send {
    std::string_view bytes;  // valid until the next call of the engine
};
struct receive {
    std::chrono::seconds within;  // then on_timeout()
};
struct start_tls {};
struct wait {
    std::chrono::milliseconds time;  // zero: let others have the worker, then come back
};
struct finished {
    end_reason reason = end_reason::logout;
    error_code ec;
};
using action = std::variant<send, receive, start_tls, wait, finished>;
}
