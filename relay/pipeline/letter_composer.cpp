#include "relay/pipeline/letter_composer.hpp"

#include <algorithm>

#include "mime/cda/document.hpp"
#include "mime/cda/identifiers.hpp"
#include "mime/message/compose.hpp"
#include "mime/message/letter_body.hpp"
#include "mime/render/letter_pdf.hpp"
#include "mime/text/digest.hpp"
#include "mime/xdm/names.hpp"

namespace relay::pipeline {
namespace cda = mime::cda;
namespace msg = mime::message;
namespace {
class category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "compose"; }
    [[nodiscard]] std::string message(int) const override { return "stored document does not read"; }
};

// A document and the readable file that goes beside the package.
struct part {
    cda::cda_document document;
    std::string pdf;
    std::string narrative;
    mime::patient_text pdf_name;
};

// What one letter is made of; the parts outlive it.
class composer {
public:
    composer(const composition& what, const composer_options& options, std::vector<part>& parts)
        : what_(what), options_(options), parts_(parts), header_(parts.front().document.header())
    {
    }

    [[nodiscard]] result<std::string> run()
    {
        const auto zip = write_zip();
        if (!zip.has_value()) return zip.error();
        for (part& one : parts_) take_readable(one);
        msg::letter_mail letter;
        letter.from = {options_.display_name, options_.address};
        letter.to = {display_name(), std::string(what_.address)};
        if (const std::string& reply = what_.details.reply_to.empty() ? options_.reply_to : what_.details.reply_to;
            !reply.empty())
            letter.reply_to = msg::mailbox{"", reply};
        letter.subject = mime::xdm::subject_with_identity(header_, parts_.size());
        letter.outer_subject = mime::xdm::subject_without_identity(header_, parts_.size());
        letter.date = local_date();
        letter.message_id = what_.message_id;
        if (!what_.role.first_message_id.empty()) letter.references = {what_.role.first_message_id};
        letter.receipts_to = options_.address;
        letter.extra = {{"X-MSS-CODECDA", type_codes()},
                        {"X-MSS-INS", what_.details.qualified_identity ? "O" : "N"},
                        {"X-MSS-NIL", "Liaison/" LIAISON_VERSION}};
        letter.text = body();
        letter.attachments.push_back({mime::patient_text("IHE_XDM.zip"), "application/zip", *zip});
        for (const part& one : parts_)
            if (!one.pdf.empty()) letter.attachments.push_back({one.pdf_name, "application/pdf", one.pdf});
        letter.boundary_token = std::string(what_.message_id.substr(0, what_.message_id.find('@')));
        return seal(letter);
    }

private:
    [[nodiscard]] result<std::string> seal(const msg::letter_mail& letter) const
    {
        const auto inner = msg::compose_letter_entity(letter);
        if (!inner.has_value()) return inner.error();
        const auto outer = msg::compose_outer_header(letter);
        if (!outer.has_value()) return outer.error();
        mime::smime::seal_options how;
        how.encrypt.fields_before = *outer;
        return mime::smime::sign_then_encrypt(*inner, options_.signer, std::span(&what_.certificate, 1),
                                              std::chrono::floor<std::chrono::seconds>(what_.now), how);
    }

    [[nodiscard]] result<std::string> write_zip() const
    {
        cda::professional sender;
        const bool has_sender = !what_.details.author_id.empty();
        if (has_sender) {
            sender.id = {std::string(cda::oid::professional), what_.details.author_id};
            sender.name.family = what_.details.author_family;
            sender.name.given = what_.details.author_given;
            sender.place.name = what_.details.author_organisation;
            if (!what_.details.author_organisation_id.empty())
                sender.place.id = {std::string(cda::oid::structure), "1" + what_.details.author_organisation_id};
        }
        mime::xdm::xdm_input input{.documents = {},
                                   .zone = options_.zone,
                                   .built_at = what_.now,
                                   .source_id = options_.oid_root,
                                   .submission_id = submission_id(),
                                   .flags = what_.details.masking,
                                   .action = action(),
                                   .action_slot = options_.action_slot,
                                   .place = options_.action_place,
                                   .establishment = options_.establishment};
        for (std::size_t index = 0; index < parts_.size(); ++index) {
            const cda::cda_document& document = parts_[index].document;
            input.documents.push_back({what_.documents[index], document.header(), document.body()});
        }
        if (!what_.details.patient_class.empty()) input.patient_class = what_.details.patient_class;
        if (has_sender) input.sender = &sender;
        return mime::xdm::write_package(input);
    }

    [[nodiscard]] mime::xdm::letter_action action() const
    {
        switch (what_.role.what) {
            case mail_role::kind::replacement: return mime::xdm::letter_action::replace;
            case mail_role::kind::deletion: return mime::xdm::letter_action::remove;
            case mail_role::kind::first_mail:
            case mail_role::kind::nothing_to_delete: break;
        }
        return mime::xdm::letter_action::initial;
    }

    // Each once, in the order of the zip.
    [[nodiscard]] std::string type_codes() const
    {
        std::vector<std::string_view> codes;
        std::string joined;
        for (const part& one : parts_) {
            const std::string& code = one.document.header().type.code;
            if (std::find(codes.begin(), codes.end(), code) != codes.end()) continue;
            codes.emplace_back(code);
            joined.append(joined.empty() ? "" : ",").append(code);
        }
        return joined;
    }

    // A new OID per mail: under the root of the establishment, numbers taken from the random Message-ID.
    [[nodiscard]] std::string submission_id() const
    {
        const auto digest = mime::sha256(what_.message_id);
        std::uint64_t number = 0;
        for (int i = 0; i < 7; ++i) number = number << 8U | digest[static_cast<std::size_t>(i)];
        return options_.oid_root + ".8." + std::to_string(number);
    }

    void take_readable(part& one)
    {
        if (one.document.body().kind == cda::body_kind::non_xml) {
            auto content = cda::extract_body(one.document);
            if (content.has_value() && one.document.body().media_type == "application/pdf")
                one.pdf = std::move(*content);
            else if (content.has_value() && one.document.body().media_type == "text/plain")
                one.narrative = std::move(*content);
        } else {
            one.narrative = cda::narrative_text(one.document);
            if (auto copy = cda::extract_pdf_copy(one.document); copy.has_value() && *copy) one.pdf = std::move(**copy);
        }
        const bool has_text = one.document.body().kind == cda::body_kind::structured || !one.narrative.empty();
        if (one.pdf.empty() && has_text) one.pdf = mime::render::letter_pdf(one.document, options_.zone);
        if (!one.pdf.empty()) one.pdf_name = free_name(mime::xdm::pdf_file_name(one.document.header()));
    }

    // Two documents of one act have one name by the national rule: the second is told apart.
    [[nodiscard]] mime::patient_text free_name(const mime::patient_text& wanted) const
    {
        const auto taken = std::count_if(parts_.begin(), parts_.end(),
                                         [&](const part& other) { return other.pdf_name.reveal() == wanted.reveal(); });
        if (taken == 0) return wanted;
        const std::string& name = wanted.reveal();
        return mime::patient_text(name.substr(0, name.rfind('.')) + "_2" + name.substr(name.rfind('.')));
    }

    [[nodiscard]] std::string display_name() const
    {
        return what_.to.given.empty() ? what_.to.family : what_.to.given + " " + what_.to.family;
    }

    [[nodiscard]] msg::mail_date local_date() const
    {
        return {std::chrono::floor<std::chrono::seconds>(what_.now),
                std::chrono::duration_cast<std::chrono::minutes>(options_.zone.offset_at(what_.now))};
    }

    [[nodiscard]] mime::patient_text shown(const std::optional<mime::timestamp>& at) const
    {
        if (!at) return {};
        const auto when = mime::to_utc(*at, options_.zone);
        const auto format = when.detail == mime::time_detail::date_only ? mime::local_format::date_text
                                                                        : mime::local_format::date_time_text;
        return mime::patient_text(mime::format_local(when.at, options_.zone, format));
    }

    [[nodiscard]] std::string phone() const
    {
        const auto first_phone = [](const std::vector<cda::telecom>& all) -> std::string {
            for (const cda::telecom& t : all)
                if (t.value.starts_with("tel:")) return t.value.substr(4);
            return {};
        };
        std::string found;
        if (header_.legal_authenticator) {
            found = first_phone(header_.legal_authenticator->telecoms);
            if (found.empty()) found = first_phone(header_.legal_authenticator->place.telecoms);
        }
        for (const auto& author : header_.authors)
            if (found.empty()) found = first_phone(author.telecoms);
        return found.empty() ? options_.phone : found;
    }

    [[nodiscard]] std::string signatory() const
    {
        if (!header_.legal_authenticator) return {};
        const auto& name = header_.legal_authenticator->name;
        std::string text = name.suffix.starts_with("P") ? "Pr " : "Dr ";
        if (!name.given.empty()) text += name.given + " ";
        return text + name.family;
    }

    [[nodiscard]] msg::letter_status status() const
    {
        switch (what_.role.what) {
            case mail_role::kind::replacement: return msg::letter_status::replacement;
            case mail_role::kind::deletion: return msg::letter_status::deletion;
            case mail_role::kind::first_mail:
            case mail_role::kind::nothing_to_delete: break;
        }
        return msg::letter_status::final_version;
    }

    [[nodiscard]] std::string titles() const
    {
        std::string joined;
        for (const part& one : parts_) {
            const cda::header& head = one.document.header();
            const std::string& title = head.title.empty() ? head.type.label : head.title;
            if (joined.find(title) == std::string::npos) joined.append(joined.empty() ? "" : " ; ").append(title);
        }
        return joined;
    }

    [[nodiscard]] std::string narrative() const
    {
        for (const part& one : parts_)
            if (!one.narrative.empty()) return one.narrative;
        return {};
    }

    [[nodiscard]] mime::patient_text body() const
    {
        msg::letter_body_input in;
        const cda::patient& patient = header_.patient;
        in.birth_name = patient.family_to_show();
        if (patient.used_family != patient.birth_family) in.used_name = patient.used_family;
        in.given_names = patient.given_list.empty() ? patient.given_to_show() : patient.given_list;
        in.birth_date = shown(mime::read_timestamp(patient.birth_date.reveal()));
        in.sex = patient.gender;
        in.document_type = titles();
        in.documents = parts_.size();
        in.status = status();
        if (what_.role.earlier)
            in.replaced_date = mime::patient_text(
                mime::format_local(*what_.role.earlier, options_.zone, mime::local_format::date_time_text));
        if (header_.encounter) {
            in.stay_from = shown(header_.encounter->when.low);
            in.stay_to = shown(header_.encounter->when.high);
        }
        in.establishment = options_.establishment;
        in.service = what_.details.service_label;
        in.signatory = signatory();
        in.phone = phone();
        in.text_is_given = !what_.details.body_text.empty();
        in.text = mime::patient_text(in.text_is_given ? what_.details.body_text : narrative());
        for (const part& one : parts_)
            if (!one.pdf.empty()) in.attachment_names.push_back(one.pdf_name);
        in.attachment_names.emplace_back("IHE_XDM.zip");
        return msg::write_letter_body(in);
    }

    const composition& what_;
    const composer_options& options_;
    std::vector<part>& parts_;
    const cda::header& header_;  // of the first document: it speaks for all
};
}

error_code make_error_code(compose_errc code) noexcept
{
    static const category instance;
    return {static_cast<int>(code), instance};
}

result<std::string> compose_letter(const composition& what, const composer_options& options)
{
    std::vector<part> parts;
    parts.reserve(what.documents.size());
    for (const std::string_view bytes : what.documents) {
        auto document = cda::read_document(bytes);
        if (!document.has_value()) return compose_errc::document_unreadable;
        parts.push_back({std::move(*document), {}, {}, {}});
    }
    if (parts.empty()) return compose_errc::document_unreadable;
    return composer(what, options, parts).run();
}
}
