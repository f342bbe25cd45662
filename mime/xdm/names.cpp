#include "mime/xdm/names.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"
#include "mime/text/charset.hpp"

namespace mime::xdm {
namespace {
constexpr std::string_view prefix = "XDM/1.0/DDM+";
constexpr std::size_t max_label_characters = 40;

// One line without control characters, whatever the document says.
std::string one_line(std::string_view text)
{
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == '\x7F' ? ' ' : c;
    return out;
}

std::string plain(std::string_view text)
{
    return one_line(ascii_fold(text));
}

std::string label_of(const cda::header& header)
{
    const std::string& label = header.type.label.empty() ? header.title : header.type.label;
    return one_line(truncate_characters(label.empty() ? "Document" : label, max_label_characters));
}

std::string first_word_plain(const std::string& label)
{
    const std::size_t end = std::min(label.find(' '), label.size());
    return plain(std::string_view(label).substr(0, end)) + label.substr(end);
}

std::string safe_part(std::string_view text)
{
    std::string out;
    for (const char c : plain(text)) {
        const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (kept) {
            out += c;
        } else if (!out.empty() && out.back() != '-') {
            out += '-';
        }
    }
    while (!out.empty() && out.back() == '-') out.pop_back();
    return out;
}

std::string french_date(const std::string& yyyymmdd)
{
    const auto day = read_timestamp(yyyymmdd);
    if (!day || day->precision < time_precision::day) return {};
    return yyyymmdd.substr(6, 2) + "/" + yyyymmdd.substr(4, 2) + "/" + yyyymmdd.substr(0, 4);
}

std::string date_of_act(const cda::header& header)
{
    const cda::service_event* event = header.main_event();
    const auto& at = event != nullptr && event->when.low ? event->when.low : header.effective_time;
    return at ? write_timestamp(*at).substr(0, 8) : std::string();
}
}

std::string truncate_characters(std::string_view utf8, std::size_t max_characters)
{
    std::size_t characters = 0;
    std::size_t at = 0;
    for (; at < utf8.size(); ++at) {
        const bool starts = (static_cast<unsigned char>(utf8[at]) & 0xC0U) != 0x80U;
        if (starts && ++characters > max_characters) break;
    }
    std::string out(utf8.substr(0, at));
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

std::string subject_without_identity(const cda::header& header, std::size_t documents)
{
    return std::string(prefix) +
           (documents > 1 ? std::to_string(documents) + " documents" : first_word_plain(label_of(header)));
}

patient_text subject_with_identity(const cda::header& header, std::size_t documents)
{
    std::string out = subject_without_identity(header, documents);
    const cda::patient& who = header.patient;
    for (const std::string& part : {upper(plain(who.family_to_show().reveal())), plain(who.given_to_show().reveal()),
                                    french_date(who.birth_date.reveal())}) {
        if (!part.empty()) out.append(" ").append(part);
    }
    return patient_text(std::move(out));
}

patient_text pdf_file_name(const cda::header& header)
{
    std::string out;
    const cda::patient& who = header.patient;
    for (const std::string& part :
         {date_of_act(header), safe_part(truncate_characters(label_of(header), max_label_characters)),
          upper(safe_part(who.family_to_show().reveal())), safe_part(who.given_to_show().reveal())}) {
        if (!part.empty()) out.append(out.empty() ? "" : "_").append(truncate_characters(part, max_label_characters));
    }
    return patient_text(out + ".pdf");
}

std::string document_name(std::size_t number)
{
    const std::string digits = std::to_string(number);
    return "DOC" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits + ".XML";
}
}
