// Pages of the worklist: each service's lines in the order of their deadlines, merged, no more read than is shown.
#include <algorithm>
#include <deque>
#include <functional>
#include <queue>
#include <set>

#include "relay/pipeline/ports/worklist.hpp"

namespace relay::pipeline {
namespace {
work_place place_of(const work_item& item)
{
    return {item.deadline, item.id};
}

// What of the evidence is shown.
class line_filter {
public:
    line_filter(const work_query& wanted, const organisation& sites, instant now, const attention_rules& rules)
        : wanted_(wanted), sites_(sites), now_(now), rules_(rules)
    {
    }

    [[nodiscard]] std::optional<work_item> operator()(const work_evidence& of) const
    {
        auto item = item_of(of, sites_, now_, rules_);
        if (!item) return std::nullopt;
        if (wanted_.shown == work_query::lines::open && item->stands != work_item::standing::open) return std::nullopt;
        if (wanted_.after && place_of(*item) <= *wanted_.after) return std::nullopt;
        return item;
    }
    // In the order of a page.
    [[nodiscard]] std::deque<work_item> all(const std::vector<work_evidence>& of) const
    {
        std::deque<work_item> found;
        for (const work_evidence& one : of)
            if (auto item = (*this)(one)) found.push_back(std::move(*item));
        std::sort(found.begin(), found.end(),
                  [](const work_item& a, const work_item& b) { return place_of(a) < place_of(b); });
        return found;
    }

private:
    const work_query& wanted_;
    const organisation& sites_;
    instant now_;
    const attention_rules& rules_;
};

// The lines of one service after J0, in the order of a page, read as they are asked for: few at first, for a page takes
// few of each of many services.
class service_lane {
public:
    static constexpr std::size_t smallest_batch = 2, largest_batch = 128;
    service_lane(std::string service, const std::optional<work_place>& after, std::size_t first_batch)
        : service_(std::move(service)),
          from_(after.value_or(work_place{instant::min(), {}})),
          batch_(std::clamp(first_batch, smallest_batch, largest_batch))
    {
    }

    [[nodiscard]] const work_item* first(ports::work_reader& store, const line_filter& shown, instant now)
    {
        while (lines_.empty() && more_) {
            const auto rows = store.work_after_j0(service_, now, from_, batch_);
            more_ = rows.size() == batch_;
            if (!rows.empty()) from_ = {rows.back().goals.last, rows.back().item};
            batch_ = std::min(2 * batch_, largest_batch);
            lines_ = shown.all(rows);
        }
        return lines_.empty() ? nullptr : &lines_.front();
    }
    [[nodiscard]] work_item take()
    {
        work_item one = std::move(lines_.front());
        lines_.pop_front();
        return one;
    }

private:
    std::string service_;
    work_place from_;
    std::size_t batch_;
    bool more_ = true;
    std::deque<work_item> lines_;
};

// The lanes merged. What can still keep J0 has its deadline ahead of `now`, so that it is only read once the overdue
// lines have not filled the page.
class page_reader {
public:
    page_reader(ports::work_reader& store, const work_query& wanted, const organisation& sites, instant now,
                const attention_rules& rules)
        : store_(store),
          wanted_(wanted),
          now_(now),
          shown_(wanted, sites, now, rules),
          services_(wanted.services.empty() ? store.services_with_work() : wanted.services)
    {
        lanes_.reserve(services_.size());
        for (const std::string& one : services_)
            queue(lanes_.emplace_back(one, wanted.after, wanted.limit / services_.size() + 1));
    }

    work_page page()
    {
        work_page made;
        while (auto item = next()) {
            if (is_told_already(*item)) continue;
            if (made.items.size() == wanted_.limit) {
                if (wanted_.limit > 0) made.next = place_of(made.items.back());
                return made;
            }
            made.items.push_back(std::move(*item));
        }
        return made;
    }

private:
    using place_in_queue = std::pair<work_place, service_lane*>;

    void queue(service_lane& lane)
    {
        if (const work_item* first = lane.first(store_, shown_, now_)) firsts_.emplace(place_of(*first), &lane);
    }

    std::optional<work_item> next()
    {
        if (!before_j0_ && (firsts_.empty() || firsts_.top().first.deadline > now_)) read_before_j0();
        const bool waits = before_j0_ && !before_j0_->empty();
        if (waits && (firsts_.empty() || place_of(before_j0_->front()) < firsts_.top().first)) {
            work_item one = std::move(before_j0_->front());
            before_j0_->pop_front();
            return one;
        }
        if (firsts_.empty()) return std::nullopt;
        service_lane& lane = *firsts_.top().second;
        firsts_.pop();
        work_item one = lane.take();
        queue(lane);
        return one;
    }

    void read_before_j0()
    {
        std::vector<work_evidence> all;
        for (const std::string& service : services_)
            for (work_evidence& one : store_.work_before_j0(service, now_)) all.push_back(std::move(one));
        before_j0_ = shown_.all(all);
    }

    // One notice about patients' mailboxes per site.
    bool is_told_already(const work_item& one)
    {
        return one.kind == work_kind::patients && !one.site.empty() && !told_.insert(one.site).second;
    }

    ports::work_reader& store_;
    const work_query& wanted_;
    instant now_;
    line_filter shown_;
    std::vector<std::string> services_;
    std::vector<service_lane> lanes_;
    std::priority_queue<place_in_queue, std::vector<place_in_queue>, std::greater<>> firsts_;
    std::optional<std::deque<work_item>> before_j0_;
    std::set<std::string> told_;
};
}

work_page read_worklist(ports::work_reader& store, const work_query& wanted, const organisation& sites, instant now,
                        const attention_rules& rules)
{
    return page_reader(store, wanted, sites, now, rules).page();
}

work_page read_worklist(ports::reader& store, const work_query& wanted, const organisation& sites, instant now,
                        const attention_rules& rules)
{
    return read_worklist(store.work(), wanted, sites, now, rules);
}

std::optional<work_item> find_work(ports::reader& store, std::string_view item, const organisation& sites, instant now,
                                   const attention_rules& rules)
{
    const auto found = store.work().find_work(item);
    return found ? item_of(*found, sites, now, rules) : std::nullopt;
}
}
