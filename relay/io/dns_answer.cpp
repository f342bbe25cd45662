#include "relay/io/dns_answer.hpp"

#include <ares.h>

#include <algorithm>
#include <array>
#include <optional>

namespace relay::io {
namespace {
char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lower_name(std::string_view name)
{
    std::string out(name);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    if (!out.empty() && out.back() == '.') out.pop_back();
    return out;
}

struct raw_record {
    std::string owner;
    std::uint16_t type = 0;
    std::uint32_t ttl = 0;
    std::size_t data = 0;  // offset in the message
    std::size_t length = 0;
};

// Moves over the message; nullopt behind its end.
class message_reader {
public:
    explicit message_reader(std::string_view message) : message_(message) {}

    std::optional<std::uint16_t> number16()
    {
        if (message_.size() - at_ < 2) return std::nullopt;
        const auto high = static_cast<unsigned char>(message_[at_]);
        const auto low = static_cast<unsigned char>(message_[at_ + 1]);
        at_ += 2;
        return static_cast<std::uint16_t>(high << 8U | low);
    }
    std::optional<std::uint32_t> number32()
    {
        const auto high = number16();
        const auto low = number16();
        if (!high || !low) return std::nullopt;
        return static_cast<std::uint32_t>(*high) << 16U | *low;
    }
    bool skip(std::size_t octets)
    {
        if (message_.size() - at_ < octets) return false;
        at_ += octets;
        return true;
    }
    std::optional<std::string> name()
    {
        char* expanded = nullptr;
        long taken = 0;
        const auto* bytes = reinterpret_cast<const unsigned char*>(message_.data());
        if (at_ >= message_.size() ||
            ares_expand_name(bytes + at_, bytes, static_cast<int>(message_.size()), &expanded, &taken) != ARES_SUCCESS)
            return std::nullopt;
        std::string read = lower_name(expanded);
        ares_free_string(expanded);
        at_ += static_cast<std::size_t>(taken);
        return read;
    }
    [[nodiscard]] std::string_view bytes(std::size_t from, std::size_t length) const
    {
        return message_.substr(from, length);
    }
    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    void move_to(std::size_t offset) { at_ = offset; }

private:
    std::string_view message_;
    std::size_t at_ = 0;
};

std::optional<raw_record> read_record(message_reader& in)
{
    raw_record one;
    auto owner = in.name();
    const auto type = in.number16();
    const auto klass = in.number16();
    const auto ttl = in.number32();
    const auto length = in.number16();
    if (!owner || !type || !klass || !ttl || !length) return std::nullopt;
    one.owner = std::move(*owner);
    one.type = *klass == 1 ? *type : std::uint16_t{0};  // IN only
    one.ttl = *ttl > 0x7fffffffU ? 0 : *ttl;            // RFC 2181 §8
    one.data = in.at();
    one.length = *length;
    if (!in.skip(one.length)) return std::nullopt;
    return one;
}

struct sections {
    std::vector<raw_record> answers;
    std::vector<raw_record> authority;
};

bool read_section(message_reader& in, std::size_t count, std::vector<raw_record>& into)
{
    for (std::size_t i = 0; i < count; ++i) {
        auto one = read_record(in);
        if (!one) return false;
        into.push_back(std::move(*one));
    }
    return true;
}

// The authority is read only behind a whole answer, and what is broken there takes nothing from the answer.
std::optional<sections> read_records(message_reader& in, const dns_limits& limits)
{
    constexpr std::size_t id_and_flags = 4;
    if (!in.skip(id_and_flags)) return std::nullopt;
    const auto questions = in.number16();
    const auto answers = in.number16();
    const auto authority = in.number16();
    if (!questions || !answers || !authority || !in.skip(2)) return std::nullopt;
    for (std::size_t i = 0; i < *questions; ++i)
        if (!in.name() || !in.skip(4)) return std::nullopt;
    sections all;
    if (!read_section(in, std::min<std::size_t>(*answers, limits.max_records), all.answers)) return std::nullopt;
    if (*answers <= limits.max_records && *authority <= limits.max_records)
        (void)read_section(in, *authority, all.authority);
    return all;
}

// RFC 2308 §5. Behind the two names of a SOA come serial, refresh, retry, expire and minimum (RFC 1035 §3.3.13).
std::chrono::seconds negative_ttl(message_reader& in, const std::vector<raw_record>& authority,
                                  const dns_limits& limits)
{
    const auto soa = std::find_if(authority.begin(), authority.end(), [](const raw_record& one) {
        return one.type == static_cast<std::uint16_t>(dns_type::soa);
    });
    if (soa == authority.end()) return std::chrono::seconds(0);
    constexpr std::size_t before_minimum = 16;
    in.move_to(soa->data);
    if (!in.name() || !in.name() || !in.skip(before_minimum)) return std::chrono::seconds(0);
    const auto minimum = in.number32();
    if (!minimum || in.at() != soa->data + soa->length) return std::chrono::seconds(0);
    return std::min(limits.longest_negative, std::chrono::seconds(std::min(*minimum, soa->ttl)));
}

template <std::size_t Size>
boost::asio::ip::address address_of(std::string_view octets)
{
    std::array<unsigned char, Size> bytes{};
    std::copy(octets.begin(), octets.end(), bytes.begin());
    if constexpr (Size == 4)
        return boost::asio::ip::address_v4(bytes);
    else
        return boost::asio::ip::address_v6(bytes);
}

// False: the record's data is not what its type says.
bool keep(const raw_record& one, message_reader& in, dns_answer& into)
{
    in.move_to(one.data);
    const std::string_view octets = in.bytes(one.data, one.length);
    if (one.type == static_cast<std::uint16_t>(dns_type::a)) {
        if (octets.size() != 4) return false;
        into.addresses.push_back(address_of<4>(octets));
    } else if (one.type == static_cast<std::uint16_t>(dns_type::aaaa)) {
        if (octets.size() != 16) return false;
        into.addresses.push_back(address_of<16>(octets));
    } else if (one.type == static_cast<std::uint16_t>(dns_type::mx)) {
        const auto preference = in.number16();
        auto host = in.name();
        if (!preference || !host || in.at() != one.data + one.length) return false;
        into.mx.push_back({*preference, std::move(*host)});
    } else {
        const auto priority = in.number16();
        const auto weight = in.number16();
        const auto port = in.number16();
        auto target = in.name();
        if (!priority || !weight || !port || !target || in.at() != one.data + one.length) return false;
        into.srv.push_back({*priority, *weight, *port, std::move(*target)});
    }
    return true;
}

const raw_record* find_alias(const std::vector<raw_record>& all, const std::string& owner)
{
    const auto found = std::find_if(all.begin(), all.end(), [&](const raw_record& one) {
        return one.type == static_cast<std::uint16_t>(dns_type::cname) && one.owner == owner;
    });
    return found == all.end() ? nullptr : &*found;
}
}

result<dns_answer> read_dns_answer(std::string_view message, std::string_view name, dns_type wanted,
                                   const dns_limits& limits)
{
    message_reader in(message);
    const auto all = read_records(in, limits);
    if (!all) return make_error_code(errc::name_lookup_failed);
    dns_answer answer;
    answer.ttl = limits.longest_ttl;
    std::string owner = lower_name(name);
    for (std::size_t aliases = 0;; ++aliases) {
        const raw_record* alias = find_alias(all->answers, owner);
        if (alias == nullptr) break;
        if (aliases == limits.max_aliases) return make_error_code(errc::name_lookup_failed);
        in.move_to(alias->data);
        auto target = in.name();
        if (!target) return make_error_code(errc::name_lookup_failed);
        owner = std::move(*target);
        answer.how = reached::by_alias;
        answer.ttl = std::min(answer.ttl, std::chrono::seconds(alias->ttl));
    }
    bool any = false;
    for (const raw_record& one : all->answers) {
        if (one.type != static_cast<std::uint16_t>(wanted) || one.owner != owner) continue;
        if (!keep(one, in, answer)) return make_error_code(errc::name_lookup_failed);
        answer.ttl = std::min(answer.ttl, std::chrono::seconds(one.ttl));
        any = true;
    }
    if (!any) answer.ttl = std::min(answer.ttl, negative_ttl(in, all->authority, limits));
    return answer;
}

std::chrono::seconds negative_ttl(std::string_view message, const dns_limits& limits)
{
    message_reader in(message);
    const auto all = read_records(in, limits);
    return all ? negative_ttl(in, all->authority, limits) : std::chrono::seconds(0);
}

bool is_dns_name(std::string_view name) noexcept
{
    if (name.empty() || name.size() > 253) return false;
    std::size_t label = 0;
    for (const char c : name) {
        const bool plain = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
        if (!plain && (c != '.' || label == 0)) return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63) return false;
    }
    return label != 0;
}
}
