// A simulated institution over some days, and its indicators held against what the simulator did: equal, or it says
// where not. simulate [--seed N] [--stays N] [--days N]; a month of twelve groups is --stays 50000 --days 30.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "relay/obs/log.hpp"
#include "relay/pipeline/period_report.hpp"
#include "tests/simulation/hospital_group.hpp"

using namespace relay::pipeline;
using namespace simulation;

namespace {
class comparison {
public:
    void equal(const std::string& what, std::int64_t got, std::int64_t wanted)
    {
        ++made_;
        if (got == wanted) return;
        ++wrong_;
        std::printf("ÉCART %s : %lld, vérité %lld\n", what.c_str(), static_cast<long long>(got),
                    static_cast<long long>(wanted));
    }
    void equal(const std::string& what, const lag_figure& got, const std::vector<double>& values, int percent)
    {
        equal(what + " n", got.count, static_cast<std::int64_t>(values.size()));
        const auto wanted = at_rank(values, percent);
        if (!wanted) return;
        ++made_;
        const double found = got.value ? static_cast<double>(got.value->count()) / 1000.0 : INFINITY;
        if (found == *wanted || std::abs(found - *wanted) < 0.0015) return;
        ++wrong_;
        std::printf("ÉCART %s : %.3f s, vérité %.3f s\n", what.c_str(), found, *wanted);
    }
    void equal(const std::string& what, const period_figures& got, const counts& wanted)
    {
        equal(what + " sorties", got.discharges, wanted.discharges);
        equal(what + " exclues", got.excluded, wanted.excluded);
        equal(what + " J0", got.j0, wanted.j0, wanted.j0_of, wanted.j0_pending);
        equal(what + " 48 h", got.h48, wanted.h48, wanted.h48_of, wanted.h48_pending);
        equal(what + " confirmées", got.confirmed, wanted.confirmed, wanted.stops, 0);
        equal(what + " sans lettre", got.no_letter, wanted.no_letter, wanted.h48_of, wanted.h48_pending);
        equal(what + " sans adresse", got.no_address, wanted.no_address, wanted.with_letter, 0);
        equal(what + " refusés", got.rejected, wanted.deliveries_failed,
              wanted.deliveries_failed + wanted.deliveries_accepted, 0);
        equal(what + " lectures", got.known_read, wanted.known_read, wanted.deliveries_accepted, 0);
        equal(what + " classements refusés", got.filing_refused, wanted.filing_refused, wanted.deliveries_accepted, 0);
        equal(what + " délai médian", got.lag.median, wanted.lags, 50);
        equal(what + " délai p95", got.lag.p95, wanted.lags, 95);
        equal(what + " relais p95", got.relay.p95, wanted.relay_lags, 95);
    }
    [[nodiscard]] int finish() const
    {
        std::printf("%d comparaisons, %d écarts\n", made_, wrong_);
        return wrong_ == 0 && made_ > 100 ? 0 : 1;
    }

private:
    void equal(const std::string& what, const rate& got, std::int64_t numerator, std::int64_t denominator,
               std::int64_t pending)
    {
        equal(what + ", numérateur", got.numerator, numerator);
        equal(what + ", dénominateur", got.denominator, denominator);
        equal(what + ", en attente", got.pending, pending);
    }

    int made_ = 0;
    int wrong_ = 0;
};

month_options read_options(int count, char** words)
{
    month_options options;
    for (int i = 1; i < count; i += 2) {
        const std::string_view name = words[i];
        const int value = i + 1 < count ? std::atoi(words[i + 1]) : 0;
        if (value > 0 && name == "--seed") {
            options.seed = static_cast<unsigned>(value);
        } else if (value > 0 && name == "--stays") {
            options.stays = value;
        } else if (value > 0 && name == "--days") {
            options.days = value;
        } else {
            std::fprintf(stderr, "simulate [--seed N] [--stays N] [--days N]\n");
            std::exit(2);
        }
    }
    return options;
}
}

int main(int count, char** words)
{
    relay::obs::set_level(relay::obs::level::error);
    const month_options options = read_options(count, words);
    const auto begun = std::chrono::steady_clock::now();
    hospital_group institution(options);
    institution.run();
    const figures truth = judge(institution.truth(), institution.now());
    const std::int32_t first = institution.first_day();
    const broken_down found = institution.house().ask([&](auto& r) {
        return build_figures(r, {first, first + options.days + 10, ""}, breakdown::group, institution.now());
    });
    comparison all;
    all.equal("tout", found.totals, truth.all);
    all.equal("groupes", static_cast<std::int64_t>(found.rows.size()),
              static_cast<std::int64_t>(truth.by_group.size()));
    for (const auto& [group, wanted] : truth.by_group) {
        const auto row = found.rows.find(group);
        all.equal(group + " présent", row != found.rows.end() ? 1 : 0, 1);
        if (row != found.rows.end()) all.equal(group, row->second, wanted);
    }
    all.equal("doublons", found.totals.repeated.numerator, 0);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const double j0 = found.totals.j0.value().value_or(0) * 100, h48 = found.totals.h48.value().value_or(0) * 100;
    std::printf("graine %u : %d séjours, %lld sorties, J0 %.1f %%, 48 h %.1f %%, %lld envois refusés, %.1f s\n",
                options.seed, options.stays, static_cast<long long>(found.totals.discharges), j0, h48,
                static_cast<long long>(found.totals.rejected.numerator), seconds);
    return all.finish();
}
