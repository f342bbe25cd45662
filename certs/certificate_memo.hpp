// certs/certificate_memo.hpp: remembers certificates by their bytes, so that one that comes with every letter is read
// once. Reading one costs as much as signing with it does: OpenSSL decodes its key through a chain of providers.
// Nothing is decided here: chain, validity and use are checked by the caller each time. Certificates are public.
// Bounded: when it is full it begins again. Threads: safe to share.
#pragma once

#include "certs/certificate.hpp"

#include <map>
#include <mutex>

namespace certs {
class certificate_memo {
public:
    explicit certificate_memo(std::size_t max_certificates = 2048) : max_(max_certificates) {}

    // What read_certificate gives; errors are not remembered.
    [[nodiscard]] result<certificate> read(std::string_view pem_or_der);
    [[nodiscard]] std::size_t size() const;

private:
    const std::size_t max_;
    mutable std::mutex mutex_;
    std::map<std::string, certificate, std::less<>> known_;
};
}
