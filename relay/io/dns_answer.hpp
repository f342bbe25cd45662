// relay/io/dns_answer.hpp: reads the answer of a DNS message (RFC 1035 §4): A, AAAA, MX (RFC 1035 §3.3.9), SRV
// (RFC 2782), with the CNAMEs that lead from the name asked for to its records. Records of other owners are ignored.
// With the SOA that says for how long there is none (RFC 2308). Pure, safe from any thread. Errors:
// errc::name_lookup_failed for whatever is not a whole DNS message. Limits: dns_limits.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/io/errc.hpp"

namespace relay::io {
enum class dns_type : std::uint16_t { a = 1, cname = 5, soa = 6, mx = 15, aaaa = 28, srv = 33 };

struct mx_record {
    std::uint16_t preference = 0;
    std::string host;  // lower case, without the last dot; empty: "." (RFC 7505)
    friend bool operator==(const mx_record&, const mx_record&) = default;
};
struct srv_record {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::string target;  // as mx_record::host; empty: the service is decidedly not offered
    friend bool operator==(const srv_record&, const srv_record&) = default;
};

enum class reached { directly, by_alias };  // was there a CNAME on the way?

struct dns_answer {  // empty lists: the name exists, without such records
    std::vector<mx_record> mx;
    std::vector<srv_record> srv;
    std::vector<boost::asio::ip::address> addresses;
    std::chrono::seconds ttl{0};  // least of the records used; of none, negative_ttl()
    reached how = reached::directly;
};

struct dns_limits {
    std::size_t max_records = 256;  // of one answer; those behind are not read
    std::size_t max_aliases = 8;    // in a row
    std::size_t max_cached = 4096;
    std::size_t max_waiting = 1000;              // questions under way
    std::chrono::seconds longest_ttl{3600};      // an answer is kept no longer, whatever its records say
    std::chrono::seconds longest_negative{300};  // nor that there is none
    std::chrono::seconds no_answer{10};          // nobody answered, or badly: not asked again before (RFC 2308 §7)
};

// `name` in any case. The message's id and question were checked by whoever received it.
[[nodiscard]] result<dns_answer> read_dns_answer(std::string_view message, std::string_view name, dns_type wanted,
                                                 const dns_limits& limits = {});
// How long it is known that there is no such name or record: the lesser of the SOA's TTL and its minimum (RFC 2308 §5),
// capped; zero without SOA. Also zero for what is no DNS message.
[[nodiscard]] std::chrono::seconds negative_ttl(std::string_view message, const dns_limits& limits = {});
// Letters, digits, '-', '_' and dots; labels 1 to 63 octets, at most 253 in all (RFC 1035 §2.3.4); no last dot.
[[nodiscard]] bool is_dns_name(std::string_view name) noexcept;
}
