// relay/pipeline/intake_refusal.hpp: refusals that hang on what came before, in words for the sender. Pure, any thread.
#pragma once

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/version_chain.hpp"

namespace relay::pipeline {
// MSH-10 with other content.
[[nodiscard]] refusal refuse_reused_message();
// `header`: of an HL7 message, tells where it names its document.
[[nodiscard]] refusal refuse_admission(admission_fault fault, submission_form form,
                                       const std::optional<mime::hl7::message_header>& header);
}
