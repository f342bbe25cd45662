// relay/io/dns_asker.hpp: the thread that talks to name servers for name_lookup (c-ares), and the answers it keeps:
// positive ones for their TTL, negative ones as RFC 2308 §5 says, within dns_limits. Threads: ask() on any strand; the
// thread owns the channel, nobody else touches c-ares. Private to relay/io.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "relay/io/dns_answer.hpp"
#include "relay/io/hosts_file.hpp"
#include "relay/io/name_lookup.hpp"

struct ares_channeldata;

namespace relay::io {
class dns_asker {
public:
    struct question {
        std::string name;
        dns_type type;
        friend auto operator<=>(const question&, const question&) = default;
    };

    dns_asker(dns_settings settings, dns_limits limits);
    ~dns_asker();
    dns_asker(const dns_asker&) = delete;
    dns_asker& operator=(const dns_asker&) = delete;

    // Its ttl is what is left of it. Cancelled, it completes at once, and the late answer is dropped.
    [[nodiscard]] awaitable<result<dns_answer>> ask(question what);

private:
    using channel = ares_channeldata*;
    using told = std::function<void(result<dns_answer>)>;
    struct request {
        question what;
        told tell;
        dns_asker* self;
    };
    struct kept {
        result<dns_answer> answer;
        clock::time_point until;
    };
    result<void> post(question what, told tell);
    void wake() const;
    std::optional<result<dns_answer>> cached(const question& what);
    void keep(const question& what, const result<dns_answer>& answer, std::chrono::seconds ttl);
    std::optional<dns_answer> in_hosts_file(const question& what);
    void run();
    void begin(channel to, std::unique_ptr<request> one);
    void turn(channel to) const;
    [[nodiscard]] channel open_channel() const;
    void end(std::unique_ptr<request> one, result<dns_answer> answer, std::chrono::seconds ttl);
    static void answered(void* argument, int status, int timeouts, unsigned char* bytes, int length);

    const dns_settings settings_;
    const dns_limits limits_;
    hosts_file hosts_;  // the thread's
    int wake_ = -1;
    std::mutex mutex_;  // all below
    std::deque<std::unique_ptr<request>> waiting_;
    std::size_t under_way_ = 0;
    std::map<question, kept> cache_;
    bool stopping_ = false;
    bool started_ = false;
    std::thread thread_;
};
}
