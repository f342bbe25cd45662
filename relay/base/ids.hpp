// relay/base/ids.hpp: identifiers. 26 lower-case base32 characters (RFC 4648 alphabet): a token of 130 random bits, so
// that nobody can guess an ENVID or a Message-ID (domain.md §3 rule 4); an id of a row that begins with the time, so
// that rows and index entries of one moment lie side by side, and typed so that ids of two kinds cannot be mixed up.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

namespace relay::base {
// Throws std::runtime_error if the system's random generator fails. Safe from any thread.
[[nodiscard]] std::string random_token();

// The system's milliseconds, then 85 random bits; as text, that of a later millisecond is greater. Throws and is safe
// as random_token().
[[nodiscard]] std::string ordered_token();

// True for what these can return: used on ids that come from outside (command line, reports).
[[nodiscard]] bool is_token(std::string_view text) noexcept;

// An id of one kind, e.g. struct letter_tag; using letter_id = id<letter_tag>;. Empty means "none".
template <class Tag>
class id {
public:
    id() = default;
    explicit id(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] static id make() { return id(ordered_token()); }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    friend auto operator<=>(const id&, const id&) = default;

private:
    std::string text_;
};
}
