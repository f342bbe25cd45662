// mime/hl7/observation.hpp: the OBX part of a document message: the documents and the handling orders that follow them
// (mssante.md §2.2, §2.5). For document_message.cpp. Pure; the groups borrow from the message.
#pragma once

#include "mime/hl7/checker.hpp"
#include "mime/hl7/document_message.hpp"
#include "mime/hl7/message.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::hl7 {
struct observation {
    segment obx;
    std::vector<segment> prts;
    std::vector<segment> ntes;
    std::size_t order = 0;  // of the OBR it stands under, from 0
};

struct observations {
    std::vector<observation> documents;
    std::map<std::string, observation, std::less<>> metadata;  // by national code
};

// Errors: 100 no document, or a PRT away from it; 198 a document too many, or a code given twice; 101 and 102 OBX-2 of
// a document. Warnings: metadata in another order than the volet's, or unknown.
[[nodiscard]] observations group_observations(checker& check, const message& message, const profile& profile,
                                              std::size_t max_documents);

// OBX-5 `^text^XML^Base64^…`, without case. The decoded octets.
[[nodiscard]] std::string read_document(checker& check, const segment& obx, std::string_view type_code);

// Fills flags, their places, reply and bodies of `into`.
void read_metadata(checker& check, const observations& all, charset message_charset, document_message& into);
}
