#include "mime/report/dsn.hpp"

#include "mime/text/ascii.hpp"

#include <array>
#include <utility>

namespace mime::report {
namespace {
constexpr std::array<std::pair<std::string_view, dsn_action>, 5> actions{{{"failed", dsn_action::failed},
                                                                          {"delayed", dsn_action::delayed},
                                                                          {"delivered", dsn_action::delivered},
                                                                          {"relayed", dsn_action::relayed},
                                                                          {"expanded", dsn_action::expanded}}};

std::optional<dsn_action> read_action(std::string_view text)
{
    text = text.substr(0, text.find_first_of(" \t(;"));  // "delivered (to mailbox)" is seen
    for (const auto& [name, action] : actions)
        if (same_text(name, text)) return action;
    return std::nullopt;
}

std::string value_or_empty(const field_block& block, std::string_view name)
{
    const auto* value = find_field(block, name);
    return value == nullptr ? std::string() : *value;
}

std::string typed_or_empty(const field_block& block, std::string_view name)
{
    const auto* value = find_field(block, name);
    return value == nullptr ? std::string() : typed_value(*value);
}

// "smtp; 550 5.1.1 …" or Exchange's "smtp;550-5.1.1 …".
std::optional<int> leading_smtp_code(std::string_view text)
{
    if (text.size() < 3 || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
    if (text.size() > 3 && text[3] != ' ' && text[3] != '-') return std::nullopt;
    const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (code < 200 || code > 599) return std::nullopt;
    return code;
}

// Exim says 5.0.0 whatever happened; the reply it quotes says more.
std::optional<enhanced_status> better_status(const recipient_status& from)
{
    const bool vague = !from.status || (from.status->subject == 0 && from.status->detail == 0);
    if (!vague || !from.smtp_code || from.diagnostic.size() < 5) return from.status;
    const auto quoted = read_enhanced_status(std::string_view(from.diagnostic).substr(4));
    return quoted && quoted->klass == *from.smtp_code / 100 ? quoted : from.status;
}

std::optional<recipient_status> read_recipient(const field_block& block)
{
    const auto* action_text = find_field(block, "Action");
    const auto action = action_text == nullptr ? std::nullopt : read_action(*action_text);
    if (!action) return std::nullopt;
    recipient_status out;
    out.action = *action;
    out.original_recipient = typed_or_empty(block, "Original-Recipient");
    out.final_recipient = typed_or_empty(block, "Final-Recipient");
    out.status = read_enhanced_status(value_or_empty(block, "Status"));
    out.diagnostic = typed_or_empty(block, "Diagnostic-Code");
    out.smtp_code = leading_smtp_code(out.diagnostic);
    out.status = better_status(out);
    out.remote_mta = typed_or_empty(block, "Remote-MTA");
    return out;
}

void read_message_fields(const field_block& block, delivery_status& out)
{
    if (out.reporting_mta.empty()) out.reporting_mta = typed_or_empty(block, "Reporting-MTA");
    if (out.original_envelope_id.empty()) out.original_envelope_id = value_or_empty(block, "Original-Envelope-Id");
    if (out.arrival_date.empty()) out.arrival_date = value_or_empty(block, "Arrival-Date");
}
}

result<delivery_status> read_delivery_status(std::string_view body, const dsn_limits& limits)
{
    // Blocks that hold no recipient count too: as many again, and the one of the message.
    const auto blocks = read_blocks(body, {2 * limits.max_recipients + 1, 100, limits.max_field_octets});
    if (!blocks.has_value()) return blocks.error();
    delivery_status out;
    for (const auto& block : *blocks) {
        read_message_fields(block, out);
        auto recipient = read_recipient(block);
        if (!recipient) continue;
        if (out.recipients.size() == limits.max_recipients) return report_errc::too_large;
        out.recipients.push_back(std::move(*recipient));
    }
    if (out.recipients.empty()) return report_errc::malformed;
    return out;
}
}
