// relay/io/session_list.hpp: the connections that a listening service has open, so that a drain can speak to each of
// them on its own strand. Counted in a gauge. Session: a class with a member `strand`, an executor. Threads: any; an
// entry and a visitor keep their session alive, and the list outlives its entries.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include <boost/asio/post.hpp>

#include "relay/obs/metrics.hpp"

namespace relay::io {
template <class Session>
class session_list {
public:
    explicit session_list(obs::gauge open) noexcept : gauge_(open) {}
    session_list(const session_list&) = delete;
    session_list& operator=(const session_list&) = delete;

    // In the list from its construction to its end, however the connection's coroutine ends.
    class entry {
    public:
        entry(session_list& list, std::shared_ptr<Session> added) : list_(list)
        {
            const std::lock_guard lock(list_.mutex_);
            place_ = list_.open_.insert(list_.open_.end(), std::move(added));
            obs::move(list_.gauge_, 1);
        }
        ~entry()
        {
            const std::lock_guard lock(list_.mutex_);
            list_.open_.erase(place_);
            obs::move(list_.gauge_, -1);
        }
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

    private:
        session_list& list_;
        typename std::list<std::shared_ptr<Session>>::iterator place_;
    };

    // Calls visit(session) for each that is open now, later, on the session's strand. Must not throw.
    template <class Visit>
    void visit_each(Visit visit)
    {
        const std::lock_guard lock(mutex_);
        for (const auto& one : open_) boost::asio::post(one->strand, [one, visit] { visit(*one); });
    }

private:
    const obs::gauge gauge_;
    std::mutex mutex_;
    std::list<std::shared_ptr<Session>> open_;
};
}
