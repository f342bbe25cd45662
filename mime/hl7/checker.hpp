// mime/hl7/checker.hpp: reads fields and gathers what is wrong with them, so that the sender gets the whole list at
// once. For the readers of this room. Not thread-safe; the message must outlive it.
#pragma once

#include "mime/hl7/message.hpp"
#include "mime/hl7/profile.hpp"
#include "mime/text/timestamp.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mime::hl7 {
class checker {
public:
    void fail(int code, std::string location, std::string text);
    void warn(std::string location, std::string text);

    // The text of a field's first component (or of `component`); 101 if empty, then "".
    std::string required(const segment& from, std::size_t field, std::size_t component = 1);
    // 101 if empty, 103 if not in `allowed`.
    std::string one_of(const segment& from, std::size_t field, const std::vector<std::string>& allowed);
    // nullopt if empty; 102 if it is no timestamp to the day at least.
    std::optional<timestamp> time(const segment& from, std::size_t field);
    std::optional<timestamp> required_time(const segment& from, std::size_t field);
    // 102, or a warning where wrong check digits are tolerated (§9.3).
    void wrong_key(const profile& profile, std::string location, std::string text);
    // The only segment of that name: 100 if missing, 198 if repeated (the first is returned).
    std::optional<segment> only(const message& message, std::string_view name);

    [[nodiscard]] bool good() const noexcept { return errors_.empty(); }
    [[nodiscard]] hl7_errors errors() && { return std::move(errors_); }
    [[nodiscard]] std::vector<hl7_warning> warnings() && { return std::move(warnings_); }

private:
    hl7_errors errors_;
    std::vector<hl7_warning> warnings_;
};

[[nodiscard]] inline bool contains(const std::vector<std::string>& list, std::string_view value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;  // without spaces around
}
