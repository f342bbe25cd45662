// mime/hl7/grammar.hpp: the segments of a document message, their number and their order (mssante.md §2.2):
//   ORU_R01 : MSH [{SFT}] [UAC] PID [PV1] { ORC OBR [{NTE}] [{TQ1}] { OBX [{PRT}] [{NTE}] } }
//   MDM_T02 : MSH [{SFT}] [UAC] EVN PID PV1 ORC [{TQ1 [{TQ2}]}] OBR [{NTE}] TXA { OBX [{PRT}] [{NTE}] }
// Segments of other names may stand anywhere and are ignored. Pure, safe from any thread. For document_message.cpp.
#pragma once

#include "mime/hl7/checker.hpp"
#include "mime/hl7/message.hpp"

namespace mime::hl7 {
enum class structure { mdm_t02, oru_r01 };

// Errors: 100 with the place of the missing segment, or of the first one that stands where it may not; 198 with the
// place of the second of two. True if every required segment is there, in order or not.
bool check_segments(checker& check, const message& message, structure expected);
}
