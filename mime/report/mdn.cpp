#include "mime/report/mdn.hpp"

#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/cursor.hpp"

#include <array>
#include <utility>

namespace mime::report {
namespace {
constexpr std::array<std::pair<std::string_view, disposition_type>, 6> types{
    {{"displayed", disposition_type::displayed},
     {"dispatched", disposition_type::dispatched},
     {"processed", disposition_type::processed},
     {"deleted", disposition_type::deleted},
     {"denied", disposition_type::denied},
     {"failed", disposition_type::failed}}};

std::optional<int> first_number(std::string_view text)
{
    while (!text.empty() && !is_digit(text[0])) text.remove_prefix(1);
    cursor in(text);
    const auto number = in.accept_number(1, 6);
    if (!number) return std::nullopt;
    return static_cast<int>(*number);
}

// `mode/sending; type[/modifier]`, spaces and case free. The modifier of the old national form is `Error: 902^…`.
bool read_disposition(std::string_view value, disposition_notification& out)
{
    const auto semicolon = value.find(';');
    if (semicolon == std::string_view::npos) return false;
    out.automatic_action = starts_with_text(trim(value), "automatic-action");
    const std::string_view after = trim(value.substr(semicolon + 1));
    const auto slash = after.find('/');
    const std::string_view name = trim(after.substr(0, slash));
    bool known = false;
    for (const auto& [text, type] : types) {
        if (!same_text(text, name)) continue;
        out.type = type;
        known = true;
    }
    if (!known) return false;
    out.is_error = out.type == disposition_type::failed;
    if (slash == std::string_view::npos) return true;
    const std::string_view modifier = trim(after.substr(slash + 1));
    if (!starts_with_text(modifier, "error")) return true;
    out.is_error = true;
    out.error_text = trim(modifier.substr(5));
    if (out.error_text.starts_with(':')) out.error_text = trim(std::string(out.error_text.substr(1)));
    out.error_code = first_number(out.error_text);
    return true;
}

const std::string* find_anywhere(const std::vector<field_block>& blocks, std::string_view name)
{
    for (const auto& block : blocks)
        if (const auto* value = find_field(block, name)) return value;
    return nullptr;
}

std::string typed_anywhere(const std::vector<field_block>& blocks, std::string_view name)
{
    const auto* value = find_anywhere(blocks, name);
    return value == nullptr ? std::string() : typed_value(*value);
}
}

result<disposition_notification> read_disposition_notification(std::string_view body, const mdn_limits& limits)
{
    if (body.size() > limits.max_octets) return report_errc::too_large;
    const auto blocks = read_blocks(body, {20, 100, limits.max_field_octets});
    if (!blocks.has_value()) return blocks.error();
    disposition_notification out;
    const auto* disposition = find_anywhere(*blocks, "Disposition");
    if (disposition == nullptr || !read_disposition(*disposition, out)) return report_errc::malformed;
    if (const auto* error = find_anywhere(*blocks, "Error"); error != nullptr && !error->empty()) {
        out.is_error = true;
        out.error_text = *error;
        out.error_code = first_number(*error);
    }
    if (const auto* id = find_anywhere(*blocks, "Original-Message-ID"))
        out.original_message_id = message::read_message_id(*id).value_or(std::string());
    out.final_recipient = typed_anywhere(*blocks, "Final-Recipient");
    out.original_recipient = typed_anywhere(*blocks, "Original-Recipient");
    if (const auto* ua = find_anywhere(*blocks, "Reporting-UA")) out.reporting_ua = *ua;
    return out;
}
}
