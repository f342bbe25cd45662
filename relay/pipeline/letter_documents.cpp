#include "relay/pipeline/letter_documents.hpp"

#include "mime/text/digest.hpp"

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
}

sealed_documents seal_documents(const services& with, const letter_plan& plan)
{
    sealed_documents made;
    made.set_key = with.vault.match_key("set", set_named_by(plan));
    made.version = plan.documents.front().version;
    const bool replaces = plan.operation == letter_operation::replace;
    for (const plan_document& one : plan.documents) {
        made.objects.push_back(with.vault.seal(one.bytes));
        incoming_document keys{
            with.vault.match_key("document", one.document_id), {}, mime::hex(made.objects.back().sha256)};
        // A document to delete still names what it once replaced (mssante.md §2.1): only a replacement means it.
        const auto& parent = one.parent_id || !made.keys.empty() ? one.parent_id : plan.parent_id;
        if (replaces && parent) keys.parent_key = with.vault.match_key("document", *parent);
        made.keys.push_back(std::move(keys));
        made.type_codes.push_back(one.type_code);
    }
    return made;
}

incoming_letter sealed_documents::coming(letter_operation operation) const
{
    return {operation, keys, set_key, version};
}

void sealed_documents::describe(letter_row& letter) const
{
    letter.document_key = keys.front().document_key;
    letter.parent_key = keys.front().parent_key;
    letter.content_sha256 = keys.front().content_sha256;
    letter.type_code = type_codes.front();
    letter.document = objects.front().id;
}

void sealed_documents::save(ports::transaction& tx, const letter_row& letter) const
{
    for (const ports::sealed_object& object : objects) tx.add_blob(object);
    tx.save_letter(letter);
    for (std::size_t index = 1; index < keys.size(); ++index)
        tx.save_letter_document({letter.id, static_cast<int>(index) + 1, keys[index].document_key,
                                 keys[index].parent_key, type_codes[index], keys[index].content_sha256,
                                 objects[index].id});
}
}
