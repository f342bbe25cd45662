// relay/pipeline/intake_answer.hpp: what intake says to the sender of one submission, in the submission's own form (an
// HL7 ACK, else JSON), and what a submission is known by when it comes again. Any thread.
#pragma once

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
struct answer_text {
    std::optional<mime::hl7::message_header> header;  // of an HL7 message whose MSH could be read
    mime::timestamp now;                              // at the site

    [[nodiscard]] submission_result accepted(const letter_id& letter, std::string_view what) const;
    // The same file twice: the same words again.
    [[nodiscard]] submission_result repeated(const ports::submission_answer& before) const;
    [[nodiscard]] submission_result refused(const refusal& why) const;
    // Nothing was kept. Only HL7 has a word for it; any other file stays where it is and is tried again.
    [[nodiscard]] submission_result busy() const;
};

// SHA-256, hex, of the content: the same file, found again after a crash or sent twice, has the same.
[[nodiscard]] std::string content_digest(const submission& from);

// Keyed HMACs (domain.md §4).
struct submission_keys {
    std::string content;
    std::string message;  // of MSH-3, MSH-4, MSH-10, MSH-9; empty for any other form

    [[nodiscard]] static submission_keys of(const ports::vault& vault, const submission& from,
                                            const std::optional<mime::hl7::message_header>& header);
    [[nodiscard]] bool is_message_known(ports::reader& store) const;
    void remember(ports::transaction& tx, const ports::submission_answer& answer) const;
};
}
