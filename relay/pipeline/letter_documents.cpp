#include "relay/pipeline/letter_documents.hpp"

#include "mime/text/digest.hpp"
#include "relay/pipeline/completeness.hpp"

namespace relay::pipeline {
namespace {
// A document without a setId is its own set; one that replaces another is of that one's (cda.md §4.2).
std::string set_named_by(const letter_plan& plan)
{
    const plan_document& first = plan.documents.front();
    const bool names_none = first.set_id.empty() || first.set_id == first.document_id;
    if (plan.operation == letter_operation::replace && names_none) {
        if (first.parent_id) return *first.parent_id;
        if (plan.parent_id) return *plan.parent_id;
    }
    return first.set_id.empty() ? first.document_id : first.set_id;
}

// `digests`: SHA-256 of each document, hex.
document_keys keys_with(const ports::vault& vault, const letter_plan& plan, const std::vector<std::string>& digests)
{
    const plan_document& first = plan.documents.front();
    document_keys made;
    made.set_key = vault.match_key("set", set_named_by(plan));
    made.names_set = !first.set_id.empty() && first.set_id != first.document_id;
    made.version = first.version;
    const bool replaces = plan.operation == letter_operation::replace;
    for (std::size_t index = 0; index < plan.documents.size(); ++index) {
        const plan_document& one = plan.documents[index];
        incoming_document keys{vault.match_key("document", one.document_id), {}, digests[index]};
        // A document to delete still names what it once replaced (mssante.md §2.1): only a replacement means it.
        const auto& parent = one.parent_id || index > 0 ? one.parent_id : plan.parent_id;
        if (replaces && parent) keys.parent_key = vault.match_key("document", *parent);
        made.documents.push_back(std::move(keys));
    }
    return made;
}
}

document_keys document_keys_of(const ports::vault& vault, const letter_plan& plan)
{
    std::vector<std::string> digests;
    for (const plan_document& one : plan.documents) digests.push_back(mime::hex(mime::sha256(one.bytes)));
    return keys_with(vault, plan, digests);
}

incoming_letter document_keys::coming(letter_operation operation) const
{
    return {operation, documents, set_key, names_set, version};
}

sealed_documents seal_documents(const services& with, const letter_plan& plan)
{
    sealed_documents made;
    std::vector<std::string> digests;
    for (const plan_document& one : plan.documents) {
        auto checks = one.checks;
        mime::cda::tell_history(checks, mime::cda::document_history::first_seen);
        made.completeness.push_back(completeness_text(checks));
        made.type_codes.push_back(one.type_code);
        made.objects.push_back(with.vault.seal(one.bytes));
        digests.push_back(mime::hex(made.objects.back().sha256));
    }
    made.keys = keys_with(with.vault, plan, digests);
    return made;
}

void sealed_documents::describe(letter_row& letter) const
{
    const incoming_document& first = keys.documents.front();
    letter.document_key = first.document_key;
    letter.parent_key = first.parent_key;
    letter.content_sha256 = first.content_sha256;
    letter.type_code = type_codes.front();
    letter.completeness = completeness.front();
    letter.document = objects.front().id;
}

void sealed_documents::restore(ports::transaction& tx, letter_row letter, std::string details) const
{
    letter.details = std::move(details);
    auto further = tx.further_documents(letter.id);
    for (std::size_t index = 0; index < objects.size(); ++index) {
        const std::string& key = keys.documents[index].document_key;
        if (key == letter.document_key) {
            letter.document = objects[index].id;
            letter.completeness = completeness[index];
        }
        for (letter_document_row& row : further)
            if (row.document_key == key) {
                row.document = objects[index].id;
                row.completeness = completeness[index];
            }
        tx.add_blob(objects[index]);
    }
    tx.save_letter(letter);
    for (const letter_document_row& row : further) tx.save_letter_document(row);
}

void sealed_documents::save(ports::transaction& tx, const letter_row& letter) const
{
    for (const ports::sealed_object& object : objects) tx.add_blob(object);
    tx.save_letter(letter);
    for (std::size_t index = 1; index < objects.size(); ++index) {
        const incoming_document& one = keys.documents[index];
        tx.save_letter_document({letter.id, static_cast<int>(index) + 1, one.document_key, one.parent_key,
                                 type_codes[index], one.content_sha256, objects[index].id, completeness[index]});
    }
}
}
