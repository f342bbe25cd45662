// relay/pipeline/letter_documents.hpp: the documents of one letter as rows and sealed objects: the first in the
// letter's own row, any further one in a row beside it. Sealing is CPU work and belongs before the store unit.
#pragma once

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/services.hpp"
#include "relay/pipeline/version_chain.hpp"

namespace relay::pipeline {
struct sealed_documents {
    std::vector<incoming_document> keys;  // in the order of the plan
    std::vector<std::string> type_codes;
    std::vector<ports::sealed_object> objects;
    std::string set_key;
    int version = 1;

    // Borrows from this.
    [[nodiscard]] incoming_letter coming(letter_operation operation) const;
    // Fills the columns of the letter's first document.
    void describe(letter_row& letter) const;
    void save(ports::transaction& tx, const letter_row& letter) const;
};

[[nodiscard]] sealed_documents seal_documents(const services& with, const letter_plan& plan);
}
