// relay/app/load_watch.hpp: measures what drives the load of this node, tells its state to those who take things in,
// and shows both (metrics, `liaison status`). sample() by one thread, a few times a second; the rest from any thread.
#pragma once

#include <atomic>
#include <filesystem>

#include <boost/json/object.hpp>

#include "relay/base/current.hpp"
#include "relay/pipeline/load_rule.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"

namespace relay::app {
struct load_limits {
    std::filesystem::path data;  // whose free space counts
    std::uint64_t reserve_octets = 0;
    std::uint64_t connections = 0;
    std::uint64_t queue_octets = 0;
    std::uint64_t memory_octets = 0;
    std::uint64_t commit_microseconds = 0;
};

class load_watch {
public:
    explicit load_watch(load_limits limits) : limits_(std::make_shared<const load_limits>(std::move(limits))) {}
    void use(load_limits limits) { limits_.set(std::make_shared<const load_limits>(std::move(limits))); }  // any thread
    void sample();
    [[nodiscard]] pipeline::load_state state() const noexcept { return state_; }
    [[nodiscard]] bool is_refusing() const noexcept { return state_ == pipeline::load_state::refusing; }
    [[nodiscard]] boost::json::object facts() const;

private:
    [[nodiscard]] pipeline::load_measures measure();

    base::current<const load_limits> limits_;
    pipeline::load_level level_;
    std::uint64_t commits_seen_ = 0;
    std::atomic<pipeline::load_state> state_{pipeline::load_state::normal};
};

// Mail for which the node has no room now is put off before its bytes come: 452 (RFC 5321 §4.2.3).
class gated_sink : public pipeline::ports::mail_sink {
public:
    gated_sink(pipeline::ports::mail_sink& to, const load_watch& load) : to_(to), load_(load) {}
    [[nodiscard]] pipeline::ports::recipient_verdict check_recipient(
        std::string_view address, const pipeline::ports::session_facts& from) override;
    [[nodiscard]] pipeline::ports::store_verdict store(const pipeline::ports::mail_envelope& envelope,
                                                       std::string_view message,
                                                       const pipeline::ports::session_facts& from) override;

private:
    pipeline::ports::mail_sink& to_;
    const load_watch& load_;
};
}
