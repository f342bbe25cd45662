#include "relay/store/facts.hpp"

#include <charconv>

#include "relay/store/errc.hpp"

namespace relay::store {
namespace {
using namespace pipeline;
constexpr char format_version = 1;
// Kept in the ledger for ever: never reuse a number.
enum tag : unsigned char {
    tag_why = 1,
    tag_smtp_code,
    tag_enhanced_status,
    tag_peer,
    tag_tls,
    tag_attempt,
    tag_discharge,
    tag_quality,
    tag_flags,
    tag_evidence,
    tag_peer_text,
    tag_actor = 20,
    tag_movement_id,
    tag_movement_action,
    tag_movement_recorded,
    tag_movement_at,
    tag_movement_class,
    tag_movement_service,
    tag_movement_treating,
    tag_movement_identity,
    tag_movement_traits,
    tag_said_to = 40,
    tag_said_at,
    tag_said_reason,
    tag_said_about
};

template <class Number>
bool read_number(std::string_view text, Number& into)
{
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), into);
    return code == std::errc() && end == text.data() + text.size();
}

template <class Enum>
bool read_word(std::string_view text, Enum& into)
{
    const auto value = from_name<Enum>(text);
    if (value) into = *value;
    return value.has_value();
}

bool read_instant(std::string_view text, std::optional<instant>& into)
{
    std::int64_t milliseconds = 0;
    if (!read_number(text, milliseconds)) return false;
    into = instant(std::chrono::milliseconds(milliseconds));
    return true;
}

bool read_movement_field(movement_facts& facts, unsigned char which, std::string_view value)
{
    switch (which) {
        case tag_movement_id: facts.id = value; return true;
        case tag_movement_action: return read_word(value, facts.action);
        case tag_movement_recorded: return read_instant(value, facts.recorded);
        case tag_movement_at: return read_instant(value, facts.at);
        case tag_movement_class: facts.patient_class = value; return true;
        case tag_movement_service: facts.service = value; return true;
        case tag_movement_treating: facts.treating_rpps = value; return true;
        case tag_movement_identity: facts.identity_key = value; return true;
        case tag_movement_traits: facts.traits_key = value; return true;
        default: return true;
    }
}

bool read_said_field(said_facts& facts, unsigned char which, std::string_view value)
{
    switch (which) {
        case tag_said_to: facts.to = value; return true;
        case tag_said_at: return read_instant(value, facts.at);
        case tag_said_reason: facts.reason = value; return true;
        case tag_said_about: facts.about = value; return true;
        default: return true;
    }
}

bool read_field(event_facts& facts, unsigned char which, std::string_view value)
{
    switch (which) {
        case tag_why:
            // A cause of a newer program is still a cause: a person looks at it.
            if (!read_word(value, facts.why)) facts.why = cause::unknown;
            return true;
        case tag_smtp_code: return read_number(value, facts.smtp_code);
        case tag_enhanced_status: facts.enhanced_status = value; return true;
        case tag_peer: facts.peer = value; return true;
        case tag_tls: facts.tls = value; return true;
        case tag_attempt: return read_number(value, facts.attempt);
        case tag_discharge: return read_instant(value, facts.discharge);
        case tag_quality: return read_word(value, facts.quality);
        case tag_flags: facts.flags = value; return true;
        case tag_evidence: facts.evidence = value; return true;
        case tag_peer_text: facts.peer_text = value; return true;
        case tag_actor: facts.actor = value; return true;
        default:
            return which < tag_said_to ? read_movement_field(facts.movement, which, value)
                                       : read_said_field(facts.said, which, value);
    }
}

void put_text(std::string& out, unsigned char which, std::string_view value)
{
    if (!value.empty()) put_field(out, which, value);
}

void put_instant(std::string& out, unsigned char which, const std::optional<instant>& value)
{
    if (value) put_field(out, which, std::to_string(value->time_since_epoch().count()));
}

void put_movement(std::string& out, const movement_facts& facts)
{
    put_text(out, tag_movement_id, facts.id);
    if (facts.action != movement_action::insert) put_field(out, tag_movement_action, name(facts.action));
    put_instant(out, tag_movement_recorded, facts.recorded);
    put_instant(out, tag_movement_at, facts.at);
    put_text(out, tag_movement_class, facts.patient_class);
    put_text(out, tag_movement_service, facts.service);
    put_text(out, tag_movement_treating, facts.treating_rpps);
    put_text(out, tag_movement_identity, facts.identity_key);
    put_text(out, tag_movement_traits, facts.traits_key);
}
}

void put_field(std::string& out, unsigned char tag, std::string_view value)
{
    const auto size = static_cast<std::uint32_t>(value.size());
    out.push_back(static_cast<char>(tag));
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((size >> shift) & 0xffU));
    out.append(value);
}

bool take_field(std::string_view& in, unsigned char& tag, std::string_view& value)
{
    constexpr std::size_t header = 5;
    if (in.size() < header) return false;
    std::size_t size = 0;
    for (std::size_t index = 1; index < header; ++index) size = (size << 8U) | static_cast<unsigned char>(in[index]);
    if (size > in.size() - header) return false;
    tag = static_cast<unsigned char>(in.front());
    value = in.substr(header, size);
    in.remove_prefix(header + size);
    return true;
}

std::string write_facts(const event_facts& facts)
{
    std::string out(1, format_version);
    const event_facts defaults;
    if (facts.why != defaults.why) put_field(out, tag_why, name(facts.why));
    if (facts.smtp_code != 0) put_field(out, tag_smtp_code, std::to_string(facts.smtp_code));
    put_text(out, tag_enhanced_status, facts.enhanced_status);
    put_text(out, tag_peer, facts.peer);
    put_text(out, tag_tls, facts.tls);
    if (facts.attempt != 0) put_field(out, tag_attempt, std::to_string(facts.attempt));
    put_instant(out, tag_discharge, facts.discharge);
    if (facts.quality != defaults.quality) put_field(out, tag_quality, name(facts.quality));
    put_text(out, tag_flags, facts.flags);
    put_text(out, tag_evidence, facts.evidence);
    put_text(out, tag_peer_text, facts.peer_text);
    put_text(out, tag_actor, facts.actor);
    put_movement(out, facts.movement);
    put_text(out, tag_said_to, facts.said.to);
    put_instant(out, tag_said_at, facts.said.at);
    put_text(out, tag_said_reason, facts.said.reason);
    put_text(out, tag_said_about, facts.said.about);
    return out;
}

result<event_facts> read_facts(std::string_view bytes)
{
    if (bytes.empty() || bytes.front() != format_version) return make_error_code(store_errc::damaged);
    bytes.remove_prefix(1);
    event_facts facts;
    unsigned char which = 0;
    std::string_view value;
    while (take_field(bytes, which, value))
        if (!read_field(facts, which, value)) return make_error_code(store_errc::damaged);
    if (!bytes.empty()) return make_error_code(store_errc::damaged);
    return facts;
}
}
