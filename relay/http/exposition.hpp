// relay/http/exposition.hpp: writes metrics in the text format 0.0.4 of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/): a family at a time, HELP and TYPE before its values.
// `promtool check metrics` judges it in tests/integration. Pure.
#pragma once

#include <string>
#include <string_view>

#include "relay/obs/metrics.hpp"

namespace relay::http {
inline constexpr std::string_view type_metrics = "text/plain; version=0.0.4; charset=utf-8";

class exposition {
public:
    // The values that follow are of this family. Each family once.
    void family(std::string_view name, std::string_view help, obs::metric_kind kind);
    void value(double amount, std::string_view label = {}, std::string_view of = {});
    void gauge(std::string_view name, std::string_view help, double amount);  // a family of one value
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string name_;
    std::string text_;
};
}
