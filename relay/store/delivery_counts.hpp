// relay/store/delivery_counts.hpp: what a commit group changes in the counters of deliveries, summed up and written
// once before the commit, in its transaction. Private to relay/store; lives on the writer thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "relay/pipeline/model.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
// What the counters know of a delivery.
struct counted_delivery {
    pipeline::delivery_state state{};
    std::int64_t octets = 0;  // of the sealed mail
};

class delivery_counts {
public:
    // `before`: nothing for a new delivery.
    void moved(const std::optional<counted_delivery>& before, const counted_delivery& now);
    void begin_unit() { at_unit_ = sums_; }
    void undo_unit() { sums_ = at_unit_; }
    void save(connection& database);
    void forget() { sums_ = {}; }

private:
    static constexpr std::size_t states = static_cast<std::size_t>(pipeline::delivery_state::other_channel) + 1;
    struct sums {
        std::array<std::int64_t, states> deliveries{};
        std::int64_t queue_octets = 0;
    };
    sums sums_;
    sums at_unit_;
};
}
