// relay/pipeline/certificate.hpp: the transmission certificate of one letter (domain.md §10 rule 7), for the record of
// the hospital before the relay forgets the content: who sent which document (id, set, version, SHA-256, octets), to
// whom, what became of each delivery and by which evidence, with the evidence's place in the ledger. A MIME entity
// signed by the node (CMS, multipart/signed; `openssl cms -verify` reads it): a French text for people, and the same as
// JSON. It names mailboxes, as the hospital's own message did, and no patient. Pure but for the signature.
#pragma once

#include "mime/smime/sign.hpp"
#include "mime/text/zone.hpp"
#include "relay/pipeline/letter_details.hpp"
#include "relay/pipeline/retention.hpp"
#include "relay/pipeline/route.hpp"

namespace relay::pipeline {
struct certified_document {
    std::string id, set_id;
    int version = 1;
    std::string type_code, sha256;  // of the CDA bytes, hex
    std::uint64_t octets = 0;
};
struct certified_delivery {
    delivery_row row;
    recipient to;
    std::vector<event> history;  // in ledger order
};
struct certificate_facts {
    std::string number;  // unique: letter and how often its content was destroyed before
    std::string node, establishment;
    instant made{};
    letter_row letter;
    letter_details details;
    std::vector<certified_document> documents;
    std::vector<certified_delivery> deliveries;
    content_term term;  // when the content goes
};

[[nodiscard]] std::string write_certificate(const certificate_facts& from, const mime::zone& zone);  // what is signed
[[nodiscard]] result<std::string> sign_certificate(const certificate_facts& from, const mime::zone& zone,
                                                   const mime::smime::signer& by);
}
