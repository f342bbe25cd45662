#include "relay/smtp/connection/connection_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::smtp {
std::unique_ptr<client_connection> connection_pool::take(const pool_key& wanted)
{
    const std::lock_guard lock(mutex_);
    const auto found = idle_.find(wanted);
    while (found != idle_.end() && !found->second.empty()) {
        auto candidate = std::move(found->second.back());
        found->second.pop_back();
        --count_;
        if (!candidate->peer.has_news()) return candidate;  // news on an idle connection is its end
    }
    return nullptr;
}

void connection_pool::put(const std::shared_ptr<connection_pool>& self, const pool_key& wanted,
                          std::unique_ptr<client_connection> ended)
{
    {
        const std::lock_guard lock(self->mutex_);
        if (ended->epoch != self->epoch_) return;
        if (self->idle_[wanted].size() >= self->limits_.max_idle_per_key || self->limits_.max_idle == 0) return;
        if (self->count_ >= self->limits_.max_idle) self->drop_oldest();
        ended->idle_since = io::clock::now();
        self->idle_[wanted].push_back(std::move(ended));
        ++self->count_;
    }
    boost::asio::post(self->timer_.get_executor(), [self] {
        {
            const std::lock_guard lock(self->mutex_);
            if (std::exchange(self->watching_, true)) return;
        }
        watch(self);
    });
}

// The first of a key is the one idle longest.
void connection_pool::drop_oldest()
{
    auto oldest = idle_.end();
    for (auto one = idle_.begin(); one != idle_.end(); ++one) {
        if (one->second.empty()) continue;
        if (oldest == idle_.end() || one->second.front()->idle_since < oldest->second.front()->idle_since) oldest = one;
    }
    if (oldest == idle_.end()) return;
    oldest->second.erase(oldest->second.begin());
    --count_;
}

void connection_pool::drop_older_than(io::clock::time_point limit)
{
    const std::lock_guard lock(mutex_);
    for (auto one = idle_.begin(); one != idle_.end();) {
        count_ -= std::erase_if(one->second, [&](const auto& candidate) { return candidate->idle_since <= limit; });
        one = one->second.empty() ? idle_.erase(one) : std::next(one);
    }
}

void connection_pool::begin_epoch()
{
    const std::lock_guard lock(mutex_);
    ++epoch_;
    idle_.clear();
    sessions_.clear();
    without_binary_.clear();
    count_ = 0;
}

std::uint64_t connection_pool::epoch() const
{
    const std::lock_guard lock(mutex_);
    return epoch_;
}

std::size_t connection_pool::idle_connections() const
{
    const std::lock_guard lock(mutex_);
    return count_;
}

// Runs while there is something idle.
void connection_pool::watch(const std::shared_ptr<connection_pool>& self)
{
    self->timer_.expires_after(std::chrono::seconds(1));
    self->timer_.async_wait([weak = std::weak_ptr<connection_pool>(self)](const error_code& ec) {
        const auto alive = weak.lock();
        if (!alive || ec) return;
        alive->drop_older_than(io::clock::now() - alive->limits_.idle_limit);
        {
            const std::lock_guard lock(alive->mutex_);
            alive->watching_ = alive->count_ != 0;
            if (!alive->watching_) return;
        }
        watch(alive);
    });
}

std::shared_ptr<io::tls_session> connection_pool::take_session(const pool_key& wanted, const tcp_endpoint& at)
{
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find({wanted, at});
    if (found == sessions_.end()) return nullptr;
    auto taken = std::move(found->second);
    sessions_.erase(found);
    return taken;
}

void connection_pool::keep_session(const pool_key& wanted, client_connection& of)
{
    auto session = of.session_kept ? nullptr : of.peer.session();
    if (!session) return;
    of.session_kept = true;
    const std::lock_guard lock(mutex_);
    if (of.epoch != epoch_) return;
    if (sessions_.size() >= limits_.max_sessions) sessions_.clear();
    sessions_.insert_or_assign({wanted, of.at}, std::move(session));
}

void connection_pool::note_refused_binary(const pool_key& by)
{
    const std::lock_guard lock(mutex_);
    if (without_binary_.size() >= limits_.max_sessions) without_binary_.clear();
    without_binary_.insert(by);
}

bool connection_pool::has_refused_binary(const pool_key& by) const
{
    const std::lock_guard lock(mutex_);
    return without_binary_.contains(by);
}
}
