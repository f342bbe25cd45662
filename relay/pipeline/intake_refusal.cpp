#include "relay/pipeline/intake_refusal.hpp"

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/intake_answer.hpp"
#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
namespace {
struct fault_words {
    const char* code;
    const char* text;
};

fault_words words_of(admission_fault fault)
{
    switch (fault) {
        case admission_fault::document_reused: break;
        case admission_fault::not_latest:
            return {"VERSION_NOT_LATEST",
                    "ce document n'est pas la dernière version connue : demander la suppression de la dernière"};
        case admission_fault::deleted_already:
            return {"DOCUMENT_DELETED",
                    "ce document a été supprimé : envoyer une nouvelle version, sous un nouvel identifiant"};
    }
    return {"DOCUMENT_REUSED",
            "cet identifiant de document a déjà servi pour un autre contenu : donner un nouvel id à chaque version"};
}

// An unknown key of a sidecar is whatever its author wrote, a name for instance: the acknowledgement shows it, the
// store keeps only where it stands (design.md §3.4).
std::string field_to_keep(const refusal& why)
{
    if (why.code != mime::sidecar::name_of(mime::sidecar::sidecar_errc::unknown_key)) return why.field;
    const auto dot = why.field.rfind('.');
    return (dot == std::string::npos ? std::string() : why.field.substr(0, dot + 1)) + "?";
}
}

refusal refuse_reused_message()
{
    return refuse("hl7", "207", "MSH^1^10", "cet identifiant de message a déjà servi pour un autre contenu");
}

refusal refuse_admission(admission_fault fault, submission_form form,
                         const std::optional<mime::hl7::message_header>& header)
{
    const fault_words words = words_of(fault);
    if (form == submission_form::hl7_mdm)
        return refuse("hl7", words.code, header && header->message_code == "ORU" ? "OBX^1^5" : "TXA^1^12", words.text);
    if (form == submission_form::cda) return refuse("cda", words.code, "ClinicalDocument/id", words.text);
    return refuse("pdf", words.code, "document.version", words.text);
}

// The same file refused for the same reason is kept once and gets the same answer.
submission_result intake::refuse(const refusal& why, const submission& from, const answer_text& text)
{
    refusal_row row;
    row.at = with_.clock.now();
    row.form = why.form;
    row.code = why.code;
    row.field = field_to_keep(why);
    row.message = why.message;
    row.source_name = with_.vault.seal_field(field::source_name, from.name);
    row.source_name_key = with_.vault.match_key("refused", from.name + '|' + content_digest(from) + '|' + why.code);
    std::optional<ports::sealed_object> kept;
    if (from.size != size_class::beyond_keeping) {
        const std::string pair = from.attachment ? from.bytes + *from.attachment : std::string();
        kept = with_.vault.seal(from.attachment ? pair : from.bytes);
        row.content = kept->id;
    }
    submission_result answer = text.refused(why);
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        if (const auto before = tx.answered(row.source_name_key)) {
            answer.content = before->answer;
            return;
        }
        if (kept) tx.add_blob(*kept);
        tx.add_refusal(row);
        tx.add_answer(row.source_name_key, {{}, answer.content});
    });
    if (!stored.has_value()) {
        obs::error(obs::event::store_failed, "step=refuse code={}", stored.error().message());
        return text.busy();
    }
    obs::add(obs::counter::files_refused);
    obs::warn(obs::event::file_refused, "form={} code={}", why.form,
              why.code);  // no field: a key of a sidecar can be anything
    return answer;
}
}
