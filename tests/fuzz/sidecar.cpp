// Target sidecar: the file that goes with a PDF, in its three forms, and the document made of both. Success: it was
// accepted; then what is written must be readable, with the same identifiers. An input whose first line is "csv" is the
// CSV behind it; else the text itself says whether it is JSON or key=value.
#include "mime/sidecar/sidecar.hpp"

#include <algorithm>

#include "mime/cda/document.hpp"
#include "mime/sidecar/form.hpp"
#include "tests/fuzz/harness.hpp"
#include "tests/support/submissions.hpp"

namespace {
mime::sidecar::sidecar_defaults defaults(mime::sidecar::key_checks keys)
{
    mime::sidecar::sidecar_defaults made;
    made.site.finess = "990000010";
    made.site.name = "HOPITAL DEMO";
    made.site.oid_root = "2.999.1";
    made.zone = *mime::find_zone("Europe/Paris");
    made.keys = keys;
    return made;
}

constexpr std::string_view csv_mark = "csv\n";

// A line of names and a line of values, of the lines "name = value".
std::string as_csv(const std::string& lines)
{
    std::string names, values;
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = std::min(lines.find('\n', at), lines.size());
        const std::size_t sign = lines.find(" = ", at);
        names += (names.empty() ? "" : ";") + lines.substr(at, sign - at);
        values += (values.empty() ? "" : ";") + lines.substr(sign + 3, end - sign - 3);
        at = end + 1;
    }
    return std::string(csv_mark) + names + "\n" + values + "\n";
}
}

std::vector<std::string> fuzz::seeds()
{
    const std::string json = tests::sidecar_file();
    return {json,
            tests::replaced(json, "\"version\": 1",
                            "\"version\": 2, \"id\": \"2.999.7.500.2\", \"replaces\": \"2.999.7.500.1\""),
            tests::replaced(json, "2.999.7.500", "numéro local 12"),
            tests::flat_sidecar_file(),
            as_csv(tests::flat_sidecar_file()),
            tests::replaced(tests::flat_sidecar_file(), "QUENTRELIN", "QUENTR\xc9LIN"),  // ISO-8859-15
            tests::replaced(
                json, "\"document\":",
                R"("establishment": {"phone": "04 00 00 00 00", "address": ["1 rue A", "99000 B"]}, "document":)")};
}

bool fuzz::reads(std::string_view input)
{
    static const auto strict = defaults(mime::sidecar::key_checks::strict);
    static const auto lenient = defaults(mime::sidecar::key_checks::lenient);
    const bool csv = input.substr(0, csv_mark.size()) == csv_mark;
    if (csv) input.remove_prefix(csv_mark.size());
    const auto form = csv ? mime::sidecar::sidecar_form::csv : mime::sidecar::form_of({}, input);
    const auto tolerated = mime::sidecar::read_sidecar(input, lenient, form);
    const auto read = mime::sidecar::read_sidecar(input, strict, form);
    promise(!read.has_value() || tolerated.has_value());
    if (!tolerated.has_value()) return false;
    const std::string written = mime::sidecar::write_n1(*tolerated, tests::pdf);
    const auto document = mime::cda::read_document(written);
    promise(document.has_value());
    promise(document->header().id.text() == tolerated->document.id);
    promise(document->header().set_id && document->header().set_id->text() == tolerated->document.set_id);
    const auto content = mime::cda::extract_body(*document);
    promise(content.has_value() && *content == tests::pdf);
    return read.has_value();
}
