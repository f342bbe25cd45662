// relay/pipeline/delivery_scheduler.hpp: which delivery leaves next. Sites take turns, so that one dead operator delays
// nobody else; within a site the soonest deadline goes first; each site at its own pace (site_pace.hpp), all of them
// within one bound. Holds a window of what waits, the rest stays in the store. Order per document set is the store's:
// due_deliveries() leaves out what has to wait for an earlier version.
// Pure: no I/O, points in time are handed in; one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/pipeline/model.hpp"
#include "relay/pipeline/site_pace.hpp"

namespace relay::pipeline {
struct scheduler_limits {
    std::size_t deliveries = 16;  // under way at once, of all sites
    std::size_t window = 64;      // rows of one site in memory
    std::size_t sites = 4096;     // remembered while nothing waits for them
    pace_limits pace;
    // An attempt under way for so long waits for its peer and costs next to nothing: it gives its place in `deliveries`
    // up, as long as there are no more than `stalled` of these.
    std::chrono::milliseconds stalled_after{5'000};
    std::size_t stalled = 48;
};

struct site_facts {
    std::string site;
    std::size_t waiting = 0;  // in memory
    std::size_t running = 0;
    std::size_t slots = 0;
    bool dead = false;
};

class delivery_scheduler {
public:
    explicit delivery_scheduler(scheduler_limits limits) : limits_(limits) {}
    void use(const scheduler_limits& limits);  // from now on; what each site has learnt stays

    // What the store has for the site. Known ones are not taken twice; of more than the window holds, those with the
    // latest deadlines are forgotten: the store has them.
    void offer(std::string_view site, std::span<const due_delivery> rows);
    // Less than half of the window is left, or something more urgent came: worth asking the store again.
    [[nodiscard]] bool wants(std::string_view site, std::optional<instant> soonest) const;
    // The next to start, if one may; it is under way from now on.
    [[nodiscard]] std::optional<delivery_id> next(steady_time now);
    struct change {
        std::string site;
        enum class kind { none, slowed, died, revived } what = kind::none;
    };
    change ended(const delivery_id& id, site_effect effect, steady_time now);
    // Forgets what waits for the site (the store knows): a domain of it was put on hold.
    void drop_waiting(std::string_view site);
    // Tries a dead or paused site at once.
    void wake(std::string_view site, steady_time now);
    // When something that waits may start though nothing ends; nullopt: not by time alone.
    [[nodiscard]] std::optional<steady_time> next_start(steady_time now) const;

    [[nodiscard]] std::size_t running() const noexcept { return running_.size(); }
    [[nodiscard]] std::size_t running_of(std::string_view site) const;
    [[nodiscard]] std::size_t waiting() const noexcept;
    [[nodiscard]] std::vector<site_facts> sites() const;

private:
    struct by_deadline {
        bool operator()(const due_delivery& a, const due_delivery& b) const noexcept
        {
            return a.deadline != b.deadline ? a.deadline < b.deadline : a.id < b.id;
        }
    };
    struct queue {
        explicit queue(const pace_limits& limits) : pace(limits) {}
        site_pace pace;
        std::set<due_delivery, by_deadline> waiting;
        std::size_t running = 0;
    };
    struct attempt {
        std::string site;
        std::uint32_t begun = 0;
        steady_time since;
    };
    queue& queue_of(std::string_view site);
    [[nodiscard]] bool has_place(steady_time now) const;
    [[nodiscard]] std::size_t share() const noexcept;
    void forget_idle(const std::string& site);

    scheduler_limits limits_;
    std::map<std::string, queue, std::less<>> sites_;
    std::set<std::string, std::less<>> active_;  // with something waiting
    std::set<delivery_id> known_;                // waiting or under way
    std::map<delivery_id, attempt> running_;
    std::string last_;  // the site that started last
};
}
