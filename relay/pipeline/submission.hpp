// relay/pipeline/submission.hpp: what an edge (spool today, MLLP later) hands to intake, and what intake answers.
// Plain values. The bytes are patient data: they are never logged and leave memory once durable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace relay::pipeline {
// A file over limits.input_octets is refused unread. Up to limits.refused_octets its bytes are here, to be kept as
// those of any refused file; beyond, `bytes` is only its beginning, so that an HL7 sender can be answered, and whoever
// hands it over keeps the file.
enum class size_class { fits, oversize, beyond_keeping };

struct submission {
    std::string name;   // file name without folder, its ending may tell the form: sensitive, never logged
    std::string bytes;  // the HL7 message, the CDA, the sidecar, or a lone PDF
    std::optional<std::string> attachment;  // the PDF that goes with a sidecar
    size_class size = size_class::fits;
};

enum class verdict {
    accepted,  // durable: AA, or code ACCEPTED
    refused,   // kept as an object and answered: AE, or a coded reason
    busy,      // AR: nothing kept, the sender keeps the responsibility
};

struct submission_result {
    verdict what = verdict::busy;
    std::string suffix;   // of the acknowledgement's file name, ".ack.hl7" or ".ack.json"; empty: none can be written
    std::string content;  // of the acknowledgement
};

// The name of an acknowledgement: the submission's name, then `ending`. At most 255 octets (NAME_MAX): a longer name is
// cut and told apart by a digest of the whole, so that an acknowledgement can always be written.
[[nodiscard]] std::string acknowledgement_name(std::string_view submitted, std::string_view ending);
}
