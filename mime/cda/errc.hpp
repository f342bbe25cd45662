// mime/cda/errc.hpp: why a CDA document could not be read. The error names the place, never a value of the patient.
#pragma once

#include <boost/assert/source_location.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "mime/text/result.hpp"

namespace mime::cda {
enum class cda_errc {
    too_large = 1,     // over cda_limits::max_octets
    nul_byte,          // a NUL, raw or as a character reference
    encoding,          // not UTF-8, or declared as something else
    doctype,           // a DOCTYPE or any other markup declaration: never needed, so refused
    malformed,         // not well-formed XML
    too_deep,          // over cda_limits::max_depth
    too_many_nodes,    // over cda_limits::max_elements or max_attributes
    not_a_document,    // no ClinicalDocument of urn:hl7-org:v3
    two_documents,     // more than one of them
    missing,           // a field nothing can be done without
    no_body,           // neither nonXMLBody nor structuredBody
    not_non_xml_body,  // an N1 content was asked of a structured document
    not_base64,        // the N1 body (or PDF copy) does not decode
    empty_content,     // it decodes to nothing
};

[[nodiscard]] std::string_view name_of(cda_errc code) noexcept;  // "two_documents": stable, for logs and tables

struct cda_error {
    cda_errc code = cda_errc::malformed;
    std::string field;  // "recordTarget/patientRole/id", or "offset 1234" where the XML itself is at fault
    std::string text;   // French, for people; no value of the document
};

template <class T>
using cda_result = result<T, cda_error>;

// result::value() on an error is a bug of the caller: it throws this way.
[[noreturn]] void throw_exception_from_error(const cda_error& error, const boost::source_location& where);
}
