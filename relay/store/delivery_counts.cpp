#include "relay/store/delivery_counts.hpp"

#include <string_view>

#include "relay/pipeline/delivery_fold.hpp"

namespace relay::store {
namespace {
using pipeline::delivery_state;

// Waits or is under way: a load driver (design.md §5).
std::int64_t queued_octets(const counted_delivery& delivery)
{
    return pipeline::is_in_queue(delivery.state) ? delivery.octets : 0;
}

void add(connection& database, std::string_view counter, std::int64_t difference)
{
    if (difference == 0) return;
    database.run("INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n", counter,
                 difference);
}
}

void delivery_counts::moved(const std::optional<counted_delivery>& before, const counted_delivery& now)
{
    if (before) {
        --sums_.deliveries[static_cast<std::size_t>(before->state)];
        sums_.queue_octets -= queued_octets(*before);
    }
    ++sums_.deliveries[static_cast<std::size_t>(now.state)];
    sums_.queue_octets += queued_octets(now);
}

void delivery_counts::save(connection& database)
{
    for (std::size_t state = 0; state < states; ++state)
        add(database, pipeline::name(static_cast<delivery_state>(state)), sums_.deliveries[state]);
    add(database, "#queue_octets", sums_.queue_octets);
}
}
