// tests/unit/mime/smime/people.hpp: a hospital that signs and doctors who receive, made once per test binary.
#pragma once

#include "certs/certificate.hpp"
#include "certs/private_key.hpp"
#include "certs/trust_anchors.hpp"
#include "mime/smime/sign.hpp"
#include "tests/support/minted_pki.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace tests {
inline constexpr std::chrono::sys_seconds now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
inline constexpr std::string_view hospital_address = "liaison@hopital.example";
inline const std::string letter =
    "From: <liaison@hopital.example>\r\nContent-Type: text/plain; charset=utf-8; hp=\"cipher\"\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\nBonjour,\r\n\r\n.\r\n--not a boundary\r\nFin \xC3\xA9t\xC3\xA9\r\n";

struct person {
    certs::certificate certificate;
    certs::private_key key;
};

inline person read_person(const minted& one)
{
    return {certs::read_certificate(one.certificate).value(), certs::read_private_key(one.key).value()};
}

inline mint_order order_for(minted_key key, std::string_view address, const char* uses)
{
    mint_order order;
    order.key = key;
    order.uses = uses;
    order.alternative_names = "email:" + std::string(address);
    return order;
}

struct people {
    minted root = mint(ca_order("root"));
    minted issuing = mint(ca_order("issuing"), &root);
    certs::trust_anchors anchors = certs::read_trust_anchors(root.certificate).value();
    person rsa_signer = read_person(mint(order_for(minted_key::rsa_2048, hospital_address, "digitalSignature"), &root));
    person ec_signer =
        read_person(mint(order_for(minted_key::ec_p256, hospital_address, "digitalSignature"), &issuing));
    person rsa_doctor =
        read_person(mint(order_for(minted_key::rsa_2048, "a@medecin.example", "keyEncipherment"), &root));
    person ec_doctor = read_person(mint(order_for(minted_key::ec_p256, "b@medecin.example", "keyAgreement"), &root));

    [[nodiscard]] mime::smime::signer hospital() const { return {rsa_signer.key, rsa_signer.certificate}; }
    [[nodiscard]] mime::smime::signer ec_hospital() const
    {
        return {ec_signer.key, ec_signer.certificate, {certs::read_certificate(issuing.certificate).value()}};
    }
};

inline const people& world()
{
    static const people made;
    return made;
}
}
