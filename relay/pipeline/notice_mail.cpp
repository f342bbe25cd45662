#include "relay/pipeline/notice_mail.hpp"

#include "mime/message/compose.hpp"
#include "mime/message/header.hpp"
#include "mime/text/base64.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t line_octets = 76;  // RFC 2045 §6.8

result<std::string> header_of(const notice& what, const mime::message::mail_date& date)
{
    const auto from = mime::message::write_mailbox({"Liaison", what.from});
    const auto to = mime::message::write_mailbox({"", what.to});
    const auto subject = mime::message::encode_words(what.subject);
    const auto id = mime::message::write_message_id(what.message_id);
    for (const auto* one : {&from, &to, &subject, &id})
        if (!one->has_value()) return one->error();
    std::string out;
    const std::pair<std::string_view, std::string> fields[] = {
        {"From", *from},        {"To", *to},
        {"Subject", *subject},  {"Date", mime::message::write_date(date)},
        {"Message-ID", *id},    {"Auto-Submitted", "auto-generated"},
        {"MIME-Version", "1.0"}};
    for (const auto& [name, value] : fields) {
        auto line = mime::message::write_field(name, value);
        if (!line.has_value()) return line.error();
        out += *line;
    }
    return out;
}

result<std::string> html_part(std::string_view html)
{
    auto part = mime::message::text_part(html);
    if (!part.has_value()) return part;
    constexpr std::string_view plain = "text/plain";
    if (const auto at = part->find(plain); at != std::string::npos) part->replace(at, plain.size(), "text/html");
    return part;
}

std::string picture_part(const notice& what)
{
    return "Content-Type: image/png\r\nContent-ID: <chart>\r\nContent-Disposition: inline; filename=\"" +
           what.picture_name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
           mime::base64_encode(what.picture, line_octets);
}
}

result<std::string> write_notice(const notice& what, const mime::message::mail_date& date)
{
    auto header = header_of(what, date);
    if (!header.has_value()) return header;
    auto text = mime::message::text_part(what.text);
    if (!text.has_value()) return text;
    if (what.html.empty()) return *header + *text;
    auto html = html_part(what.html);
    if (!html.has_value()) return html;
    std::string shown = *html;
    if (!what.picture.empty()) {
        auto related = mime::message::write_multipart("related", base::random_token(), {*html, picture_part(what)});
        if (!related.has_value()) return related;
        shown = *related;
    }
    return mime::message::write_multipart("alternative", base::random_token(), {*text, shown}, {}, *header);
}

result<made_report> make_notice(const services& with, const notice& what, const mime::zone& zone)
{
    const auto bytes = write_notice(what, date_of(with.clock.now(), zone));
    if (!bytes.has_value()) return bytes.error();
    return seal_report(with, *bytes, what.to, what.message_id);
}
}
