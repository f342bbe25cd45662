// certs/chain_memo.hpp: remembers that a certificate chains to a set of anchors, so that the signatures of a chain that
// comes with every letter are checked once. A signature stays true; what changes with time is kept beside it: the span
// in which all certificates of the chain are valid, outside of which the chain is built again. Only successes are kept.
// One memo belongs to one set of anchors. Bounded: when it is full it begins again. Threads: safe to share.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace certs {
class chain_memo {
public:
    struct span {
        std::chrono::sys_seconds from;
        std::chrono::sys_seconds until;  // not any more: OpenSSL counts notAfter itself as over
    };
    explicit chain_memo(std::size_t max_chains = 4096) : max_(max_chains) {}

    // `chain`: the leaf's SHA-256 and what it is wanted for.
    [[nodiscard]] bool holds(std::string_view chain, std::chrono::sys_seconds at) const;
    void remember(std::string chain, span valid);
    [[nodiscard]] std::size_t size() const;

private:
    const std::size_t max_;
    mutable std::mutex mutex_;
    std::map<std::string, span, std::less<>> known_;
};
}
