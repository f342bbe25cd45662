#include "relay/vault/node_vault.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"
#include "mime/text/digest.hpp"
#include "relay/vault/errc.hpp"

namespace relay::vault {
namespace {
using certs::openssl::freed_by;
using cipher_context_ptr = std::unique_ptr<EVP_CIPHER_CTX, freed_by<EVP_CIPHER_CTX_free>>;
using mac_ptr = std::unique_ptr<EVP_MAC, freed_by<EVP_MAC_free>>;
using mac_context_ptr = std::unique_ptr<EVP_MAC_CTX, freed_by<EVP_MAC_CTX_free>>;
using kdf_ptr = std::unique_ptr<EVP_KDF, freed_by<EVP_KDF_free>>;
using kdf_context_ptr = std::unique_ptr<EVP_KDF_CTX, freed_by<EVP_KDF_CTX_free>>;
using working_key = node_vault::working_key;

constexpr std::size_t nonce_octets = 12;
constexpr std::size_t tag_octets = 16;
constexpr std::size_t wrapped_octets = 40;  // RFC 3394: the key and one block
constexpr char format = 1;                  // of wrapped keys and fields: the way to a second node key
constexpr char keyed_format = 2;            // of fields under a key of their own

const unsigned char* octets(std::string_view bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(std::string& bytes)
{
    return reinterpret_cast<unsigned char*>(bytes.data());
}

void must(bool done)
{
    if (!done) throw std::runtime_error("cryptographic library failed");
}

// Wiped when it goes.
struct data_key {
    working_key bytes{};
    data_key() = default;
    data_key(const data_key&) = delete;
    data_key& operator=(const data_key&) = delete;
    ~data_key() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

// Looked up once, as OpenSSL takes locks for it; never freed: a worker may outlive main's objects.
const EVP_CIPHER* gcm()
{
    static const EVP_CIPHER* const found = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    must(found != nullptr);
    return found;
}
const EVP_CIPHER* key_wrap()
{
    static const EVP_CIPHER* const found = EVP_CIPHER_fetch(nullptr, "AES-256-WRAP", nullptr);
    must(found != nullptr);
    return found;
}
const EVP_MD* sha256_algorithm()
{
    static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    must(found != nullptr);
    return found;
}

cipher_context_ptr new_context()
{
    cipher_context_ptr context(EVP_CIPHER_CTX_new());
    must(context != nullptr);
    return context;
}

working_key derive(const node_key& key, std::string_view purpose)
{
    const kdf_ptr kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    const kdf_context_ptr context(EVP_KDF_CTX_new(kdf.get()));
    must(context != nullptr);
    char digest[] = "SHA256";
    auto secret = key.bytes();
    std::string info(purpose);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
    working_key derived{};
    const bool done = EVP_KDF_derive(context.get(), derived.data(), derived.size(), parameters) == 1;
    OPENSSL_cleanse(secret.data(), secret.size());
    must(done);
    return derived;
}

// nonce, ciphertext, tag appended to `out`.
void encrypt(const working_key& key, std::string_view bound, std::string_view clear, std::string& out)
{
    if (clear.size() > max_object_octets || bound.size() > max_object_octets)
        throw std::length_error("object too large");
    const std::size_t start = out.size();
    out.resize(start + nonce_octets + clear.size() + tag_octets);
    unsigned char* const nonce = octets(out) + start;
    unsigned char* const text = nonce + nonce_octets;
    must(RAND_bytes(nonce, static_cast<int>(nonce_octets)) == 1);
    const auto context = new_context();
    int written = 0;
    must(EVP_EncryptInit_ex2(context.get(), gcm(), key.data(), nonce, nullptr) == 1);
    must(EVP_EncryptUpdate(context.get(), nullptr, &written, octets(bound), static_cast<int>(bound.size())) == 1);
    must(EVP_EncryptUpdate(context.get(), text, &written, octets(clear), static_cast<int>(clear.size())) == 1);
    must(EVP_EncryptFinal_ex(context.get(), text + clear.size(), &written) == 1);
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_octets), text + clear.size()) ==
         1);
}

result<std::string> decrypt(const working_key& key, std::string_view bound, std::string_view sealed)
{
    if (sealed.size() < nonce_octets + tag_octets || sealed.size() > max_object_octets + nonce_octets + tag_octets)
        return make_error_code(vault_errc::not_authentic);
    const auto text = sealed.substr(nonce_octets, sealed.size() - nonce_octets - tag_octets);
    std::string tag(sealed.substr(sealed.size() - tag_octets));
    const certs::openssl::quiet_queue quiet;
    const auto context = new_context();
    std::string clear(text.size(), '\0');
    int written = 0;
    must(EVP_DecryptInit_ex2(context.get(), gcm(), key.data(), octets(sealed), nullptr) == 1);
    must(EVP_DecryptUpdate(context.get(), nullptr, &written, octets(bound), static_cast<int>(bound.size())) == 1);
    must(EVP_DecryptUpdate(context.get(), octets(clear), &written, octets(text), static_cast<int>(text.size())) == 1);
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_octets), tag.data()) == 1);
    std::array<unsigned char, tag_octets> rest{};
    if (EVP_DecryptFinal_ex(context.get(), rest.data(), &written) == 1) return clear;
    OPENSSL_cleanse(clear.data(), clear.size());
    return make_error_code(vault_errc::not_authentic);
}

std::string wrap(const working_key& wrapping, const data_key& key)
{
    std::string out(1 + wrapped_octets, format);
    const auto context = new_context();
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    int written = 0;
    must(EVP_EncryptInit_ex2(context.get(), key_wrap(), wrapping.data(), nullptr, nullptr) == 1);
    must(EVP_EncryptUpdate(context.get(), octets(out) + 1, &written, key.bytes.data(),
                           static_cast<int>(key.bytes.size())) == 1);
    must(written == static_cast<int>(wrapped_octets));
    return out;
}

bool unwrap(const working_key& wrapping, std::string_view wrapped, data_key& into)
{
    if (wrapped.size() != 1 + wrapped_octets || wrapped.front() != format) return false;
    const certs::openssl::quiet_queue quiet;
    const auto context = new_context();
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    std::array<unsigned char, wrapped_octets> out{};
    int written = 0;
    must(EVP_DecryptInit_ex2(context.get(), key_wrap(), wrapping.data(), nullptr, nullptr) == 1);
    const bool good = EVP_DecryptUpdate(context.get(), out.data(), &written, octets(wrapped) + 1,
                                        static_cast<int>(wrapped_octets)) == 1 &&
                      written == static_cast<int>(into.bytes.size());
    if (good) std::copy_n(out.begin(), into.bytes.size(), into.bytes.begin());
    OPENSSL_cleanse(out.data(), out.size());
    return good;
}

std::string bound_to(const pipeline::blob_id& id, std::uint64_t length)
{
    return "liaison blob " + id.text() + " " + std::to_string(length);
}

std::string sha256(std::string_view bytes)
{
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    must(EVP_Digest(octets(bytes), bytes.size(), octets(digest), nullptr, sha256_algorithm(), nullptr) == 1);
    return digest;
}
}

// HMAC-SHA-256 that has taken its key in. A use copies that state: looking the algorithm up and keying it anew, which
// OpenSSL's HMAC() does each time, takes more than twice as long. The library wipes it when it goes.
class node_vault::keyed_hash {
public:
    // The key is wiped where it stands: what is given is the one copy of it.
    explicit keyed_hash(working_key&& key)
    {
        const mac_ptr hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
        keyed_.reset(EVP_MAC_CTX_new(hmac.get()));
        char digest[] = "SHA256";
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                         OSSL_PARAM_construct_end()};
        const bool done = keyed_ != nullptr && EVP_MAC_init(keyed_.get(), key.data(), key.size(), parameters) == 1;
        OPENSSL_cleanse(key.data(), key.size());
        must(done);
    }
    [[nodiscard]] std::string of(std::string_view input) const
    {
        const mac_context_ptr context(EVP_MAC_CTX_dup(keyed_.get()));
        std::array<unsigned char, SHA256_DIGEST_LENGTH> mac{};
        std::size_t size = 0;
        must(context != nullptr && EVP_MAC_update(context.get(), octets(input), input.size()) == 1 &&
             EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1);
        return mime::hex(mac);
    }

private:
    mac_context_ptr keyed_;
};

node_vault::node_vault(const node_key& key)
    : wrap_key_(derive(key, "liaison wrap 1")),
      field_key_(derive(key, "liaison field 1")),
      match_hash_(std::make_unique<keyed_hash>(derive(key, "liaison match 1")))
{
}

node_vault::~node_vault()
{
    for (working_key* key : {&wrap_key_, &field_key_}) OPENSSL_cleanse(key->data(), key->size());
}

pipeline::ports::sealed_object node_vault::seal(std::string_view clear) const
{
    pipeline::ports::sealed_object object;
    object.id = pipeline::blob_id::make();
    object.length = clear.size();
    object.sha256 = sha256(clear);
    data_key key;
    must(RAND_priv_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) == 1);
    object.wrapped_key = wrap(wrap_key_, key);
    encrypt(key.bytes, bound_to(object.id, object.length), clear, object.ciphertext);
    return object;
}

result<std::string> node_vault::open(const pipeline::ports::sealed_object& object) const
{
    data_key key;
    if (!unwrap(wrap_key_, object.wrapped_key, key)) return make_error_code(vault_errc::not_authentic);
    auto clear = decrypt(key.bytes, bound_to(object.id, object.length), object.ciphertext);
    if (clear && (clear->size() != object.length || sha256(*clear) != object.sha256))
        return make_error_code(vault_errc::length_mismatch);
    return clear;
}

std::string node_vault::seal_field(std::string_view context, std::string_view clear) const
{
    std::string out(1, format);
    encrypt(field_key_, context, clear, out);
    return out;
}

result<std::string> node_vault::open_field(std::string_view context, std::string_view sealed) const
{
    if (sealed.empty() || sealed.front() != format) return make_error_code(vault_errc::not_authentic);
    return decrypt(field_key_, context, sealed.substr(1));
}

pipeline::ports::keyed_field node_vault::seal_keyed(std::string_view context, std::string_view clear) const
{
    data_key key;
    must(RAND_priv_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) == 1);
    pipeline::ports::keyed_field made{wrap(wrap_key_, key), std::string(1, keyed_format)};
    encrypt(key.bytes, context, clear, made.sealed);
    return made;
}

result<std::string> node_vault::open_keyed(std::string_view context, std::string_view wrapped_key,
                                           std::string_view sealed) const
{
    data_key key;
    if (sealed.empty() || sealed.front() != keyed_format || !unwrap(wrap_key_, wrapped_key, key))
        return make_error_code(vault_errc::not_authentic);
    return decrypt(key.bytes, context, sealed.substr(1));
}

std::string node_vault::match_key(std::string_view domain, std::string_view value) const
{
    // The length first, so that ("a", "bc") and ("ab", "c") differ.
    std::string input = std::to_string(domain.size()) + ":";
    input.append(domain).append(value);
    return match_hash_->of(input);
}
}
