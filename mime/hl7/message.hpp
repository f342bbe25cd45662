// mime/hl7/message.hpp: reads an HL7 v2 message into segments, fields, repetitions, components and sub-components,
// numbered from 1 as the standard does (HL7 v2.5/2.6 chapter 2; mssante.md §2.3, §2.7). Pure, safe from any thread.
// Character sets: MSH-18 `UNICODE UTF-8` or `8859/15`; the message holds UTF-8. Segments end with CR, LF or CRLF.
// Errors: HL70357 with place. No input throws or is read past its end.
// The views point into the message's own bytes, which stay where they are when the message moves.
#pragma once

#include "mime/hl7/error.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::hl7 {
struct delimiters {
    char field = '|';
    char component = '^';
    char repetition = '~';
    char escape = '\\';
    char subcomponent = '&';
    friend bool operator==(const delimiters&, const delimiters&) = default;
};

// Text without escapes: \F\ \S\ \T\ \R\ \E\, \Xhh..\ and \.br\ (LF); highlighting \H\ \N\ vanishes, unknown sequences
// stay as they are. \X may not smuggle what UTF-8 or the reader would refuse: such a sequence stays as it is. `""` is
// empty.
[[nodiscard]] std::string unescape(std::string_view raw, const delimiters& marks);

// The reverse, with the standard delimiters; line ends become \.br\, other controls vanish.
[[nodiscard]] std::string escape(std::string_view text);

// A raw field of a message, delimiters and all, written with the standard delimiters.
[[nodiscard]] std::string with_standard_delimiters(std::string_view raw, const delimiters& marks);

class component {
public:
    component(std::string_view raw, const delimiters* marks) noexcept : raw_(raw), marks_(marks) {}
    [[nodiscard]] std::string_view raw() const noexcept { return raw_; }
    [[nodiscard]] bool empty() const noexcept { return raw_.empty() || raw_ == "\"\""; }
    [[nodiscard]] std::string text() const { return unescape(raw_, *marks_); }
    // Sub-component, from 1; empty if there is none.
    [[nodiscard]] component sub(std::size_t number) const noexcept;

private:
    std::string_view raw_;
    const delimiters* marks_;
};

class repetition {
public:
    repetition(std::string_view raw, const delimiters* marks) noexcept : raw_(raw), marks_(marks) {}
    [[nodiscard]] std::string_view raw() const noexcept { return raw_; }
    [[nodiscard]] bool empty() const noexcept { return raw_.empty() || raw_ == "\"\""; }
    [[nodiscard]] hl7::component component(std::size_t number) const noexcept;

private:
    std::string_view raw_;
    const delimiters* marks_;
};

class field {
public:
    field(std::string_view raw, const delimiters* marks) noexcept : raw_(raw), marks_(marks) {}
    [[nodiscard]] std::string_view raw() const noexcept { return raw_; }
    [[nodiscard]] bool empty() const noexcept { return raw_.empty() || raw_ == "\"\""; }
    [[nodiscard]] std::vector<hl7::repetition> repetitions() const;  // none if the field is empty
    [[nodiscard]] hl7::repetition first() const noexcept;
    // Of the first repetition.
    [[nodiscard]] hl7::component component(std::size_t number) const noexcept { return first().component(number); }

private:
    std::string_view raw_;
    const delimiters* marks_;
};

class segment {
public:
    segment(std::string_view raw, std::size_t sequence, const delimiters* marks) noexcept
        : raw_(raw), sequence_(sequence), marks_(marks)
    {
    }
    [[nodiscard]] std::string_view raw() const noexcept { return raw_; }
    [[nodiscard]] std::string_view name() const noexcept { return raw_.substr(0, 3); }
    [[nodiscard]] const delimiters& marks() const noexcept { return *marks_; }
    // Among the segments of that name, from 1.
    [[nodiscard]] std::size_t sequence() const noexcept { return sequence_; }
    // In MSH, field 1 is the separator itself and field 2 the other delimiters, as they are.
    [[nodiscard]] hl7::field field(std::size_t number) const noexcept;
    // "PID^1^5" or "PRT^2^15^1^4".
    [[nodiscard]] std::string location(std::size_t field = 0, std::size_t component = 0,
                                       std::size_t repetition = 1) const;

private:
    std::string_view raw_;
    std::size_t sequence_;
    const delimiters* marks_;
};

enum class charset { utf8, latin9 };

enum class last_segment {
    terminated,  // a message whose last segment has no end is taken for truncated
    any,
};

struct message_limits {
    std::size_t max_octets = 40U * 1024 * 1024;
    std::size_t max_segments = 1000;
};

class message {
public:
    [[nodiscard]] const std::vector<segment>& segments() const noexcept { return segments_; }
    [[nodiscard]] const segment& header() const noexcept { return segments_.front(); }  // MSH
    [[nodiscard]] std::optional<segment> first(std::string_view name) const noexcept;
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
    [[nodiscard]] const delimiters& marks() const noexcept { return *marks_; }
    [[nodiscard]] hl7::charset charset() const noexcept { return charset_; }

private:
    friend hl7_result<message> read_message(std::string octets, last_segment ending, const message_limits& limits);
    friend hl7_result<message> borrow_message(std::string_view octets, last_segment ending,
                                              const message_limits& limits);
    message() = default;
    std::unique_ptr<const std::string> text_;  // nothing when the caller's own octets are read
    std::unique_ptr<const delimiters> marks_;
    std::vector<segment> segments_;
    hl7::charset charset_ = hl7::charset::utf8;
};

// Takes the octets over; ISO-8859-15 is rewritten once, UTF-8 is not copied. A byte order mark, blank lines and an MLLP
// frame (0x0b … 0x1c) around the message are tolerated.
[[nodiscard]] hl7_result<message> read_message(std::string octets, last_segment ending = last_segment::terminated,
                                               const message_limits& limits = {});

// The same without taking the octets over: they must outlive the message, which points into them (or, from ISO-8859-15,
// into its own UTF-8).
[[nodiscard]] hl7_result<message> borrow_message(std::string_view octets,
                                                 last_segment ending = last_segment::terminated,
                                                 const message_limits& limits = {});

// MSH-1 and MSH-2 at the start of `octets`, which begin with "MSH"; nullopt if they are not five distinct ASCII signs.
[[nodiscard]] std::optional<delimiters> read_delimiters(std::string_view octets) noexcept;

// The message without byte order mark, blank lines and MLLP frame around it.
[[nodiscard]] std::string_view without_frame(std::string_view octets) noexcept;
}
