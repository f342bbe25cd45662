// relay/imap/wire/fetch_item.hpp: what a FETCH asks for (RFC 3501 §6.4.5). Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace relay::imap {
enum class section_text { all, header, header_fields, header_fields_not, text, mime };

struct section {
    std::vector<std::uint32_t> part;  // "1.2"; empty for the message itself
    section_text text = section_text::all;
    std::vector<std::string> fields;  // of HEADER.FIELDS and HEADER.FIELDS.NOT, as written
};

struct octet_range {  // "<offset.count>"
    std::uint32_t offset = 0;
    std::uint32_t count = 0;
};

enum class fetch_kind { envelope, flags, internal_date, size, uid, body, body_structure, content };
enum class fetch_effect { peek, sets_seen };

struct fetch_item {
    fetch_kind kind = fetch_kind::flags;
    fetch_effect effect = fetch_effect::peek;
    std::string label;  // how the response names it: "BODY[1.2]<0>", "RFC822.TEXT"
    section what;       // of content
    std::optional<octet_range> partial;
};
}
