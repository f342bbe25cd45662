#include "certs/certificate.hpp"

#include "certs/errc.hpp"
#include "certs/file.hpp"
#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <optional>

namespace certs {
using openssl::take_error;

struct certificate::state {
    openssl::certificate_handle handle;
    std::string subject, issuer, serial, sha256, der;
    std::chrono::sys_seconds not_before, not_after;
    std::vector<std::string> email_addresses, dns_names, extended_uses;
    key_algorithm algorithm = key_algorithm::other;
    unsigned key_bits = 0;
    key_uses uses{};
};

namespace {
std::string hex(const unsigned char* octets, std::size_t size)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * size);
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[octets[i] >> 4];
        text += digits[octets[i] & 15];
    }
    return text;
}

std::string name_text(const X509_NAME* name)
{
    const openssl::bio_ptr sink = openssl::writing();
    if (!sink || X509_NAME_print_ex(sink.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
    return std::string(openssl::written(*sink));
}

std::string text_of(const ASN1_STRING* value)
{
    // A NUL inside a name is an old trick to make "good\0.evil" compare equal; the length is kept, so it never does.
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
            static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string oid_text(const ASN1_OBJECT* oid)
{
    std::array<char, 128> text{};
    const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), oid, 1);
    return size > 0 && static_cast<std::size_t>(size) < text.size() ? std::string(text.data()) : std::string();
}

// X509_get_ext_d2i: null with -1 when absent, which is fine, or -2 when repeated and other values when it does not
// decode.
constexpr int extension_absent = -1;
}

struct certificate_reader {
    static result<certificate> read(openssl::x509_ptr x509);

private:
    static bool read_identity(certificate::state& to, X509* x509);
    static bool read_names(certificate::state& to, const X509* x509);
    static bool read_uses(certificate::state& to, X509* x509);
    static bool read_key(certificate::state& to, const X509* x509);
};

bool certificate_reader::read_identity(certificate::state& to, X509* x509)
{
    unsigned char* raw = nullptr;
    const int size = i2d_X509(x509, &raw);
    const openssl::octets_ptr der(raw);
    if (size <= 0) return false;
    to.der.assign(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
    std::array<unsigned char, 32> digest{};
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, raw, static_cast<std::size_t>(size), digest.data(), nullptr) != 1)
        return false;
    to.sha256 = hex(digest.data(), digest.size());
    const ASN1_INTEGER* serial = X509_get0_serialNumber(x509);
    to.serial = hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
    to.subject = name_text(X509_get_subject_name(x509));
    to.issuer = name_text(X509_get_issuer_name(x509));
    const auto from = openssl::instant(X509_get0_notBefore(x509));
    const auto until = openssl::instant(X509_get0_notAfter(x509));
    if (!from || !until) return false;
    to.not_before = *from;
    to.not_after = *until;
    return true;
}

bool certificate_reader::read_names(certificate::state& to, const X509* x509)
{
    int status = extension_absent;
    const openssl::general_names_ptr names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, &status, nullptr)));
    if (!names) return status == extension_absent;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_EMAIL) to.email_addresses.push_back(text_of(name->d.rfc822Name));
        if (name->type == GEN_DNS) to.dns_names.push_back(text_of(name->d.dNSName));
    }
    return true;
}

bool certificate_reader::read_uses(certificate::state& to, X509* x509)
{
    const std::uint32_t flags = X509_get_extension_flags(x509);
    if ((flags & EXFLAG_INVALID) != 0) return false;
    const std::uint32_t usage = X509_get_key_usage(x509);  // all ones when absent
    to.uses = {.restricted = (flags & EXFLAG_KUSAGE) != 0,
               .digital_signature = (usage & KU_DIGITAL_SIGNATURE) != 0,
               .non_repudiation = (usage & KU_NON_REPUDIATION) != 0,
               .key_encipherment = (usage & KU_KEY_ENCIPHERMENT) != 0,
               .key_agreement = (usage & KU_KEY_AGREEMENT) != 0};
    int status = extension_absent;
    const openssl::key_purposes_ptr purposes(
        static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(x509, NID_ext_key_usage, &status, nullptr)));
    if (!purposes) return status == extension_absent;
    for (int i = 0; i < sk_ASN1_OBJECT_num(purposes.get()); ++i)
        to.extended_uses.push_back(oid_text(sk_ASN1_OBJECT_value(purposes.get(), i)));
    return !to.extended_uses.empty();  // SIZE (1..MAX): an empty list must not read as "any"
}

bool certificate_reader::read_key(certificate::state& to, const X509* x509)
{
    const EVP_PKEY* key = X509_get0_pubkey(x509);  // borrowed
    if (key == nullptr) return false;
    to.key_bits = static_cast<unsigned>(EVP_PKEY_get_bits(key));
    if (EVP_PKEY_is_a(key, "RSA") == 1) to.algorithm = key_algorithm::rsa;
    if (EVP_PKEY_is_a(key, "EC") != 1) return true;
    std::array<char, 64> curve{};
    std::size_t size = 0;
    const bool named = EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &size) == 1;
    const bool p256 = named && std::string_view(curve.data(), size) == SN_X9_62_prime256v1;
    to.algorithm = p256 ? key_algorithm::ec_p256 : key_algorithm::ec_other;
    return true;
}

result<certificate> certificate_reader::read(openssl::x509_ptr x509)
{
    const openssl::quiet_queue quiet;
    auto state = std::make_shared<certificate::state>();
    X509* const raw = x509.get();
    state->handle.value = std::move(x509);
    if (!read_identity(*state, raw) || !read_names(*state, raw) || !read_uses(*state, raw) || !read_key(*state, raw))
        return take_error(errc::malformed_certificate);
    return certificate(std::move(state));
}

namespace {
result<std::vector<certificate>> read_der(std::string_view der)
{
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const unsigned char* const end = at + der.size();
    openssl::x509_ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (!x509 || at != end) return take_error(errc::malformed_certificate);
    result<certificate> one = certificate_reader::read(std::move(x509));
    if (!one.has_value()) return one.error();
    return std::vector<certificate>{*std::move(one)};
}

result<std::vector<certificate>> read_pem(std::string_view pem, const certificate_limits& limits)
{
    const openssl::bio_ptr source = openssl::reading(pem);
    std::vector<certificate> all;
    // A file may hold keys and comments too: PEM_read_bio_X509 skips blocks of other names.
    for (;;) {
        // Counted by hand: at the end of the input, no further BEGIN line is the way PEM says so.
        openssl::x509_ptr x509(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
        if (!x509) {
            const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
            const auto error = take_error(errc::malformed_certificate);
            if (!at_end) return error;
            break;
        }
        if (all.size() == limits.max_certificates) return errc::too_large;
        result<certificate> one = certificate_reader::read(std::move(x509));
        if (!one.has_value()) return one.error();
        all.push_back(*std::move(one));
    }
    if (all.empty()) return errc::no_certificate;
    return all;
}
}

result<std::vector<certificate>> read_certificates(std::string_view pem_or_der, const certificate_limits& limits)
{
    const openssl::quiet_queue quiet;
    if (pem_or_der.empty()) return errc::no_certificate;
    if (pem_or_der.size() > limits.max_octets) return errc::too_large;
    // A DER certificate is a SEQUENCE with a two-octet length; PEM is text.
    if (pem_or_der.starts_with("\x30\x82")) return read_der(pem_or_der);
    return read_pem(pem_or_der, limits);
}

result<certificate> read_certificate(std::string_view pem_or_der, const certificate_limits& limits)
{
    auto all = read_certificates(pem_or_der, limits);
    if (!all.has_value()) return all.error();
    return std::move(all->front());
}

result<std::vector<certificate>> load_certificates(const std::filesystem::path& file, const certificate_limits& limits)
{
    const auto bytes = load_file(file, limits.max_octets, file_access::any);
    if (!bytes.has_value()) return bytes.error();
    return read_certificates(bytes->view(), limits);
}

const std::string& certificate::subject() const noexcept
{
    return state_->subject;
}
const std::string& certificate::issuer() const noexcept
{
    return state_->issuer;
}
const std::string& certificate::serial() const noexcept
{
    return state_->serial;
}
const std::string& certificate::sha256() const noexcept
{
    return state_->sha256;
}
std::chrono::sys_seconds certificate::not_before() const noexcept
{
    return state_->not_before;
}
std::chrono::sys_seconds certificate::not_after() const noexcept
{
    return state_->not_after;
}
const std::vector<std::string>& certificate::email_addresses() const noexcept
{
    return state_->email_addresses;
}
const std::vector<std::string>& certificate::dns_names() const noexcept
{
    return state_->dns_names;
}
key_algorithm certificate::algorithm() const noexcept
{
    return state_->algorithm;
}
unsigned certificate::key_bits() const noexcept
{
    return state_->key_bits;
}
key_uses certificate::uses() const noexcept
{
    return state_->uses;
}
const std::vector<std::string>& certificate::extended_uses() const noexcept
{
    return state_->extended_uses;
}
const std::string& certificate::der() const noexcept
{
    return state_->der;
}
const openssl::certificate_handle& certificate::handle() const noexcept
{
    return state_->handle;
}

std::string certificate::pem() const
{
    const openssl::quiet_queue quiet;
    const openssl::bio_ptr sink = openssl::writing();
    if (!sink || PEM_write_bio_X509(sink.get(), state_->handle.value.get()) != 1) throw std::bad_alloc();
    return std::string(openssl::written(*sink));
}
}
