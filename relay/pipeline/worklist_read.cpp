// Pages of the worklist: each service's lines in the order of their deadlines, merged.
#include <algorithm>
#include <set>

#include "relay/pipeline/ports/worklist.hpp"

namespace relay::pipeline {
namespace {
work_place place_of(const work_item& item)
{
    return {item.deadline, item.id};
}

class page_reader {
public:
    page_reader(ports::work_reader& store, const work_query& wanted, const organisation& sites, instant now,
                const attention_rules& rules)
        : store_(store), wanted_(wanted), sites_(sites), now_(now), rules_(rules)
    {
    }

    // At most limit + 1 of those after J0; those before it are few.
    void take(std::string_view service)
    {
        for (const work_evidence& one : store_.work_before_j0(service, now_)) add(one);
        const std::size_t batch = wanted_.limit + 1;
        work_place from = wanted_.after.value_or(work_place{instant::min(), {}});
        for (std::size_t shown = 0; shown < batch;) {
            const auto rows = store_.work_after_j0(service, now_, from, batch);
            for (const work_evidence& one : rows)
                if (add(one)) ++shown;
            if (rows.size() < batch) return;
            from = {rows.back().goals.last, rows.back().item};
        }
    }

    work_page page()
    {
        std::sort(found_.begin(), found_.end(),
                  [](const work_item& a, const work_item& b) { return place_of(a) < place_of(b); });
        keep_one_notice_per_site();
        work_page made;
        if (found_.size() > wanted_.limit) {
            found_.resize(wanted_.limit);
            if (!found_.empty()) made.next = place_of(found_.back());
        }
        made.items = std::move(found_);
        return made;
    }

private:
    bool add(const work_evidence& of)
    {
        auto item = item_of(of, sites_, now_, rules_);
        if (!item) return false;
        if (wanted_.shown == work_query::lines::open && item->stands != work_item::standing::open) return false;
        if (wanted_.after && place_of(*item) <= *wanted_.after) return false;
        found_.push_back(std::move(*item));
        return true;
    }

    void keep_one_notice_per_site()
    {
        std::set<std::string> told;
        const auto again = [&](const work_item& one) {
            return one.kind == work_kind::patients && !one.site.empty() && !told.insert(one.site).second;
        };
        found_.erase(std::remove_if(found_.begin(), found_.end(), again), found_.end());
    }

    ports::work_reader& store_;
    const work_query& wanted_;
    const organisation& sites_;
    instant now_;
    const attention_rules& rules_;
    std::vector<work_item> found_;
};
}

work_page read_worklist(ports::reader& store, const work_query& wanted, const organisation& sites, instant now,
                        const attention_rules& rules)
{
    page_reader reading(store.work(), wanted, sites, now, rules);
    for (const std::string& service : wanted.services.empty() ? store.work().services_with_work() : wanted.services)
        reading.take(service);
    return reading.page();
}

std::optional<work_item> find_work(ports::reader& store, std::string_view item, const organisation& sites, instant now,
                                   const attention_rules& rules)
{
    const auto found = store.work().find_work(item);
    return found ? item_of(*found, sites, now, rules) : std::nullopt;
}
}
