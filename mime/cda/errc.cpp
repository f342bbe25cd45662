#include "mime/cda/errc.hpp"

namespace mime::cda {
std::string_view name_of(cda_errc code) noexcept
{
    switch (code) {
        case cda_errc::too_large: return "too_large";
        case cda_errc::nul_byte: return "nul_byte";
        case cda_errc::encoding: return "encoding";
        case cda_errc::doctype: return "doctype";
        case cda_errc::malformed: return "malformed";
        case cda_errc::too_deep: return "too_deep";
        case cda_errc::too_many_nodes: return "too_many_nodes";
        case cda_errc::not_a_document: return "not_a_document";
        case cda_errc::two_documents: return "two_documents";
        case cda_errc::missing: return "missing";
        case cda_errc::no_body: return "no_body";
        case cda_errc::not_non_xml_body: return "not_non_xml_body";
        case cda_errc::not_base64: return "not_base64";
        case cda_errc::empty_content: return "empty_content";
    }
    return "unknown";
}

void throw_exception_from_error(const cda_error& error, const boost::source_location&)
{
    throw std::logic_error(std::string(name_of(error.code)) + " " + error.field);
}
}
