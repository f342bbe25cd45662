// relay/pipeline/letter_composer.hpp: from a stored document to the bytes that leave: XDM zip, PDF beside it (the
// document's own, else one made of it), a body a doctor can read as it is, signed and encrypted (design.md §4 `smime`,
// mssante.md §4, §5, domain.md §9). One mail per recipient. Pure but for the random boundaries of the sealing:
// everything else comes from the arguments. CPU work of some milliseconds: worker threads only, safe from several at
// once.
#pragma once

#include "mime/smime/encrypt.hpp"
#include "mime/text/zone.hpp"
#include "mime/xdm/package.hpp"
#include "relay/base/result.hpp"
#include "relay/pipeline/letter_details.hpp"
#include "relay/pipeline/model.hpp"
#include "relay/pipeline/route.hpp"
#include "relay/pipeline/version_chain.hpp"

namespace relay::pipeline {
struct composer_options {
    std::string address;  // BAL applicative: From and Disposition-Notification-To
    std::string display_name;
    std::string reply_to;  // when the message names none
    std::string establishment;
    std::string phone;     // when the document gives none
    std::string oid_root;  // source id, and root of submission ids
    mime::zone zone;
    mime::smime::signer signer;
    std::string action_slot = "urn:action:extraMetadataSlot";  // of a replacement or deletion (mssante.md §4.6)
    mime::xdm::action_place action_place = mime::xdm::action_place::document_entry;
};

struct composition {
    std::vector<std::string_view> documents;  // the CDAs, as stored; never empty
    const letter_details& details;
    const recipient& to;
    std::string_view address;  // where it goes
    const certs::certificate& certificate;
    std::string_view message_id;  // without angle brackets
    instant now;
    mail_role role = {};  // what it says about the mails before it
};

// Errors: those of mime/xdm, mime/message, mime/smime; compose_errc::document_unreadable when the stored CDA does not
// read.
enum class compose_errc { document_unreadable = 1 };
[[nodiscard]] error_code make_error_code(compose_errc code) noexcept;

[[nodiscard]] result<std::string> compose_letter(const composition& what, const composer_options& options);
}

template <>
struct boost::system::is_error_code_enum<relay::pipeline::compose_errc> : std::true_type {
};
