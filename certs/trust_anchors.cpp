#include "certs/trust_anchors.hpp"

#include "certs/errc.hpp"
#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"

#include <algorithm>
#include <new>

namespace certs {
namespace {
// OpenSSL's level 2: 112 bits of security.
constexpr int strength_level = 2;
constexpr std::string_view any_extended_use = "2.5.29.37.0";

std::string_view extended_use(purpose wanted)
{
    switch (wanted) {
        case purpose::smime_sign:
        case purpose::smime_encrypt: return "1.3.6.1.5.5.7.3.4";
        case purpose::tls_server: return "1.3.6.1.5.5.7.3.1";
        case purpose::tls_client: break;
    }
    return "1.3.6.1.5.5.7.3.2";
}

bool extended_use_allows(const std::vector<std::string>& uses, purpose wanted)
{
    if (uses.empty()) return true;
    return std::any_of(uses.begin(), uses.end(), [wanted](const std::string& use) {
        return use == extended_use(wanted) || use == any_extended_use;
    });
}

bool key_use_allows(const certificate& leaf, purpose wanted)
{
    const key_uses uses = leaf.uses();
    switch (wanted) {
        case purpose::smime_sign: return uses.digital_signature || uses.non_repudiation;
        case purpose::smime_encrypt:
            return leaf.algorithm() == key_algorithm::rsa ? uses.key_encipherment : uses.key_agreement;
        case purpose::tls_server:
        case purpose::tls_client: break;
    }
    return uses.digital_signature;
}

bool strong(const certificate& leaf)
{
    switch (leaf.algorithm()) {
        case key_algorithm::rsa: return leaf.key_bits() >= 2048;
        case key_algorithm::ec_p256:
        case key_algorithm::ec_other: return leaf.key_bits() >= 256;
        case key_algorithm::other: break;
    }
    return true;  // Ed25519 and its like have one strength; what we cannot use is refused where it is used
}

errc meaning(int verdict, int depth)
{
    switch (verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return depth == 0 ? errc::expired : errc::issuer_expired;
        case X509_V_ERR_CERT_NOT_YET_VALID: return depth == 0 ? errc::not_yet_valid : errc::issuer_expired;
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK: return errc::weak_key;
        default: return errc::untrusted_issuer;
    }
}

// A CA limited to, say, serverAuth must not vouch for mail (the usual reading of extendedKeyUsage in a CA certificate).
bool issuers_allow(X509_STORE_CTX* context, purpose wanted)
{
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);  // borrowed; leaf first, anchor last
    for (int i = 1; i + 1 < sk_X509_num(chain); ++i) {
        X509* issuer = sk_X509_value(chain, i);
        int status = -1;
        const openssl::key_purposes_ptr uses(
            static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(issuer, NID_ext_key_usage, &status, nullptr)));
        if (!uses && status != -1) return false;
        if (!uses) continue;
        bool found = false;
        for (int k = 0; k < sk_ASN1_OBJECT_num(uses.get()); ++k) {
            char oid[64] = {};
            OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(uses.get(), k), 1);
            found = found || oid == extended_use(wanted) || oid == any_extended_use;
        }
        if (!found) return false;
    }
    return true;
}
}

trust_anchors::trust_anchors(std::vector<certificate> all, std::shared_ptr<const openssl::store_handle> store)
    : certificates_(std::move(all)), handle_(std::move(store))
{
}

trust_anchors make_trust_anchors(std::vector<certificate> all)
{
    const openssl::quiet_queue quiet;
    openssl::store_ptr store(X509_STORE_new());
    if (!store) throw std::bad_alloc();
    for (const certificate& anchor : all) {
        // add1: the store takes its own reference; a repeated certificate is accepted
        if (X509_STORE_add_cert(store.get(), anchor.handle().value.get()) != 1) throw std::bad_alloc();
    }
    auto handle = std::make_shared<const openssl::store_handle>(openssl::store_handle{std::move(store)});
    return {std::move(all), std::move(handle)};
}

result<trust_anchors> read_trust_anchors(std::string_view pem)
{
    auto all = read_certificates(pem);
    if (!all.has_value()) return all.error();
    return make_trust_anchors(*std::move(all));
}

result<trust_anchors> load_trust_anchors(const std::filesystem::path& file)
{
    auto all = load_certificates(file);
    if (!all.has_value()) return all.error();
    return make_trust_anchors(*std::move(all));
}

namespace {
// When all of a verified chain is valid.
chain_memo::span validity(X509_STORE_CTX* verified)
{
    chain_memo::span all{std::chrono::sys_seconds::min(), std::chrono::sys_seconds::max()};
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verified);  // borrowed
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const X509* one = sk_X509_value(chain, i);
        all.from = std::max(all.from, openssl::instant(X509_get0_notBefore(one)).value_or(all.until));
        all.until = std::min(all.until, openssl::instant(X509_get0_notAfter(one)).value_or(all.from));
    }
    return all;
}

result<void> build_chain(const certificate& leaf, std::span<const certificate> intermediates,
                         const trust_anchors& anchors, purpose wanted, std::chrono::sys_seconds at,
                         const chain_limits& limits, chain_memo::span& valid)
{
    const openssl::quiet_queue quiet;
    const openssl::certificate_list_ptr untrusted = openssl::certificate_list();
    for (const certificate& one : intermediates) openssl::add_borrowed(*untrusted, one.handle().value.get());
    const openssl::store_context_ptr context(X509_STORE_CTX_new());
    if (!context || X509_STORE_CTX_init(context.get(), anchors.handle().value.get(), leaf.handle().value.get(),
                                        untrusted.get()) != 1)
        throw std::bad_alloc();
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());  // borrowed
    X509_VERIFY_PARAM_set_time(rules, static_cast<time_t>(at.time_since_epoch().count()));
    X509_VERIFY_PARAM_set_auth_level(rules, strength_level);
    X509_VERIFY_PARAM_set_depth(rules, limits.max_depth);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    // No OpenSSL purpose: its S/MIME one refuses an EC certificate that allows keyAgreement only. Ours follow below.
    if (X509_verify_cert(context.get()) != 1) {
        const int verdict = X509_STORE_CTX_get_error(context.get());
        if (verdict == X509_V_ERR_OUT_OF_MEM) throw std::bad_alloc();
        return meaning(verdict, X509_STORE_CTX_get_error_depth(context.get()));
    }
    if (!strong(leaf)) return errc::weak_key;
    if (!key_use_allows(leaf, wanted) || !extended_use_allows(leaf.extended_uses(), wanted) ||
        !issuers_allow(context.get(), wanted))
        return errc::wrong_key_usage;
    valid = validity(context.get());
    return {};
}
}

result<void> verify_chain(const certificate& leaf, std::span<const certificate> intermediates,
                          const trust_anchors& anchors, purpose wanted, std::chrono::sys_seconds at,
                          const chain_limits& limits)
{
    // What was sent along is not part of the anchors: a chain through it is built each time.
    const bool memorable = intermediates.empty() && limits.max_depth == chain_limits{}.max_depth;
    std::string chain;
    if (memorable) {
        chain = leaf.sha256() + std::to_string(static_cast<int>(wanted));
        if (anchors.memo().holds(chain, at)) return {};
    }
    chain_memo::span valid{};
    auto built = build_chain(leaf, intermediates, anchors, wanted, at, limits, valid);
    if (memorable && built.has_value()) anchors.memo().remember(std::move(chain), valid);
    return built;
}
}
