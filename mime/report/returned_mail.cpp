#include "mime/report/returned_mail.hpp"

#include "mime/message/entity.hpp"
#include "mime/message/header.hpp"
#include "mime/report/auto_reply.hpp"
#include "mime/report/bounce_text.hpp"
#include "mime/report/plain_text.hpp"
#include "mime/report/reply_text.hpp"
#include "mime/text/ascii.hpp"

#include <algorithm>
#include <array>

namespace mime::report {
namespace {
using message::header_view;
using message::parsed_entity;
using message::part;

// Also "message/global-…" of RFC 6533: same fields.
bool is_delivery_status(const part& p)
{
    return p.is("message", "delivery-status") || p.is("message", "global-delivery-status");
}

bool is_disposition(const part& p)
{
    return p.is("message", "disposition-notification") || p.is("message", "global-disposition-notification");
}

bool is_returned_mail(const part& p)
{
    return p.is("message", "rfc822") || p.is("message", "global") || p.is("text", "rfc822-headers") ||
           p.is("text", "rfc822-header") || p.is("message", "global-headers");
}

std::string decoded(const parsed_entity& mail, const part& p)
{
    auto body = mail.decoded_body(p);
    return body.has_value() ? std::move(*body) : std::string(mail.body(p));
}

std::string message_id_in(std::string_view header)
{
    const auto fields = header_view::read(header);
    if (!fields.has_value()) return {};
    const auto value = fields->find("Message-ID");
    return value ? message::read_message_id(*value).value_or(std::string()) : std::string();
}

// How a machine part begins when a gateway has lost its type.
bool looks_like_report(std::string_view body)
{
    body = trim(body.substr(0, 2048));
    for (const auto* field : {"Reporting-MTA:", "Original-Envelope-Id:", "Final-Recipient:", "Original-Recipient:",
                              "Reporting-UA:", "Original-Message-ID:", "Disposition:"})
        if (starts_with_text(body, field)) return true;
    return false;
}

// The delimiter that a mail cut on its way should end with; empty if it has it, or is no multipart.
std::string missing_delimiter(const parsed_entity& mail)
{
    const auto boundary = mail.root().find_parameter("boundary");
    if (mail.root().type != "multipart" || !boundary || boundary->empty()) return {};
    std::string end = "--" + *boundary + "--";
    return mail.bytes().find(end) == std::string::npos ? end : std::string();
}

enum class completeness { whole, cut };

class reading {
public:
    reading(const parsed_entity& mail, const header_view& header, completeness how, const return_limits& limits)
        : mail_(mail), header_(header), limits_(limits)
    {
        if (how == completeness::cut) doubted(doubt::cut);
        if (const auto id = header.find("Message-ID")) out_.message_id = message::read_message_id(*id).value_or("");
    }

    returned_mail run() &&
    {
        walk_parts();
        const std::string text = is_report() ? std::string() : plain_text(mail_, limits_.max_text_octets);
        if (!is_report() && !out_.has(doubt::too_large) && !read_national_error(text)) read_words(text);
        note_returned_ids();
        note_references();
        if (out_.kind == return_kind::other && !out_.has(doubt::too_large) && answers()) become_reply(text);
        std::sort(out_.doubts.begin(), out_.doubts.end());
        return std::move(out_);
    }

private:
    bool is_report() const { return out_.kind == return_kind::dsn || out_.kind == return_kind::mdn; }
    void doubted(doubt what)
    {
        if (!out_.has(what)) out_.doubts.push_back(what);
    }
    void note(std::string id, id_source source)
    {
        if (id.empty() || out_.originals.size() >= limits_.max_originals) return;
        for (const auto& known : out_.originals)
            if (known.id == id) return;
        out_.originals.push_back({std::move(id), source});
    }

    // A report inside a mail that is itself given back or forwarded is not this mail's report.
    void walk_parts()
    {
        std::size_t embedded_end = 0;
        bool embedded_report = false;
        for (const part& p : mail_.parts()) {
            if (p.header_start < embedded_end) {
                embedded_report = embedded_report || is_delivery_status(p) || is_disposition(p);
                continue;
            }
            if (p.kind == message::part_kind::message) embedded_end = p.end;
            if (is_returned_mail(p)) {
                returned_.push_back(&p);
            } else if (!is_report() && !out_.has(doubt::too_large)) {
                read_machine_part(p);
            }
        }
        if (embedded_report && !is_report()) doubted(doubt::embedded_report);
    }

    void read_machine_part(const part& p)
    {
        if (is_delivery_status(p)) {
            try_delivery(decoded(mail_, p));
        } else if (is_disposition(p)) {
            try_disposition(decoded(mail_, p));
        } else if (p.kind == message::part_kind::leaf && &p != &mail_.root() && !p.is("text", "html") &&
                   looks_like_report(mail_.body(p))) {
            const std::string body = decoded(mail_, p);
            if (!try_delivery(body)) try_disposition(body);
            if (is_report()) doubted(doubt::mistyped_part);
        }
    }

    bool try_delivery(std::string_view body)
    {
        auto read = read_delivery_status(body, limits_.dsn);
        if (!read.has_value()) return refused(read.error());
        out_.kind = return_kind::dsn;
        out_.envelope_id = std::move(read->original_envelope_id);
        out_.recipients = std::move(read->recipients);
        return true;
    }

    bool try_disposition(std::string_view body)
    {
        auto read = read_disposition_notification(body, limits_.mdn);
        if (!read.has_value()) return refused(read.error());
        out_.kind = return_kind::mdn;
        note(read->original_message_id, id_source::report_field);
        out_.disposition = std::move(*read);
        return true;
    }

    bool refused(const boost::system::error_code& why)
    {
        if (why != report_errc::too_large) return false;
        doubted(doubt::too_large);
        return false;
    }

    // mssante.md §6.3: no field says it, only words in the subject and the text; so the mail must be given back too.
    bool read_national_error(const std::string& text)
    {
        const std::string subject = folded_subject(header_);
        if (subject.find("[ko integration systeme") == std::string::npos &&
            subject.find("[erreur d'integration") == std::string::npos)
            return false;
        const auto in_subject = filing_code(subject), in_text = filing_code(text);
        if (returned_.empty() || (!in_subject && !in_text)) {
            doubted(doubt::by_subject);
            return false;
        }
        disposition_notification said;
        said.automatic_action = true;
        said.is_error = true;
        said.error_code = in_text ? in_text : in_subject;
        if (in_subject && in_text && in_subject != in_text) {
            said.error_code.reset();
            doubted(doubt::contradictory);
        }
        out_.kind = return_kind::mdn;
        out_.disposition = std::move(said);
        doubted(doubt::from_text);
        return true;
    }

    // 900 to 906, standing alone.
    static std::optional<int> filing_code(std::string_view text)
    {
        for (auto at = text.find("90"); at != std::string_view::npos; at = text.find("90", at + 1)) {
            const std::string_view number = text.substr(at, 3);
            const char before = at == 0 ? ' ' : text[at - 1], after = at + 3 < text.size() ? text[at + 3] : ' ';
            if (number.size() == 3 && number[2] >= '0' && number[2] <= '6' && !is_alnum(before) && !is_alnum(after))
                return 900 + (number[2] - '0');
        }
        return std::nullopt;
    }

    void read_words(const std::string& text)
    {
        auto bounce =
            read_bounce(header_, text, returned_.empty() ? given_back::nothing : given_back::as_part, limits_.dsn);
        if (bounce) {
            out_.kind = return_kind::bounce;
            out_.recipients = std::move(bounce->recipients);
            text_ids_ = std::move(bounce->message_ids);
            doubted(bounce->in_body ? doubt::from_text : doubt::by_subject);
            if (out_.recipients.empty()) {
                doubted(doubt::nobody_named);
                recipient_status nobody;
                nobody.action = bounce->action;
                out_.recipients.push_back(std::move(nobody));
            }
            return;
        }
        const automatic machine = is_automatic(header_);
        if (machine == automatic::no) return;
        out_.kind = return_kind::auto_reply;
        if (machine == automatic::by_subject) doubted(doubt::by_subject);
    }

    void note_returned_ids()
    {
        for (const part* p : returned_) note(message_id_in(decoded(mail_, *p)), id_source::returned_mail);
        for (auto& id : text_ids_) note(std::move(id), id_source::returned_mail);
    }

    void note_references()
    {
        for (const auto* field : {"In-Reply-To", "References"})
            if (const auto value = header_.find(field))
                for (auto& id : message::read_message_ids(*value, limits_.max_originals)) {
                    note(std::move(id), id_source::references);
                    refers_ = true;
                }
    }

    bool answers() const
    {
        if (refers_) return true;
        const std::string subject = folded_subject(header_);
        return without_reply_prefix(subject).size() < trim(subject).size();
    }

    void become_reply(const std::string& text)
    {
        out_.kind = return_kind::reply;
        // A person answers the mail he refers to; what he attaches may be about anybody.
        if (refers_)
            std::erase_if(out_.originals,
                          [](const original_id& one) { return one.source == id_source::returned_mail; });
        if (disputes_patient(text)) out_.wording = reply_wording::not_my_patient;
    }

    const parsed_entity& mail_;
    const header_view& header_;
    const return_limits& limits_;
    returned_mail out_;
    std::vector<const part*> returned_;
    std::vector<std::string> text_ids_;
    bool refers_ = false;
};
}

bool returned_mail::has(doubt which) const noexcept
{
    return std::find(doubts.begin(), doubts.end(), which) != doubts.end();
}

returned_mail read_returned_mail(std::string_view bytes, const return_limits& limits)
{
    returned_mail nothing;
    nothing.doubts.push_back(doubt::unreadable);
    auto mail = message::read_entity(std::string(bytes), limits.scan);
    if (!mail.has_value()) return nothing;
    auto how = completeness::whole;
    if (const std::string end = missing_delimiter(*mail); !end.empty()) {
        // libetpan gives up all parts when the last one is empty: a delimiter with nothing behind it goes.
        std::string_view there = trim(bytes);
        const auto open = std::string_view(end).substr(0, end.size() - 2);
        if (there.ends_with(open)) there.remove_suffix(open.size());
        auto ended = message::read_entity(std::string(there) + "\r\n" + end + "\r\n", limits.scan);
        if (ended.has_value()) mail = std::move(ended);
        how = completeness::cut;
    }
    const auto header = header_view::read(mail->header(mail->root()));
    if (!header.has_value()) return nothing;
    return reading(*mail, *header, how, limits).run();
}

std::string_view name(return_kind value) noexcept
{
    constexpr std::array<std::string_view, 6> names{"dsn", "mdn", "bounce", "auto_reply", "reply", "other"};
    return names[static_cast<std::size_t>(value)];
}

std::string_view name(doubt value) noexcept
{
    constexpr std::array<std::string_view, 9> names{"unreadable",    "too_large",       "cut",
                                                    "mistyped_part", "from_text",       "by_subject",
                                                    "nobody_named",  "embedded_report", "contradictory"};
    return names[static_cast<std::size_t>(value)];
}
}
