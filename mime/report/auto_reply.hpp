// mime/report/auto_reply.hpp: was this mail written by a machine in answer to ours (RFC 3834 §5, and what responders
// did before it)? Such a mail says nothing about delivery or reading. Pure, any thread.
#pragma once

#include "mime/message/header.hpp"

#include <string_view>

namespace mime::report {
enum class automatic { no, by_field, by_subject };
[[nodiscard]] automatic is_automatic(const message::header_view& header);

// "Re: ", "RE : ", "Rép : ", "TR : " … taken off; `folded` is of folded_value().
[[nodiscard]] std::string_view without_reply_prefix(std::string_view folded) noexcept;
}
