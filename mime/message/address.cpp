#include "mime/message/address.hpp"

#include "mime/message/etpan.hpp"
#include "mime/message/header.hpp"
#include "mime/message/scan.hpp"
#include "mime/text/ascii.hpp"

namespace mime::message {
namespace {
constexpr std::size_t max_local_octets = 64;    // RFC 5321 §4.5.3.1.1
constexpr std::size_t max_domain_octets = 255;  // §4.5.3.1.2
constexpr std::size_t max_label_octets = 63;    // RFC 1035 §2.3.4

bool is_atext(char c) noexcept
{
    return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) noexcept
{
    if (text.empty() || text.front() == '.' || text.back() == '.') return false;
    return text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || is_atext(c); });
}

bool is_quoted_local(std::string_view text) noexcept
{
    if (text.size() < 3 || text.front() != '"' || text.back() != '"') return false;
    text = text.substr(1, text.size() - 2);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_control(text[at]) || is_8bit(text[at]) || text[at] == '"') return false;
        if (text[at] == '\\' && (++at == text.size() || is_control(text[at]) || is_8bit(text[at]))) return false;
    }
    return true;
}

bool is_label(std::string_view label) noexcept
{
    return !label.empty() && label.size() <= max_label_octets && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_domain(std::string_view domain) noexcept
{
    if (domain.size() > max_domain_octets) return false;
    while (true) {
        const auto dot = domain.find('.');
        if (!is_label(domain.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        domain.remove_prefix(dot + 1);
    }
}

std::string shown(const char* name, display_names words)
{
    if (name == nullptr) return {};
    return words == display_names::decoded ? decode_words(unfold(name)) : unfold(name);
}

mailbox to_mailbox(const mailimf_mailbox& box, display_names words)
{
    return {shown(box.mb_display_name, words), box.mb_addr_spec == nullptr ? "" : std::string(box.mb_addr_spec)};
}

std::vector<address_group> to_groups(const mailimf_address_list& list, display_names words)
{
    std::vector<address_group> out;
    etpan::each<mailimf_address>(list.ad_list, [&](const mailimf_address& entry) {
        if (entry.ad_type == MAILIMF_ADDRESS_GROUP && entry.ad_data.ad_group != nullptr) {
            const mailimf_group& group = *entry.ad_data.ad_group;
            out.push_back({shown(group.grp_display_name, words), {}, true});
            if (group.grp_mb_list != nullptr)
                etpan::each<mailimf_mailbox>(group.grp_mb_list->mb_list, [&](const mailimf_mailbox& box) {
                    out.back().members.push_back(to_mailbox(box, words));
                });
        } else if (entry.ad_type == MAILIMF_ADDRESS_MAILBOX && entry.ad_data.ad_mailbox != nullptr) {
            if (out.empty() || out.back().is_group) out.push_back({});
            out.back().members.push_back(to_mailbox(*entry.ad_data.ad_mailbox, words));
        }
    });
    return out;
}

// The same guard as scan_message, for values that reach us by another way.
bool is_safe(std::string_view value, const address_limits& limits)
{
    const auto commas = static_cast<std::size_t>(std::count(value.begin(), value.end(), ','));
    if (value.size() > limits.max_octets || commas >= limits.max_mailboxes) return false;
    std::size_t depth = 0;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] == '\\')
            ++at;
        else if (value[at] == '(' && ++depth > limits.max_comment_depth)
            return false;
        else if (value[at] == ')' && depth > 0)
            --depth;
    }
    return value.find('\0') == std::string_view::npos;
}

bool is_plain_phrase(std::string_view name) noexcept
{
    return std::all_of(name.begin(), name.end(), [](char c) { return c == ' ' || is_atext(c); }) &&
           name.find("=?") == std::string_view::npos;
}

result<std::string> write_phrase(std::string_view name)
{
    if (is_plain_phrase(name)) return std::string(name);
    // Quoted strings and encoded words do not mix in a phrase: if one word needs it, the whole name becomes encoded
    // words.
    if (std::any_of(name.begin(), name.end(), is_8bit) || name.find("=?") != std::string_view::npos)
        return encode_phrase(name);
    std::string quoted = "\"";
    for (const char c : name) {
        if (is_control(c)) return message_errc::bad_header_value;
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted += '"';
}
}

result<address> read_address(std::string_view addr_spec)
{
    const auto at = addr_spec.rfind('@');
    if (at == std::string_view::npos) return message_errc::bad_address;
    const std::string_view local = addr_spec.substr(0, at);
    const std::string_view domain = addr_spec.substr(at + 1);
    if (local.size() > max_local_octets || !(is_dot_atom(local) || is_quoted_local(local)) || !is_domain(domain))
        return message_errc::bad_address;
    return address{std::string(local), lower(domain)};
}

result<std::vector<address_group>> read_address_list(std::string_view value, display_names words,
                                                     const address_limits& limits)
{
    if (!is_safe(value, limits)) return message_errc::bad_address;
    std::size_t at = 0;
    mailimf_address_list* raw = nullptr;
    const int failed = mailimf_address_list_parse(value.data(), value.size(), &at, &raw);
    const etpan::address_list_ptr list(raw);
    if (failed != MAILIMF_NO_ERROR || list == nullptr) return message_errc::bad_address;
    return to_groups(*list, words);
}

result<std::vector<mailbox>> read_mailboxes(std::string_view value, const address_limits& limits)
{
    const auto groups = read_address_list(value, display_names::decoded, limits);
    if (!groups.has_value()) return groups.error();
    std::vector<mailbox> out;
    for (const auto& group : *groups) out.insert(out.end(), group.members.begin(), group.members.end());
    return out;
}

result<std::string> write_mailbox(const mailbox& box)
{
    const auto checked = read_address(box.address);
    if (!checked.has_value()) return checked.error();
    if (box.display_name.empty()) return checked->text();
    auto phrase = write_phrase(box.display_name);
    if (!phrase.has_value()) return phrase;
    return *phrase + " <" + checked->text() + '>';
}
}
