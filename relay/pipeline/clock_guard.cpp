#include "relay/pipeline/clock_guard.hpp"

namespace relay::pipeline {
namespace {
using namespace std::chrono_literals;
constexpr auto drift = 1h;     // between two looks, of the two clocks
constexpr auto silence = 24h;  // of the ledger before a start; it is signed every hour
constexpr auto patience = 24h;
}

bool clock_guard::trusts(base::instant now, steady_time steady, std::optional<base::instant> last_known) noexcept
{
    bool is_odd = false;
    if (seen_) {
        const auto wall_passed = now - seen_->wall;
        const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(steady - seen_->steady);
        is_odd = wall_passed > passed + drift || wall_passed < passed - drift;
    } else if (last_known) {
        is_odd = now > *last_known + silence || now < *last_known - drift;
    }
    if (is_odd) not_before_ = steady + patience;
    seen_ = {now, steady};
    return steady >= not_before_;
}
}
