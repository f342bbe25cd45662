// relay/io/certificate_facts.hpp: texts about a certificate, for this room's own sources.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

namespace relay::io {
// Of the DER, 64 lower-case hex digits; "" for none.
[[nodiscard]] std::string certificate_sha256(const X509* certificate);
[[nodiscard]] std::string octets_sha256(std::string_view octets);  // 64 lower-case hex digits
// RFC 2253 text of the subject, at most 512 octets, printable ASCII; "" for none.
[[nodiscard]] std::string certificate_subject(const X509* certificate);
// subjectAltName rfc822Name, as written, without those that hold a control character; none of the subject.
[[nodiscard]] std::vector<std::string> certificate_emails(const X509* certificate);
}
