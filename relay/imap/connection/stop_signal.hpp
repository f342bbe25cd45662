// relay/imap/connection/stop_signal.hpp: wakes every connection that waits for its peer when the server stops, so that
// it can say BYE. raise() and subscribe() from any thread; each subscription is a timer that never ends by itself and
// is used on its own strand.
#pragma once

#include <boost/asio.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "relay/io/stream.hpp"

namespace relay::imap {
class stop_signal {
public:
    [[nodiscard]] std::shared_ptr<boost::asio::steady_timer> subscribe(const boost::asio::any_io_executor& strand);
    void raise();

private:
    std::mutex mutex_;
    bool raised_ = false;
    std::vector<std::weak_ptr<boost::asio::steady_timer>> waiting_;
};

enum class woken_by { time, stop };

// Waits for the timer or the signal. A cancellation from outside counts as the signal.
[[nodiscard]] io::awaitable<woken_by> until_stopped(boost::asio::steady_timer& timer, boost::asio::steady_timer& stop);

// read_some() that the signal ends with errc::cancelled.
[[nodiscard]] io::awaitable<result<std::size_t>> read_until_stopped(io::stream& from, std::span<char> into,
                                                                    io::clock::time_point deadline,
                                                                    boost::asio::steady_timer& stop);
}
