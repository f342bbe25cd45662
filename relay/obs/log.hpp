// relay/obs/log.hpp: the log. One line per event on standard error, as journald and people like it:
//   2026-01-31T12:00:00.123Z info letter.sealed id=abc recipients=1 octets=90210
// Usage: obs::info(event::letter_sealed, "id={} recipients={} octets={}", id, count, size);
// Allowed fields are in events.hpp. Types that hold patient data, secrets or a peer's free text have no formatter, so
// logging one does not build. Control characters become '?', and a line is cut at max_line_octets, so that no field can
// forge a second line. Safe from any thread; never throws for a reason of the log's own.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include <fmt/core.h>

#include "relay/obs/events.hpp"

namespace relay::obs {
enum class level { debug, info, warn, error };
inline constexpr std::size_t max_line_octets = 2048;

void write_event(level severity, event_name name, fmt::string_view format, fmt::format_args arguments) noexcept;

// Lines below this level are dropped; info at start.
void set_level(level lowest) noexcept;

// Sends lines (without their line end) to `sink` instead of standard error; an empty function restores standard error.
// For tests and for `liaison check`.
void set_sink(std::function<void(std::string_view line)> sink);

template <class... Args>
void debug(event_name name, fmt::format_string<Args...> format, Args&&... args) noexcept
{
    write_event(level::debug, name, format, fmt::make_format_args(args...));
}
template <class... Args>
void info(event_name name, fmt::format_string<Args...> format, Args&&... args) noexcept
{
    write_event(level::info, name, format, fmt::make_format_args(args...));
}
template <class... Args>
void warn(event_name name, fmt::format_string<Args...> format, Args&&... args) noexcept
{
    write_event(level::warn, name, format, fmt::make_format_args(args...));
}
template <class... Args>
void error(event_name name, fmt::format_string<Args...> format, Args&&... args) noexcept
{
    write_event(level::error, name, format, fmt::make_format_args(args...));
}
}
