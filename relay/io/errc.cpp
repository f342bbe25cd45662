#include "relay/io/errc.hpp"

#include <string>

namespace relay::io {
namespace {
class category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "io"; }
    std::string message(int code) const override
    {
        switch (static_cast<errc>(code)) {
            case errc::timed_out: return "timed out";
            case errc::closed_by_peer: return "closed by the peer";
            case errc::cancelled: return "cancelled";
            case errc::overloaded: return "too much waiting work";
            case errc::bad_address: return "not host:port";
            case errc::name_unknown: return "no such host";
            case errc::name_lookup_failed: return "name look-up failed";
            case errc::connect_failed: return "no connection";
            case errc::tls_failed: return "TLS handshake failed";
            case errc::certificate_untrusted: return "peer certificate not trusted";
            case errc::certificate_expired: return "peer certificate not valid now";
            case errc::name_mismatch: return "peer certificate of another host";
            case errc::tls_refused: return "TLS refused by the peer";
            case errc::bad_settings: return "certificate, key or anchors unusable";
            case errc::file_failed: return "file operation failed";
            case errc::too_large: return "too large";
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
