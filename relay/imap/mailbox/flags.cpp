#include "relay/imap/mailbox/flags.hpp"

#include "relay/imap/wire/cursor.hpp"

namespace relay::imap {
namespace {
using pipeline::ports::message_flag;

struct flag_name {
    message_flag flag;
    std::string_view name;
};
constexpr flag_name flag_names[] = {{message_flag::answered, "\\Answered"},
                                    {message_flag::flagged, "\\Flagged"},
                                    {message_flag::deleted, "\\Deleted"},
                                    {message_flag::seen, "\\Seen"},
                                    {message_flag::draft, "\\Draft"}};
}

std::optional<message_flag> read_flag(std::string_view name)
{
    for (const auto& known : flag_names)
        if (equals_ignoring_case(known.name, name)) return known.flag;
    return std::nullopt;
}

pipeline::ports::flag_set read_flags(const std::vector<std::string>& names)
{
    pipeline::ports::flag_set flags;
    for (const auto& name : names)
        if (const auto flag = read_flag(name)) flags.add(*flag);
    return flags;
}

void append_flags(std::string& out, pipeline::ports::flag_set flags)
{
    out += '(';
    for (const auto& known : flag_names) {
        if (!flags.has(known.flag)) continue;
        if (out.back() != '(') out += ' ';
        out += known.name;
    }
    out += ')';
}

std::string_view all_flags()
{
    return "(\\Answered \\Flagged \\Deleted \\Seen \\Draft)";
}
}
