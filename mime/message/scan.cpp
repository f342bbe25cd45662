#include "mime/message/scan.hpp"

#include "mime/text/ascii.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace mime::message {
namespace {
// The value of boundary= wherever it stands in a Content-Type: reading too many boundaries only counts too many parts.
std::string boundary_in(std::string_view content_type)
{
    constexpr std::string_view name = "boundary";
    for (std::size_t at = 0; at + name.size() <= content_type.size(); ++at) {
        if (!starts_with_text(content_type.substr(at), name)) continue;
        std::size_t next = at + name.size();
        while (next < content_type.size() && is_wsp(content_type[next])) ++next;
        if (next == content_type.size() || content_type[next] != '=') continue;
        std::string_view rest = trim(content_type.substr(next + 1));
        if (rest.starts_with('"')) return std::string(rest.substr(1, rest.find('"', 1) - 1));
        return std::string(rest.substr(0, rest.find_first_of("; \t()")));
    }
    return {};
}

class scanner {
public:
    scanner(std::string_view message, const scan_limits& limits) : left_(message), limits_(limits) {}

    result<scan_report> run()
    {
        if (left_.size() > limits_.max_octets) return message_errc::message_too_large;
        count_octets();
        next_lf_ = std::min(left_.find('\n'), left_.size());
        while (!left_.empty() && !failure_) line();
        if (!failure_ && in_header_) end_header();
        if (failure_) return failure_;
        return report_;
    }

private:
    void line()
    {
        const std::size_t end = line_length();
        const std::string_view text = left_.substr(0, end);
        std::size_t octets = text.size();
        if (end < left_.size()) octets += count_line_end(left_.substr(end));
        left_.remove_prefix(octets);
        consumed_ += octets;
        report_.longest_line_octets = std::max(report_.longest_line_octets, text.size());
        if (text.size() > 998) ++report_.over_long_lines;
        if (text.size() > limits_.max_line_octets) return fail(message_errc::line_too_long);
        if (text.starts_with("--") && delimiter(text.substr(2))) return;
        if (in_header_) header_line(text, octets);
    }

    // NUL and octets above 127, eight at a time: nearly all words of a mail have none.
    void count_octets()
    {
        constexpr std::uint64_t high = 0x8080808080808080U;
        constexpr std::uint64_t ones = 0x0101010101010101U;
        std::size_t at = 0;
        for (; at + sizeof high <= left_.size(); at += sizeof high) {
            std::uint64_t word = 0;
            std::memcpy(&word, left_.data() + at, sizeof word);
            if (((word | (word - ones)) & high) != 0) count_each(left_.substr(at, sizeof word));
        }
        count_each(left_.substr(at));
    }

    void count_each(std::string_view octets)
    {
        for (const char c : octets) {
            report_.nul += c == '\0' ? 1U : 0U;
            report_.octets_above_127 += is_8bit(c) ? 1U : 0U;
        }
    }

    // Octets before the next CR or LF. The next LF is remembered: a mail of bare CRs would be searched again for each.
    std::size_t line_length()
    {
        if (next_lf_ < consumed_) next_lf_ = consumed_ + std::min(left_.find('\n'), left_.size());
        const std::string_view line = left_.substr(0, next_lf_ - consumed_);
        return std::min(line.find('\r'), line.size());
    }

    std::size_t count_line_end(std::string_view at)
    {
        if (at.starts_with("\r\n")) return 2;
        ++(at[0] == '\r' ? report_.bare_cr : report_.bare_lf);
        return 1;
    }

    // A delimiter of any open multipart, the innermost first: a missing end delimiter closes the inner ones (RFC 2046
    // §5.1.2).
    bool delimiter(std::string_view text)
    {
        for (std::size_t at = open_.size(); at-- > 0;) {
            const std::string& boundary = open_[at].boundary;
            if (boundary.empty() || !text.starts_with(boundary)) continue;
            const std::string_view after = text.substr(boundary.size());
            if (after.starts_with("--")) {
                open_.resize(at);
                in_header_ = false;
                return true;
            }
            if (!trim(after).empty()) continue;
            open_.resize(at + 1);
            begin_part();
            return true;
        }
        return false;
    }

    void begin_part()
    {
        if (++report_.parts > limits_.max_parts) return fail(message_errc::too_many_parts);
        const std::size_t depth = open_.size() + 1;
        report_.depth = std::max(report_.depth, depth);
        if (depth > limits_.max_mime_depth) return fail(message_errc::mime_too_deep);
        in_header_ = true;
        header_octets_ = 0;
        content_type_.clear();
        in_content_type_ = false;
    }

    void header_line(std::string_view text, std::size_t octets)
    {
        header_octets_ += octets;
        if (header_octets_ > limits_.max_header_octets) return fail(message_errc::header_too_large);
        if (text.empty()) return end_header();
        if (!is_wsp(text[0])) {
            comment_depth_ = 0;
            escaped_ = false;
            in_content_type_ = starts_with_text(text, "content-type");
            // Whatever the walk above takes for structure, each level another reader may see needs such a line of its
            // own.
            if (in_content_type_ && ++content_type_lines_ > 2 * limits_.max_parts)
                return fail(message_errc::too_many_parts);
        }
        if (in_content_type_) content_type_.append(text);
        comments(text);
    }

    void comments(std::string_view text)
    {
        for (const char c : text) {
            if (escaped_) {
                escaped_ = false;
            } else if (c == '\\') {
                escaped_ = true;
            } else if (c == '(' && ++comment_depth_ > limits_.max_comment_depth) {
                return fail(message_errc::comments_too_deep);
            } else if (c == ')' && comment_depth_ > 0) {
                --comment_depth_;
            }
        }
    }

    void end_header()
    {
        if (!top_header_done_) report_.header_octets = header_octets_;
        top_header_done_ = true;
        in_header_ = false;
        const std::string type = lower(content_type_);
        const bool digest = !open_.empty() && open_.back().digest && type.empty();
        if (type.find("multipart") != std::string::npos) {
            open_.push_back({boundary_in(content_type_), type.find("digest") != std::string::npos});
        } else if (digest || type.find("message") != std::string::npos) {
            open_.push_back({});  // the mail inside begins with a header at once
            begin_part();
        }
    }

    void fail(message_errc code) { failure_ = code; }

    struct level {
        std::string boundary;  // empty: a message/rfc822, which no delimiter closes but those of the levels around it
        bool digest = false;
    };

    std::string_view left_;
    std::size_t consumed_ = 0;
    std::size_t next_lf_ = 0;  // from the start of the mail
    const scan_limits& limits_;
    scan_report report_;
    boost::system::error_code failure_;
    std::vector<level> open_;
    std::string content_type_;
    std::size_t header_octets_ = 0;
    std::size_t comment_depth_ = 0;
    std::size_t content_type_lines_ = 0;
    bool in_header_ = true;
    bool in_content_type_ = false;
    bool escaped_ = false;
    bool top_header_done_ = false;
};
}

result<scan_report> scan_message(std::string_view message, const scan_limits& limits)
{
    return scanner(message, limits).run();
}
}
