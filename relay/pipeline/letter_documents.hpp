// relay/pipeline/letter_documents.hpp: the documents of one letter as keys, rows and sealed objects: the first in the
// letter's own row, any further one in a row beside it. Sealing is CPU work and belongs before the store unit.
#pragma once

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/services.hpp"
#include "relay/pipeline/version_chain.hpp"

namespace relay::pipeline {
// What the documents are known by when they, or others of their set, come again.
struct document_keys {
    std::vector<incoming_document> documents;  // in the order of the plan
    std::string set_key;
    bool names_set = true;  // as in incoming_letter
    int version = 1;

    // Borrows from this.
    [[nodiscard]] incoming_letter coming(letter_operation operation) const;
};

[[nodiscard]] document_keys document_keys_of(const ports::vault& vault, const letter_plan& plan);

struct sealed_documents {
    document_keys keys;
    std::vector<std::string> type_codes;
    std::vector<std::string> completeness;
    std::vector<ports::sealed_object> objects;

    // Fills the columns of the letter's first document.
    void describe(letter_row& letter) const;
    void save(ports::transaction& tx, const letter_row& letter) const;
    // The same documents again, of a letter whose content was destroyed.
    void restore(ports::transaction& tx, letter_row letter, std::string details) const;
};

// Of a letter that is stored if it is admitted: check T04 is told so.
[[nodiscard]] sealed_documents seal_documents(const services& with, const letter_plan& plan);
}
