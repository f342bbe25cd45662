// certs/certificate.hpp: an X.509 certificate (RFC 5280) as a value, read once, cheap to copy, never changed.
// Input: PEM (other PEM blocks are skipped) or one DER certificate. Limits: certificate_limits.
// Errors: errc::malformed_certificate, no_certificate, too_large, unreadable_file. No input throws or is read past its
// end. Threads: safe to share.
#pragma once

#include "certs/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace certs {
namespace openssl {
struct certificate_handle;
}

enum class key_algorithm { rsa, ec_p256, ec_other, other };

// keyUsage, RFC 5280 §4.2.1.3: only what we decide on.
struct key_uses {
    bool restricted;  // false: the extension is absent, and everything below is true
    bool digital_signature;
    bool non_repudiation;
    bool key_encipherment;
    bool key_agreement;
};

class certificate {
public:
    [[nodiscard]] const std::string& subject() const noexcept;  // RFC 2253 form, for operators
    [[nodiscard]] const std::string& issuer() const noexcept;
    [[nodiscard]] const std::string& serial() const noexcept;  // hexadecimal, lower case
    [[nodiscard]] const std::string& sha256() const noexcept;  // of the DER form: 64 hexadecimal digits, lower case
    [[nodiscard]] std::chrono::sys_seconds not_before() const noexcept;
    [[nodiscard]] std::chrono::sys_seconds not_after() const noexcept;
    [[nodiscard]] const std::vector<std::string>& email_addresses() const noexcept;  // SAN rfc822Name, as written
    [[nodiscard]] const std::vector<std::string>& dns_names() const noexcept;        // SAN dNSName, as written
    [[nodiscard]] key_algorithm algorithm() const noexcept;
    [[nodiscard]] unsigned key_bits() const noexcept;
    [[nodiscard]] key_uses uses() const noexcept;
    // extendedKeyUsage as dotted OIDs, RFC 5280 §4.2.1.12; empty: absent, so any.
    [[nodiscard]] const std::vector<std::string>& extended_uses() const noexcept;
    [[nodiscard]] const std::string& der() const noexcept;
    [[nodiscard]] std::string pem() const;

    // For certs/ and the source files of its users: see certs/openssl/handles.hpp. Lives as long as the value.
    [[nodiscard]] const openssl::certificate_handle& handle() const noexcept;

    // The same certificate, byte for byte.
    friend bool operator==(const certificate& a, const certificate& b) noexcept { return a.sha256() == b.sha256(); }

private:
    struct state;
    explicit certificate(std::shared_ptr<const state> read) : state_(std::move(read)) {}
    friend struct certificate_reader;
    std::shared_ptr<const state> state_;
};

struct certificate_limits {
    std::size_t max_octets = 1024 * 1024;  // of the whole input
    std::size_t max_certificates = 1000;
};

// At least one certificate, in the order of the input; one that does not read fails them all.
[[nodiscard]] result<std::vector<certificate>> read_certificates(std::string_view pem_or_der,
                                                                 const certificate_limits& limits = {});
// The first one: a file that goes on with its issuers is a usual form.
[[nodiscard]] result<certificate> read_certificate(std::string_view pem_or_der, const certificate_limits& limits = {});
[[nodiscard]] result<std::vector<certificate>> load_certificates(const std::filesystem::path& file,
                                                                 const certificate_limits& limits = {});
}
