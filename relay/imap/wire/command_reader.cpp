#include "relay/imap/wire/command_reader.hpp"

#include <string.h>
#include <algorithm>

#include "relay/imap/wire/cursor.hpp"

namespace relay::imap {
frame command_reader::find_line_end()
{
    const auto end = buffer_.find("\r\n", scanned_);
    const bool found = end != std::string::npos;
    scanned_ = found ? end : std::max(line_start_, buffer_.empty() ? 0 : buffer_.size() - 1);
    std::size_t length = (found ? end : buffer_.size()) - line_start_;
    if (!found && length > 0 && buffer_.back() == '\r') --length;  // may be the CR of the line end
    if (length > limits_.max_line_octets || line_start_ + length > limits_.max_command_octets) return frame::too_long;
    if (!found) return frame::need_more;
    line_end_ = end;
    return frame::command;
}

frame command_reader::look_for_literal(std::string_view line)
{
    if (!line.ends_with('}')) return frame::command;
    const auto open = line.rfind('{');
    if (open == std::string_view::npos) return frame::command;
    cursor in(line.substr(open + 1));
    const auto size = in.accept_number();
    if (in.rest() == "+}") return frame::literal_unasked;
    if (!size) {  // "{99999999999}" announces more than a number can hold; anything else is for the grammar to refuse
        const auto digits = in.accept_while([](char c) { return c >= '0' && c <= '9'; });
        if (!digits.empty() && in.rest() == "+}") return frame::literal_unasked;
        return !digits.empty() && in.rest() == "}" ? frame::literal_too_long : frame::command;
    }
    if (in.rest() != "}") return frame::command;
    if (*size > limits_.max_literal_octets) return frame::literal_too_long;
    if (line_end_ + 2 + *size > limits_.max_command_octets) return frame::literal_too_long;
    literal_octets_ = *size;
    return frame::literal;
}

frame command_reader::next()
{
    if (literal_end_ != 0) {
        if (buffer_.size() < literal_end_) return frame::need_more;
        line_start_ = scanned_ = literal_end_;
        literal_end_ = 0;
    }
    if (const auto found = find_line_end(); found != frame::command) return found;
    return look_for_literal(std::string_view(buffer_).substr(line_start_, line_end_ - line_start_));
}

frame command_reader::next_line()
{
    return find_line_end();
}

std::string command_reader::take_command()
{
    std::string taken = buffer_.substr(0, line_end_);
    drop_command();
    return taken;
}

void command_reader::accept_literal()
{
    literal_end_ = line_end_ + 2 + literal_octets_;
}

void command_reader::drop_command()
{
    explicit_bzero(buffer_.data(), line_end_);  // it may have been a LOGIN
    buffer_.erase(0, line_end_ + 2);
    line_start_ = scanned_ = line_end_ = literal_octets_ = literal_end_ = 0;
}

std::string_view command_reader::text() const
{
    return std::string_view(buffer_).substr(0, line_end_);
}
}
