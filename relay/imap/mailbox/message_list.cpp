#include "relay/imap/mailbox/message_list.hpp"

#include <algorithm>

namespace relay::imap {
using pipeline::ports::message_row;

message_list::message_list(pipeline::ports::mailbox_snapshot snapshot)
    : rows_(std::move(snapshot.messages)), highest_modseq_(snapshot.status.highest_modseq)
{
}

std::optional<std::size_t> message_list::find(std::uint32_t uid) const
{
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), uid,
                                     [](const message_row& row, std::uint32_t wanted) { return row.uid < wanted; });
    if (at == rows_.end() || at->uid != uid) return std::nullopt;
    return static_cast<std::size_t>(at - rows_.begin());
}

std::uint32_t message_list::largest(addressing by) const
{
    if (rows_.empty()) return 0;
    return by == addressing::uids ? rows_.back().uid : static_cast<std::uint32_t>(rows_.size());
}

sequence_set message_list::normalized(const sequence_set& set, addressing by) const
{
    sequence_set sorted;
    for (const auto& range : set) {
        const std::uint32_t first = range.first.value_or(largest(by));
        const std::uint32_t last = range.last.value_or(largest(by));
        if (std::max(first, last) != 0) sorted.push_back({std::max(std::min(first, last), 1U), std::max(first, last)});
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return *a.first < *b.first; });
    sequence_set merged;
    for (const auto& range : sorted) {
        if (!merged.empty() && *range.first <= *merged.back().last)
            merged.back().last = std::max(*merged.back().last, *range.last);
        else
            merged.push_back(range);
    }
    return merged;
}

std::optional<std::vector<std::size_t>> message_list::resolve(const sequence_set& set, addressing by,
                                                              numbers_beyond beyond) const
{
    if (by == addressing::sequence_numbers && beyond == numbers_beyond::refused) {
        const bool outside = std::any_of(set.begin(), set.end(), [this](const sequence_range& range) {
            return range.first && range.last && std::max(*range.first, *range.last) > rows_.size();
        });
        if (outside) return std::nullopt;
    }
    std::vector<std::size_t> places;
    for (const auto& range : normalized(set, by)) {
        std::size_t from = *range.first - 1;
        std::size_t to = std::min<std::size_t>(*range.last, rows_.size());
        if (by == addressing::uids) {
            const auto below = [](const message_row& row, std::uint32_t uid) { return row.uid < uid; };
            const auto above = [](std::uint32_t uid, const message_row& row) { return uid < row.uid; };
            from = static_cast<std::size_t>(std::lower_bound(rows_.begin(), rows_.end(), *range.first, below) -
                                            rows_.begin());
            to = static_cast<std::size_t>(std::upper_bound(rows_.begin(), rows_.end(), *range.last, above) -
                                          rows_.begin());
        }
        for (; from < to; ++from) places.push_back(from);
    }
    return places;
}

void message_list::update(const message_row& row)
{
    if (const auto place = find(row.uid)) rows_[*place] = row;
}

void message_list::remove_gone(list_updates& out)
{
    if (gone_.empty()) return;
    std::vector<message_row> kept;
    kept.reserve(rows_.size());
    for (auto& row : rows_) {
        if (gone_.contains(row.uid))
            out.expunged.push_back(static_cast<std::uint32_t>(kept.size()) + 1);
        else
            kept.push_back(row);
    }
    rows_ = std::move(kept);
    gone_.clear();
}

list_updates message_list::apply(const pipeline::ports::mailbox_changes& changes, expunge_reports reports)
{
    list_updates out;
    for (const auto uid : changes.expunged)
        if (find(uid)) gone_.insert(uid);
    if (reports == expunge_reports::allowed) remove_gone(out);
    for (const auto& row : changes.changed) {
        if (const auto place = find(row.uid)) {
            if (row.modseq <= rows_[*place].modseq) continue;  // our own change, told already
            rows_[*place] = row;
            out.changed.push_back(*place);
        } else if (rows_.empty() || row.uid > rows_.back().uid) {
            rows_.push_back(row);
            out.exists = rows_.size();
        }
    }
    highest_modseq_ = std::max(highest_modseq_, changes.highest_modseq);
    return out;
}

bool contains(const sequence_set& normalized, std::uint32_t number)
{
    const auto after =
        std::upper_bound(normalized.begin(), normalized.end(), number,
                         [](std::uint32_t value, const sequence_range& range) { return value < *range.first; });
    return after != normalized.begin() && number <= *std::prev(after)->last;
}
}
