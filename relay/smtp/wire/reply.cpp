#include "relay/smtp/wire/reply.hpp"

#include <algorithm>
#include <utility>

#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
std::optional<enhanced_status> reply::enhanced() const
{
    if (lines.empty()) return std::nullopt;
    const auto found = mime::report::read_enhanced_status(cursor(lines.front()).take_until(' '));
    // A class that contradicts the code means nothing (RFC 2034 §4).
    if (!found || found->klass != code / 100) return std::nullopt;
    return found;
}

peer_text reply::text() const
{
    constexpr std::size_t max_text_octets = 1000;
    std::string joined;
    for (const auto& line : lines) {
        if (!joined.empty()) joined += ' ';
        joined += line;
        if (joined.size() >= max_text_octets) break;
    }
    joined.resize(std::min(joined.size(), max_text_octets));
    for (char& c : joined) {
        if (c < 0x20 || c > 0x7e) c = '?';
    }
    return peer_text(std::move(joined));
}

result<std::size_t> reply_reader::feed(std::string_view bytes)
{
    std::size_t taken = 0;
    while (taken < bytes.size() && !complete_) {
        const std::string_view rest = bytes.substr(taken);
        const std::size_t length = std::min(rest.find('\n'), rest.size() - 1) + 1;
        if (line_.size() + length > limits_.max_line_octets) return make_error_code(wire_errc::line_too_long);
        line_.append(rest.substr(0, length));
        taken += length;
        if (line_.back() != '\n') continue;
        if (const error_code failed = end_line()) return failed;
    }
    return taken;
}

// RFC 5321 §4.2.1: "250-text CRLF" goes on, "250 text CRLF" or "250 CRLF" or "250CRLF" ends.
error_code reply_reader::end_line()
{
    if (line_.size() < 2 || line_[line_.size() - 2] != '\r') return wire_errc::bare_line_end;
    const std::string_view text = std::string_view(line_).substr(0, line_.size() - 2);
    if (text.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) return wire_errc::bare_line_end;
    cursor in(text);
    const auto code = in.accept_number(3);
    if (!code || *code < 200 || *code > 599) return wire_errc::bad_reply;
    const bool goes_on = in.accept('-');
    if (!goes_on && !in.at_end() && !in.accept(' ')) return wire_errc::bad_reply;
    if (!reply_.lines.empty() && reply_.code != static_cast<int>(*code)) return wire_errc::bad_reply;
    if (reply_.lines.size() == limits_.max_lines) return wire_errc::too_many_lines;
    reply_.code = static_cast<int>(*code);
    reply_.lines.emplace_back(in.rest());
    complete_ = !goes_on;
    line_.clear();
    return {};
}

smtp::reply reply_reader::take()
{
    complete_ = false;
    return std::exchange(reply_, {});
}
}
