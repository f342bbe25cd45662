#include "relay/pipeline/model.hpp"

#include <array>
#include <cstddef>

namespace relay::pipeline {
namespace {
// The words are kept in the store and read by people: never change one, only add. Each table is in the order of its
// enum.
template <class Enum>
struct words;

template <>
struct words<delivery_state> {
    static constexpr std::array<std::string_view, 16> all{"received",
                                                          "held",
                                                          "queued",
                                                          "deferred",
                                                          "sending",
                                                          "uncertain",
                                                          "accepted",
                                                          "confirmed",
                                                          "displayed",
                                                          "processed",
                                                          "rejected_by_software",
                                                          "failed",
                                                          "undeliverable",
                                                          "cancelled",
                                                          "superseded",
                                                          "other_channel"};
    static constexpr auto last = delivery_state::other_channel;
};
template <>
struct words<event_kind> {
    static constexpr std::array<std::string_view, 42> all{"stay_admitted",   "stay_admission_cancelled",
                                                          "stay_moved",      "stay_move_cancelled",
                                                          "stay_discharged", "stay_discharge_cancelled",
                                                          "stay_excluded",   "letter_received",
                                                          "letter_matched",  "held",
                                                          "routed",          "sealed",
                                                          "attempt_started", "accepted",
                                                          "deferred",        "refused",
                                                          "reply_lost",      "warned",
                                                          "undeliverable",   "requeued",
                                                          "cancelled",       "superseded",
                                                          "other_channel",   "report_delivered",
                                                          "report_relayed",  "report_delayed",
                                                          "report_failed",   "displayed",
                                                          "processed",       "software_rejected",
                                                          "disputed",        "work_assigned",
                                                          "work_snoozed",    "work_done",
                                                          "handed_over",     "content_expired",
                                                          "content_purged",  "period_recorded",
                                                          "traces_expired",  "mailbox_warned",
                                                          "mailbox_closed",  "mailbox_reopened"};
    static constexpr auto last = event_kind::mailbox_reopened;
};
template <>
struct words<discharge_quality> {
    static constexpr std::array<std::string_view, 5> all{"exact", "movement", "event", "document", "date_only"};
    static constexpr auto last = discharge_quality::date_only;
};
template <>
struct words<delivery_kind> {
    static constexpr std::array<std::string_view, 3> all{"letter", "report", "mail"};
    static constexpr auto last = delivery_kind::mail;
};
template <>
struct words<recipient_role> {
    static constexpr std::array<std::string_view, 4> all{"treating_doctor", "professional", "organisation", "patient"};
    static constexpr auto last = recipient_role::patient;
};
template <>
struct words<submission_form> {
    static constexpr std::array<std::string_view, 4> all{"hl7_mdm", "cda", "pdf_sidecar", "hl7_adt"};
    static constexpr auto last = submission_form::hl7_adt;
};
template <>
struct words<letter_operation> {
    static constexpr std::array<std::string_view, 3> all{"initial", "replace", "remove"};
    static constexpr auto last = letter_operation::remove;
};
template <>
struct words<ack_kind> {
    static constexpr std::array<std::string_view, 4> all{"shared_record", "reception", "reading", "certificate"};
    static constexpr auto last = ack_kind::certificate;
};
template <>
struct words<ack_outcome> {
    static constexpr std::array<std::string_view, 2> all{"positive", "negative"};
    static constexpr auto last = ack_outcome::negative;
};
template <>
struct words<ack_state> {
    static constexpr std::array<std::string_view, 3> all{"waiting", "done", "parked"};
    static constexpr auto last = ack_state::parked;
};
template <>
struct words<ack_channel> {
    static constexpr std::array<std::string_view, 3> all{"none", "file", "mllp"};
    static constexpr auto last = ack_channel::mllp;
};

template <>
struct words<movement_action> {
    static constexpr std::array<std::string_view, 2> all{"insert", "update"};
    static constexpr auto last = movement_action::update;
};
template <>
struct words<match_state> {
    static constexpr std::array<std::string_view, 4> all{"open", "number", "identity", "person"};
    static constexpr auto last = match_state::person;
};

template <class Enum>
std::string_view word_of(Enum value) noexcept
{
    static_assert(words<Enum>::all.size() == static_cast<std::size_t>(words<Enum>::last) + 1);
    static_assert(!words<Enum>::all.back().empty());
    const auto index = static_cast<std::size_t>(value);
    return index < words<Enum>::all.size() ? words<Enum>::all[index] : std::string_view("unknown");
}
}

std::string_view name(delivery_state value) noexcept
{
    return word_of(value);
}
std::string_view name(event_kind value) noexcept
{
    return word_of(value);
}
std::string_view name(discharge_quality value) noexcept
{
    return word_of(value);
}
std::string_view name(delivery_kind value) noexcept
{
    return word_of(value);
}
std::string_view name(recipient_role value) noexcept
{
    return word_of(value);
}
std::string_view name(submission_form value) noexcept
{
    return word_of(value);
}
std::string_view name(letter_operation value) noexcept
{
    return word_of(value);
}
std::string_view name(movement_action value) noexcept
{
    return word_of(value);
}
std::string_view name(match_state value) noexcept
{
    return word_of(value);
}
std::string_view name(ack_kind value) noexcept
{
    return word_of(value);
}
std::string_view name(ack_outcome value) noexcept
{
    return word_of(value);
}
std::string_view name(ack_state value) noexcept
{
    return word_of(value);
}
std::string_view name(ack_channel value) noexcept
{
    return word_of(value);
}

template <class Enum>
std::optional<Enum> from_name(std::string_view text) noexcept
{
    for (std::size_t index = 0; index < words<Enum>::all.size(); ++index)
        if (words<Enum>::all[index] == text) return static_cast<Enum>(index);
    return std::nullopt;
}

template std::optional<delivery_state> from_name<delivery_state>(std::string_view) noexcept;
template std::optional<event_kind> from_name<event_kind>(std::string_view) noexcept;
template std::optional<discharge_quality> from_name<discharge_quality>(std::string_view) noexcept;
template std::optional<delivery_kind> from_name<delivery_kind>(std::string_view) noexcept;
template std::optional<recipient_role> from_name<recipient_role>(std::string_view) noexcept;
template std::optional<submission_form> from_name<submission_form>(std::string_view) noexcept;
template std::optional<letter_operation> from_name<letter_operation>(std::string_view) noexcept;
template std::optional<movement_action> from_name<movement_action>(std::string_view) noexcept;
template std::optional<match_state> from_name<match_state>(std::string_view) noexcept;
template std::optional<ack_kind> from_name<ack_kind>(std::string_view) noexcept;
template std::optional<ack_outcome> from_name<ack_outcome>(std::string_view) noexcept;
template std::optional<ack_state> from_name<ack_state>(std::string_view) noexcept;
template std::optional<ack_channel> from_name<ack_channel>(std::string_view) noexcept;
}
