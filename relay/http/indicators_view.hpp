// relay/http/indicators_view.hpp: the page of the rates (domain.md §5): every rate with its numerator, denominator,
// pending and excluded counts; denominator 0 shows "–"; provisional or closed; charts that only repeat their tables.
// Values in, octets out. Pure.
#pragma once

#include "relay/pipeline/scoped_figures.hpp"

namespace relay::http {
enum class currency { up_to_date, being_recomputed };  // of the facts: sites or rules have changed

struct indicators_data {
    std::chrono::sys_days first, last;  // both included
    pipeline::scope where;
    pipeline::scoped_figures figures;
    pipeline::instant now{};
    pipeline::instant closing{};  // provisional before
    currency facts = currency::up_to_date;
};
[[nodiscard]] std::string write_indicators(const indicators_data& data, const pipeline::organisation& sites,
                                           const mime::zone& zone);
}
