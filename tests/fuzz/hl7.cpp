// Target hl7: MSH for answers, the message, its form, the document and movement readers with the strictest and a
// lenient profile, and the answer that is written. Success: one of the readers accepted the message.
#include "mime/hl7/acknowledgement.hpp"
#include "mime/hl7/document_message.hpp"
#include "mime/hl7/movement_message.hpp"
#include "mime/hl7/peek.hpp"
#include "mime/text/charset.hpp"
#include "tests/fuzz/harness.hpp"
#include "tests/unit/mime/hl7/sample.hpp"

namespace hl7 = mime::hl7;
namespace {
hl7::profile lenient()
{
    hl7::profile made;
    made.processing_ids = {"P", "T", "D"};
    made.document_profiles.emplace_back("2.0^CISIS_CDA_HL7_V2");
    made.new_order_codes.emplace_back("SC");
    made.availability_codes.emplace_back("LA");
    made.telecom_uses = {"NET"};
    made.document_id_namespace = hl7::tolerance::accepted;
    made.test_identities_in_production = hl7::tolerance::accepted;
    made.ending = hl7::last_segment::any;
    return made;
}

// Errors are written into acknowledgements: each names a place, and none holds what HL7 could not carry.
template <class Value>
bool accepted(const hl7::hl7_result<Value>& read)
{
    if (read.has_value()) return true;
    fuzz::promise(!read.error().empty());
    for (const hl7::hl7_error& each : read.error()) fuzz::promise(mime::is_utf8(each.location + each.text));
    return false;
}

bool accepts(const hl7::message& message, const hl7::profile& profile)
{
    const auto form = hl7::form_of(message, profile);
    bool any = false;
    // Both readers whatever the form: they promise to stand any message.
    const auto document = hl7::read_document_message(message, profile);
    const auto movement = hl7::read_movement_message(message, profile);
    if (!accepted(form)) return false;
    if (*form == hl7::message_form::document && accepted(document)) {
        any = true;
        fuzz::promise(!document->documents.empty());
    }
    return (*form == hl7::message_form::movement && accepted(movement)) || any;
}

void check_parts(const hl7::message& message)
{
    for (const hl7::segment& segment : message.segments()) {
        fuzz::promise(mime::is_utf8(segment.raw()));
        const std::string text = hl7::unescape(segment.raw(), message.marks());
        fuzz::promise(mime::is_utf8(text));
        const hl7::delimiters standard;
        if (!mime::has_control(text))
            fuzz::promise(text == "\"\"" || hl7::unescape(hl7::escape(text), standard) == text);
        for (std::size_t i = 0; i < 4; ++i) (void)segment.field(i).component(i).sub(i).text();
    }
}
}

std::vector<std::string> fuzz::seeds()
{
    const std::string document = hl7_test::document_text();
    const auto later = [&](std::string_view event, std::string_view control, std::string_view status) {
        std::string text = hl7_test::replaced(document, "MDM^T02", "MDM^" + std::string(event));
        text = hl7_test::with_field(hl7_test::with_field(text, "ORC", 1, control), "OBX", 11, status);
        return hl7_test::with_field(text, "TXA", 13, "2.999.7.417.0");
    };
    const std::string latin9 = hl7_test::replaced(document, "UNICODE UTF-8", "8859/15");
    std::string octets;
    for (std::size_t i = 0; i < latin9.size(); ++i)  // « é » and « à » of the labels
        octets += latin9[i] == '\xc3' ? static_cast<char>(latin9[++i] + 0x40) : latin9[i];
    return {document,
            hl7_test::discharge_text(),
            hl7_test::movement_text("A01"),
            hl7_test::movement_text("A13"),
            hl7_test::movement_text("Z99"),
            octets,
            "\x0b" + hl7_test::replaced(document, "\r", "\r\n") + "\x1c\r",
            later("T10", "RO", "C"),
            later("T04", "CA", "D"),
            hl7_test::observation_text(1),
            hl7_test::observation_text(2),
            hl7_test::replaced(document, "PENsaW5pY2FsRG9jdW1lbnQvPg==", "PENsaW5p\\.br\\Y2Fs RG9jdW1lbnQvPg")};
}

bool fuzz::reads(std::string_view input)
{
    static const hl7::profile strict, tolerant = lenient();
    (void)hl7::peek(input.substr(0, 64));
    const auto header = hl7::read_header(input);
    if (header) (void)hl7::write_ack(*header, hl7::refusal("1", {}, {{207, "OBX^1^5", "texte", hl7::ack_code::AE}}));
    const auto message = hl7::borrow_message(input, hl7::last_segment::any);
    if (!accepted(message)) return false;
    check_parts(*message);
    const bool strictly = accepts(*message, strict);
    const bool tolerantly = accepts(*message, tolerant);
    promise(!strictly || tolerantly);
    return tolerantly;
}
