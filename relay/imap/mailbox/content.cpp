#include "relay/imap/mailbox/content.hpp"

#include "mime/message/header.hpp"

namespace relay::imap {
namespace {
namespace mail = mime::message;

mail::section_part part_of(section_text text)
{
    switch (text) {
        case section_text::all: return mail::section_part::whole;
        case section_text::header: return mail::section_part::header;
        case section_text::header_fields: return mail::section_part::header_fields;
        case section_text::header_fields_not: return mail::section_part::header_fields_not;
        case section_text::text: return mail::section_part::text;
        case section_text::mime: return mail::section_part::mime;
    }
    return mail::section_part::whole;
}

// The message itself needs no map: all its sections follow from where its header ends.
mail::section_map map_of_whole(std::string_view octets)
{
    const std::size_t header = mail::header_octets(octets);
    mail::section_entry whole;
    whole.header = {0, header};
    whole.content = {0, octets.size()};
    whole.inner_header = whole.header;
    whole.inner_text = mail::section_range{header, octets.size()};
    return mail::section_map({whole});
}
}

std::optional<mail::section_bytes> find_content(const section& wanted, const message_source& source)
{
    mail::section_request request{"", part_of(wanted.text), wanted.fields};
    for (const auto number : wanted.part) {
        if (!request.path.empty()) request.path += '.';
        request.path += std::to_string(number);
    }
    if (request.path.empty()) {
        const bool whole = wanted.text == section_text::all || wanted.text == section_text::text;
        const auto octets = whole || source.header.empty() ? source.message : source.header;
        return mail::read_section(octets, map_of_whole(octets), request);
    }
    const auto sections = mail::read_section_map(source.sections, source.message.size());
    if (!sections) return std::nullopt;
    return mail::read_section(source.message, *sections, request);
}
}
