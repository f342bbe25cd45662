// relay/mllp/engine/refusal.hpp: the negative acknowledgement of what never reached intake: a frame that is broken, too
// big, or has no room now (mssante.md §3.1). Pure, safe from any thread. Never holds a value of the message but its
// MSH.
#pragma once

#include <string>
#include <string_view>

#include "mime/text/timestamp.hpp"
#include "relay/mllp/wire/frame.hpp"

namespace relay::mllp {
enum class refusal_cause { no_start, no_end, bad_end, too_big, busy };

[[nodiscard]] refusal_cause cause_of(frame_fault fault) noexcept;
[[nodiscard]] std::string_view name(refusal_cause cause) noexcept;

// AE, or AR for busy; "" when the MSH cannot be read: nobody to address it to. `head`: the beginning of the message.
[[nodiscard]] std::string write_refusal(std::string_view head, refusal_cause cause, std::string control_id,
                                        const mime::timestamp& now);
}
