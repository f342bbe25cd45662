#include "relay/store/fact_pack.hpp"

#include <vector>

#include "relay/store/fact_rows.hpp"
#include "relay/store/rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
constexpr char pack_version = 1;

// Numbers wrap around, so that no difference of two instants overflows.
std::uint64_t zigzag(std::int64_t value)
{
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value)
{
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

std::int64_t difference(instant at, instant from)
{
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(at.time_since_epoch().count()) -
                                     static_cast<std::uint64_t>(from.time_since_epoch().count()));
}

instant moved(instant from, std::int64_t by)
{
    return instant(std::chrono::milliseconds(static_cast<std::int64_t>(
        static_cast<std::uint64_t>(from.time_since_epoch().count()) + static_cast<std::uint64_t>(by))));
}

// The two coders have the same members, so that code_facts() is the one list of what a pack holds.
class encoder {
public:
    using texts = std::map<std::string, std::int64_t, std::less<>>;
    encoder(std::string& out, texts& known) : out_(out), known_(known) {}

    void number(std::int64_t value)
    {
        for (std::uint64_t left = zigzag(value);; left >>= 7U) {
            const bool last = left < 0x80U;
            out_.push_back(static_cast<char>((left & 0x7fU) | (last ? 0U : 0x80U)));
            if (last) return;
        }
    }
    void number(std::int32_t value) { number(std::int64_t{value}); }
    void text(std::string_view value)
    {
        const auto [at, is_new] = known_.try_emplace(std::string(value), static_cast<std::int64_t>(known_.size()));
        number(at->second);
        if (is_new) octets(value);
    }
    void id(const stay_id& value) { octets(value.text()); }
    void when(instant value, instant from) { number(difference(value, from)); }
    void when(const std::optional<instant>& value, instant from)
    {
        number(std::int64_t{value.has_value()});
        if (value) when(*value, from);
    }
    template <class Enum>
    void word(Enum value)
    {
        text(name(value));
    }
    void band(hour_band value) { number(static_cast<std::int64_t>(value)); }
    void flags(const stay_facts& facts) { number(fact_flags_of(facts)); }
    void failures(const std::map<cause, std::int32_t>& all)
    {
        number(static_cast<std::int64_t>(all.size()));
        for (const auto& [why, n] : all) word(why), number(n);
    }

private:
    void octets(std::string_view value)
    {
        number(static_cast<std::int64_t>(value.size()));
        out_.append(value);
    }

    std::string& out_;
    texts& known_;
};

// What it cannot read leaves it failed, with nothing more in it.
class decoder {
public:
    explicit decoder(std::string_view bytes) : left_(bytes) {}
    [[nodiscard]] bool more() const noexcept { return !failed_ && !left_.empty(); }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

    void number(std::int64_t& value)
    {
        std::uint64_t read = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (left_.empty()) break;
            const auto octet = static_cast<unsigned char>(left_.front());
            left_.remove_prefix(1);
            read |= (octet & std::uint64_t{0x7f}) << shift;
            if (octet < 0x80U) {
                value = unzigzag(read);
                return;
            }
        }
        fail();
        value = 0;
    }
    void number(std::int32_t& value)
    {
        const std::int64_t wide = number();
        value = static_cast<std::int32_t>(wide);
        if (value != wide) fail();
    }
    void text(std::string& value)
    {
        if (const std::string& found = known_text(); value != found) value = found;
    }
    void id(stay_id& value) { value = stay_id(std::string(octets())); }
    void when(instant& value, instant from) { value = moved(from, number()); }
    void when(std::optional<instant>& value, instant from)
    {
        value.reset();
        if (number() != 0) when(value.emplace(), from);
    }
    template <class Enum>
    void word(Enum& value)
    {
        const auto known = from_name<Enum>(known_text());
        if (known)
            value = *known;
        else
            fail();
    }
    void band(hour_band& value)
    {
        const std::int64_t read = number();
        if (read < 0 || read > static_cast<std::int64_t>(hour_band::unknown)) return fail();
        value = static_cast<hour_band>(read);
    }
    void flags(stay_facts& facts) { take_fact_flags(facts, number()); }
    void failures(std::map<cause, std::int32_t>& all)
    {
        all.clear();
        for (std::int64_t n = number(); n > 0 && !failed_; --n) {
            cause why{};
            word(why);
            number(all[why]);
        }
    }

private:
    void fail()
    {
        failed_ = true;
        left_ = {};
    }
    std::int64_t number()
    {
        std::int64_t value = 0;
        number(value);
        return value;
    }
    std::string_view octets()
    {
        const auto size = static_cast<std::uint64_t>(number());
        if (size > left_.size()) {
            fail();
            return {};
        }
        const std::string_view value = left_.substr(0, size);
        left_.remove_prefix(size);
        return value;
    }
    const std::string& known_text()
    {
        static const std::string nothing;
        const auto place = static_cast<std::uint64_t>(number());
        if (place == known_.size() && !failed_) known_.emplace_back(octets());
        if (place < known_.size()) return known_[place];
        fail();
        return nothing;
    }

    std::string_view left_;
    std::vector<std::string> known_;
    bool failed_ = false;
};

// All but the day, which a pack has only one of. `Facts`: const for the encoder.
template <class Coder, class Facts>
void code_facts(Coder& coder, Facts& facts)
{
    coder.id(facts.stay);
    coder.flags(facts);
    coder.band(facts.band);
    for (auto* text : {&facts.establishment, &facts.service, &facts.site, &facts.group, &facts.patient_class,
                       &facts.exclusion, &facts.letter_type, &facts.recipient_operator, &facts.addressee.structure,
                       &facts.addressee.kind, &facts.addressee.profession, &facts.addressee.department})
        coder.text(*text);
    coder.word(facts.quality);
    coder.word(facts.no_address);
    coder.when(facts.discharge, instant());
    coder.when(facts.j0_deadline, facts.discharge);
    coder.when(facts.h48_deadline, facts.discharge);
    coder.when(facts.stop, facts.discharge);
    coder.when(facts.signed_at, facts.discharge);
    coder.when(facts.received_at, facts.discharge);
    auto& tally = facts.deliveries;
    for (auto* n : {&tally.accepted, &tally.failed, &tally.read, &tally.filing_refused, &tally.repeated})
        coder.number(*n);
    coder.failures(tally.failures);
}

void read_rows(connection& database, std::int32_t from, std::int32_t to, const facts_visitor& each)
{
    if (from >= to) return;
    cursor rows = database.query(
        "SELECT " LIAISON_FACTS_COLUMNS " FROM stay_fact WHERE day >= ? AND day < ? ORDER BY day, stay", from, to);
    while (rows.next()) each(read_facts(rows));
}
}

fact_packer::fact_packer() : bytes_(1, pack_version) {}

void fact_packer::add(const stay_facts& facts)
{
    encoder coder(bytes_, texts_);
    code_facts(coder, facts);
}

unpacking unpack_facts(std::string_view bytes, std::int32_t day, const facts_visitor& each)
{
    if (bytes.empty() || bytes.front() != pack_version) return unpacking::another_version;
    decoder coder(bytes.substr(1));
    stay_facts facts;
    facts.day = day;
    while (coder.more()) {
        code_facts(coder, facts);
        if (coder.failed()) return unpacking::damaged;
        each(facts);
    }
    return unpacking::done;
}

void pack_day(connection& database, std::int32_t day)
{
    fact_packer pack;
    bool any = false;
    read_rows(database, day, day + 1, [&](const stay_facts& facts) {
        pack.add(facts);
        any = true;
    });
    if (any)
        database.run("INSERT OR REPLACE INTO fact_pack (day, facts) VALUES (?, ?)", day,
                     as_blob{std::string_view(pack.bytes())});
}

void read_facts_of_days(connection& database, std::int32_t from, std::int32_t to, const facts_visitor& each)
{
    cursor packs = database.query("SELECT day, facts FROM fact_pack WHERE day >= ? AND day < ? ORDER BY day", from, to);
    std::int32_t next = from;  // not read yet
    while (packs.next()) {
        const auto day = static_cast<std::int32_t>(packs.integer(0));
        read_rows(database, next, day, each);
        const unpacking read = unpack_facts(packs.text(1), day, each);
        if (read == unpacking::damaged) throw boost::system::system_error(make_error_code(store_errc::damaged));
        next = read == unpacking::done ? day + 1 : day;
    }
    read_rows(database, next, to, each);
}
}
