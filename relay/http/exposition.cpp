#include "relay/http/exposition.hpp"

#include <fmt/format.h>

namespace relay::http {
namespace {
enum class quotes { plain, escaped };

std::string escaped(std::string_view text, quotes how)
{
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && how == quotes::escaped)
            out += "\\\"";
        else
            out += c;
    }
    return out;
}
}

void exposition::family(std::string_view name, std::string_view help, obs::metric_kind kind)
{
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, quotes::plain), name,
                         kind == obs::metric_kind::counter ? "counter" : "gauge");
}

void exposition::value(double amount, std::string_view label, std::string_view of)
{
    text_ += name_;
    if (!label.empty()) text_ += fmt::format("{{{}=\"{}\"}}", label, escaped(of, quotes::escaped));
    text_ += fmt::format(" {}\n", amount);
}

void exposition::gauge(std::string_view name, std::string_view help, double amount)
{
    family(name, help, obs::metric_kind::gauge);
    value(amount);
}
}
