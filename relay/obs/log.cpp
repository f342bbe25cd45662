#include "relay/obs/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>

namespace relay::obs {
namespace {
std::atomic<level> lowest_level{level::info};
std::mutex sink_mutex;
std::function<void(std::string_view)> test_sink;

spdlog::level::level_enum to_spdlog(level severity)
{
    switch (severity) {
        case level::debug: return spdlog::level::debug;
        case level::info: return spdlog::level::info;
        case level::warn: return spdlog::level::warn;
        case level::error: break;
    }
    return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger()
{
    auto made = std::make_shared<spdlog::logger>("liaison", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
    made->flush_on(spdlog::level::trace);
    return made;
}

spdlog::logger& logger()
{
    static const std::shared_ptr<spdlog::logger> one = make_logger();
    return *one;
}

void make_printable(std::string& line)
{
    if (line.size() > max_line_octets) line.resize(max_line_octets);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
}
}

void write_event(level severity, event_name name, fmt::string_view format, fmt::format_args arguments) noexcept
try {
    if (severity < lowest_level.load(std::memory_order_relaxed)) return;
    std::string line(name.text);
    if (format.size() != 0) line += ' ';
    fmt::vformat_to(std::back_inserter(line), format, arguments);
    make_printable(line);
    {
        const std::lock_guard lock(sink_mutex);
        if (test_sink) return test_sink(line);
    }
    logger().log(to_spdlog(severity), spdlog::string_view_t(line.data(), line.size()));
} catch (...) {  // a log that fails must not stop a letter
}

void set_level(level lowest) noexcept
{
    lowest_level.store(lowest, std::memory_order_relaxed);
}

void set_sink(std::function<void(std::string_view)> sink)
{
    const std::lock_guard lock(sink_mutex);
    test_sink = std::move(sink);
}
}
