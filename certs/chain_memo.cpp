#include "certs/chain_memo.hpp"

#include <utility>

namespace certs {
bool chain_memo::holds(std::string_view chain, std::chrono::sys_seconds at) const
{
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(chain);
    return found != known_.end() && found->second.from <= at && at < found->second.until;
}

void chain_memo::remember(std::string chain, span valid)
{
    const std::lock_guard lock(mutex_);
    if (known_.size() >= max_) known_.clear();
    known_.insert_or_assign(std::move(chain), valid);
}

std::size_t chain_memo::size() const
{
    const std::lock_guard lock(mutex_);
    return known_.size();
}
}
