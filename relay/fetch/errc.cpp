#include "relay/fetch/errc.hpp"

#include <string>

namespace relay::fetch {
namespace {
class category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "fetch"; }
    std::string message(int code) const override
    {
        switch (static_cast<errc>(code)) {
            case errc::protocol_error: return "server does not speak IMAP as expected";
            case errc::response_too_large: return "response over the limits";
            case errc::server_closing: return "server says goodbye";
            case errc::tls_unavailable: return "server offers no usable STARTTLS";
            case errc::login_unavailable: return "server does not offer our way to log in";
            case errc::login_refused: return "login refused";
            case errc::mailbox_refused: return "mailbox cannot be opened";
            case errc::mailbox_read_only: return "mailbox is read-only";
            case errc::command_refused: return "server refused a command";
            case errc::mail_missing: return "a listed mail was not given";
            case errc::not_stored: return "no room on this node for now";
        }
        return "unknown";
    }
};
}

const boost::system::error_category& category() noexcept
{
    static const category_type one;
    return one;
}
}
