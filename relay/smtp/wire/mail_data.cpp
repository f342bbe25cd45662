#include "relay/smtp/wire/mail_data.hpp"

#include <algorithm>
#include <utility>

namespace relay::smtp {
namespace {
// The dot that starts a line behind `begin`. Looks for the dot, not for the line end: base64 has lines but no dots.
std::size_t next_dotted_line(std::string_view message, std::size_t begin) noexcept
{
    for (std::size_t dot = begin; (dot = message.find('.', dot)) != std::string_view::npos; ++dot)
        if (dot >= begin + 2 && message[dot - 1] == '\n' && message[dot - 2] == '\r') return dot;
    return std::string_view::npos;
}
}

std::string_view dot_writer::next() noexcept
{
    if (state_ == state::ended) return {};
    if (state_ == state::start) {
        state_ = state::inside;
        if (!message_.empty() && message_.front() == '.') return message_.substr(0, 1);
    }
    if (position_ == message_.size()) {
        state_ = state::ended;
        const bool whole =
            message_.empty() || message_.substr(message_.size() - std::min<std::size_t>(2, message_.size())) == "\r\n";
        return whole ? ".\r\n" : "\r\n.\r\n";
    }
    const std::size_t begin = position_;
    const std::size_t dot = next_dotted_line(message_, begin);
    if (dot == std::string_view::npos) {
        position_ = message_.size();
        return message_.substr(begin);
    }
    position_ = dot;  // which so is sent twice
    return message_.substr(begin, dot + 1 - begin);
}

// By memchr over whole lines: searching for a set of characters costs a call per octet.
bool has_only_whole_lines(std::string_view message) noexcept
{
    if (message.find('\0') != std::string_view::npos) return false;
    for (;;) {
        const std::size_t end = message.find('\n');
        const std::string_view line = message.substr(0, end);
        const std::size_t cr = line.find('\r');
        if (end == std::string_view::npos) return cr == std::string_view::npos;
        if (line.empty() || cr != line.size() - 1) return false;
        message.remove_prefix(end + 1);
    }
}

std::size_t dot_reader::feed(std::string_view bytes)
{
    std::size_t taken = 0;
    while (taken < bytes.size() && !complete_) {
        if (state_ == state::inside || (state_ == state::line_start && bytes[taken] != '.')) {
            taken += take_plain(bytes.substr(taken));
            if (taken == bytes.size()) break;
        }
        take_one(bytes[taken++]);
    }
    return taken;
}

// Ordinary bytes, as far as the next CR, LF or NUL.
std::size_t dot_reader::take_plain(std::string_view bytes)
{
    const auto special = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    const auto length = static_cast<std::size_t>(std::find_if(bytes.begin(), bytes.end(), special) - bytes.begin());
    if (length == 0) return 0;
    state_ = state::inside;
    line_octets_ += length;
    if (line_octets_ + 2 > limits_.max_line_octets) set_fault(data_fault::line_too_long);
    keep(bytes.substr(0, length));
    return length;
}

void dot_reader::take_one(char c)
{
    if (state_ == state::line_start && c == '.') {
        state_ = state::dot;
    } else if (state_ == state::dot && c == '\r') {
        state_ = state::dot_cr;
    } else if (state_ == state::dot_cr && c == '\n') {
        complete_ = true;
    } else if (state_ == state::dot_cr) {  // ".\rx": a bare CR behind a dot, which was the stuffed one
        set_fault(data_fault::bare_line_end);
        keep("\r");
        state_ = c == '\r' ? state::cr : state::inside;
        if (c != '\r') keep({&c, 1});
    } else if (c == '\n' && state_ == state::cr) {
        end_line();
    } else if (state_ == state::cr || c == '\n') {
        set_fault(data_fault::bare_line_end);
        keep({&c, 1});
        state_ = c == '\r' ? state::cr : state::inside;
    } else if (c == '\r') {
        state_ = state::cr;
    } else {
        if (c == '\0') set_fault(data_fault::nul);
        ++line_octets_;
        keep({&c, 1});
        state_ = state::inside;
    }
}

void dot_reader::end_line()
{
    keep("\r\n");
    line_octets_ = 0;
    state_ = state::line_start;
}

void dot_reader::set_fault(data_fault fault)
{
    if (!fault_) fault_ = fault;
    std::string().swap(message_);
}

void dot_reader::keep(std::string_view bytes)
{
    octets_ += bytes.size();
    if (octets_ > limits_.max_message_octets) set_fault(data_fault::too_big);
    if (!fault_) message_.append(bytes);
}

std::string dot_reader::take() noexcept
{
    return std::move(message_);
}

std::optional<data_fault> find_fault(std::string_view message, const data_limits& limits) noexcept
{
    if (message.size() > limits.max_message_octets) return data_fault::too_big;
    if (message.find('\0') != std::string_view::npos) return data_fault::nul;
    if (!has_only_whole_lines(message)) return data_fault::bare_line_end;
    while (!message.empty()) {
        const std::size_t end = message.find('\n');
        const std::size_t length = end == std::string_view::npos ? message.size() + 2 : end + 1;
        if (length > limits.max_line_octets) return data_fault::line_too_long;
        message.remove_prefix(std::min(length, message.size()));
    }
    return std::nullopt;
}

std::size_t chunk_reader::feed(std::string_view bytes)
{
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= taken;
    octets_ += taken;
    if (octets_ > limits_.max_message_octets) {
        keeps_ = false;
        std::string().swap(message_);
    }
    if (keeps_) message_.append(bytes.substr(0, taken));
    return taken;
}

std::optional<data_fault> chunk_reader::finish()
{
    if (octets_ > limits_.max_message_octets) return data_fault::too_big;
    if (const auto fault = find_fault(message_, limits_)) return fault;
    if (!message_.empty() && !message_.ends_with("\r\n")) message_ += "\r\n";
    return std::nullopt;
}

std::string chunk_reader::take() noexcept
{
    return std::move(message_);
}
}
