#include "certs/certificate_memo.hpp"

namespace certs {
result<certificate> certificate_memo::read(std::string_view pem_or_der)
{
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = known_.find(pem_or_der); found != known_.end()) return found->second;
    }
    auto made = read_certificate(pem_or_der);  // two threads may both read it: the same value
    if (!made.has_value()) return made;
    const std::lock_guard lock(mutex_);
    if (known_.size() >= max_) known_.clear();
    known_.try_emplace(std::string(pem_or_der), *made);
    return made;
}

std::size_t certificate_memo::size() const
{
    const std::lock_guard lock(mutex_);
    return known_.size();
}
}
