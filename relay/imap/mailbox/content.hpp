// relay/imap/mailbox/content.hpp: the octets that a BODY[section] names (RFC 3501 §6.4.5). Pure, any thread.
// Parts are found through the offsets computed at delivery (mime/message/imap_view.hpp): nothing is parsed again.
#pragma once

#include <optional>
#include <string_view>

#include "mime/message/imap_view.hpp"
#include "relay/imap/wire/fetch_item.hpp"

namespace relay::imap {
struct message_source {
    std::string_view message;   // may be empty if only the header is wanted and `header` is not empty
    std::string_view header;    // with its empty line; may be empty: then it is cut from the message
    std::string_view sections;  // of message_structure; unreadable ones leave the message with no parts
};

// None if the message has no such part, or the part is no mail and its HEADER or TEXT is asked for. Borrows from the
// source, but for chosen header fields.
[[nodiscard]] std::optional<mime::message::section_bytes> find_content(const section& wanted,
                                                                       const message_source& source);
}
