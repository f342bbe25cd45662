// tests/support/lying_dns.hpp: a name server on loopback, by UDP and TCP on one port, that can lie. Names not in its
// zone do not exist. Threads: set up before start(); asked() at any time. Binds port 0.
#pragma once

#include <atomic>
#include <boost/asio.hpp>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tests {
enum class dns_lie {
    none,
    silent,     // never answers
    truncated,  // TC and no records by UDP, the truth by TCP
    nxdomain,
    servfail,
    refused,
    wrong_id,         // the truth under another id
    other_question,   // the truth about another name
    garbage,          // a header, then noise
    alias_loop,       // a CNAME to itself
    foreign_records,  // records of an owner nobody asked for
};

class lying_dns {
public:
    struct record {
        std::uint16_t type;
        std::string data;  // as on the wire
        std::uint32_t ttl = 300;
    };

    lying_dns() : tcp_(context_, {boost::asio::ip::address_v4::loopback(), 0}), udp_(context_)
    {
        const auto port = tcp_.local_endpoint().port();
        udp_.open(boost::asio::ip::udp::v4());
        udp_.bind({boost::asio::ip::address_v4::loopback(), port});
    }
    ~lying_dns()
    {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }
    lying_dns(const lying_dns&) = delete;
    lying_dns& operator=(const lying_dns&) = delete;

    void start()
    {
        receive_udp();
        accept_tcp();
        thread_ = std::thread([this] { context_.run(); });
    }
    [[nodiscard]] std::uint16_t port() const { return tcp_.local_endpoint().port(); }

    void mx(const std::string& owner, std::uint16_t preference, const std::string& host, std::uint32_t ttl = 300)
    {
        zone_[{owner, 15}].push_back({15, number(preference) + wire_name(host), ttl});
        names_[owner];
    }
    void srv(const std::string& owner, std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
             const std::string& target)
    {
        zone_[{owner, 33}].push_back({33, number(priority) + number(weight) + number(port) + wire_name(target)});
        names_[owner];
    }
    void a(const std::string& owner, const std::string& address, std::uint32_t ttl = 300)
    {
        const auto bytes = boost::asio::ip::make_address_v4(address).to_bytes();
        zone_[{owner, 1}].push_back({1, std::string(bytes.begin(), bytes.end()), ttl});
        names_[owner];
    }
    void aaaa(const std::string& owner, const std::string& address)
    {
        const auto bytes = boost::asio::ip::make_address_v6(address).to_bytes();
        zone_[{owner, 28}].push_back({28, std::string(bytes.begin(), bytes.end())});
        names_[owner];
    }
    void alias(const std::string& owner, const std::string& target) { names_[owner] = target; }
    // What denials are told with from now on (RFC 2308); none at first.
    void soa(const std::string& zone, std::uint32_t ttl, std::uint32_t minimum)
    {
        std::string numbers(16, '\0');
        numbers += number(static_cast<std::uint16_t>(minimum >> 16U));
        numbers += number(static_cast<std::uint16_t>(minimum & 0xffffU));
        authority_ = write_record(zone, {6, wire_name("ns." + zone) + wire_name("postmaster." + zone) + numbers, ttl});
    }
    void raw(const std::string& owner, std::uint16_t type, std::string data)
    {
        zone_[{owner, type}].push_back({type, std::move(data)});
        names_[owner];
    }
    void exists(const std::string& owner) { names_[owner]; }
    // type 0: whatever is asked
    void lie(const std::string& owner, dns_lie how, std::uint16_t type = 0) { lies_[{owner, type}] = how; }

    // How often a name was asked for, by UDP and by TCP.
    [[nodiscard]] int asked(const std::string& owner, std::uint16_t type) const
    {
        const std::lock_guard lock(mutex_);
        const auto found = asked_.find({owner, type});
        return found == asked_.end() ? 0 : found->second;
    }
    [[nodiscard]] int asked_by_tcp() const { return by_tcp_; }

    static std::string number(std::uint16_t value)
    {
        return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
    }
    static std::string wire_name(std::string_view name)
    {
        std::string out;
        while (!name.empty() && name != ".") {
            const auto dot = std::min(name.find('.'), name.size());
            out += static_cast<char>(dot);
            out += name.substr(0, dot);
            name.remove_prefix(std::min(dot + 1, name.size()));
        }
        return out + '\0';
    }

private:
    enum class transport { udp, tcp };
    struct asked_for {
        std::string id, name, section;
        std::uint16_t type = 0;
    };

    static asked_for read_question(std::string_view message)
    {
        asked_for found;
        found.id = message.substr(0, 2);
        std::size_t at = 12;
        while (at < message.size() && message[at] != 0) {
            const auto length = static_cast<unsigned char>(message[at]);
            if (!found.name.empty()) found.name += '.';
            found.name += message.substr(at + 1, length);
            at += length + 1U;
        }
        found.type = static_cast<std::uint16_t>(static_cast<unsigned char>(message[at + 1]) << 8U |
                                                static_cast<unsigned char>(message[at + 2]));
        found.section = message.substr(12, at + 5 - 12);
        return found;
    }
    static std::string header(const std::string& id, std::uint16_t flags, std::size_t answers,
                              std::size_t authority = 0)
    {
        return id + number(static_cast<std::uint16_t>(0x8180U | flags)) + number(1) +
               number(static_cast<std::uint16_t>(answers)) + number(static_cast<std::uint16_t>(authority)) + number(0);
    }
    [[nodiscard]] std::string denial(const std::string& id, std::uint16_t flags, const std::string& section) const
    {
        return header(id, flags, 0, authority_.empty() ? 0 : 1) + section + authority_;
    }
    static std::string write_record(const std::string& owner, const record& one)
    {
        return wire_name(owner) + number(one.type) + number(1) + number(static_cast<std::uint16_t>(one.ttl >> 16U)) +
               number(static_cast<std::uint16_t>(one.ttl & 0xffffU)) +
               number(static_cast<std::uint16_t>(one.data.size())) + one.data;
    }
    [[nodiscard]] dns_lie lie_about(const asked_for& what) const
    {
        for (const std::uint16_t type : {what.type, std::uint16_t{0}})
            if (const auto found = lies_.find({what.name, type}); found != lies_.end()) return found->second;
        return dns_lie::none;
    }
    // Empty: no answer.
    std::string answer(std::string_view message, transport by)
    {
        const asked_for what = read_question(message);
        {
            const std::lock_guard lock(mutex_);
            ++asked_[{what.name, what.type}];
        }
        std::string id = what.id;
        std::string section = what.section;
        std::string owner = what.name;
        switch (lie_about(what)) {
            case dns_lie::silent: return {};
            case dns_lie::nxdomain: return denial(id, 3, section);
            case dns_lie::servfail: return header(id, 2, 0) + section;
            case dns_lie::refused: return header(id, 5, 0) + section;
            case dns_lie::garbage: return header(id, 0, 3) + section + std::string(40, '\xff');
            case dns_lie::truncated:
                if (by == transport::udp) return header(id, 0x200, 0) + section;
                break;
            case dns_lie::wrong_id: id[0] = static_cast<char>(id[0] ^ 0x55); break;
            case dns_lie::other_question: section = wire_name("other.test") + section.substr(section.size() - 4); break;
            case dns_lie::alias_loop: return header(id, 0, 1) + section + write_record(owner, {5, wire_name(owner)});
            case dns_lie::foreign_records: owner = "elsewhere.test"; break;
            case dns_lie::none: break;
        }
        const auto known = names_.find(what.name);
        if (known == names_.end()) return denial(id, 3, section);
        std::string records;
        std::size_t count = 0;
        std::string of = what.name;
        if (!known->second.empty()) {
            of = known->second;
            records += write_record(owner, {5, wire_name(of)});
            owner = of;
            ++count;
        }
        if (const auto found = zone_.find({of, what.type}); found != zone_.end())
            for (const record& one : found->second) {
                records += write_record(owner, one);
                ++count;
            }
        return count == 0 ? denial(id, 0, section) : header(id, 0, count) + section + records;
    }
    void receive_udp()
    {
        udp_.async_receive_from(boost::asio::buffer(buffer_), from_,
                                [this](boost::system::error_code ec, std::size_t got) {
                                    if (ec) return;
                                    const std::string out = answer({buffer_.data(), got}, transport::udp);
                                    boost::system::error_code ignored;
                                    if (!out.empty()) udp_.send_to(boost::asio::buffer(out), from_, 0, ignored);
                                    receive_udp();
                                });
    }
    // One question at a time, on this thread: c-ares asks by TCP after a truncated answer only.
    void accept_tcp()
    {
        tcp_.async_accept([this](boost::system::error_code ec, boost::asio::ip::tcp::socket peer) {
            if (ec) return;
            ++by_tcp_;
            std::array<char, 2> length{};
            boost::asio::read(peer, boost::asio::buffer(length), ec);
            std::string message(static_cast<std::size_t>(static_cast<unsigned char>(length[0]) << 8U |
                                                         static_cast<unsigned char>(length[1])),
                                '\0');
            boost::asio::read(peer, boost::asio::buffer(message), ec);
            if (!ec && message.size() > 12) {
                const std::string out = answer(message, transport::tcp);
                boost::asio::write(peer, boost::asio::buffer(number(static_cast<std::uint16_t>(out.size())) + out), ec);
            }
            accept_tcp();
        });
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor tcp_;
    boost::asio::ip::udp::socket udp_;
    boost::asio::ip::udp::endpoint from_;
    std::array<char, 2048> buffer_{};
    std::map<std::pair<std::string, std::uint16_t>, std::vector<record>> zone_;
    std::map<std::string, std::string> names_;  // what exists, and whose alias it is
    std::map<std::pair<std::string, std::uint16_t>, dns_lie> lies_;
    std::string authority_;
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::uint16_t>, int> asked_;
    std::atomic<int> by_tcp_{0};
    std::thread thread_;
};
}
