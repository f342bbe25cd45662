// relay/pipeline/worklist.hpp: what asks for a person, oldest deadline first (domain.md §7, §8). A line is derived from
// what the store knows of a stay, a delivery, a letter or a mailbox, and from the hour; nothing of it is stored but
// what people said (assigned, put off, done), which ends by itself when the thing is in another state. No identity of a
// patient. item_of() is pure; read_worklist() reads the store (blocking: worker threads only).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "relay/pipeline/attention.hpp"
#include "relay/pipeline/work_words.hpp"

namespace relay::pipeline {
namespace ports {
class reader;
class work_reader;
}

enum class work_kind { stay, delivery, letter, patients, mailbox };
[[nodiscard]] std::string_view name(work_kind value) noexcept;

// The last words of people about one line.
struct work_said {
    std::string item;
    std::string assigned_to;  // stands until somebody else is named
    enum class word { none, snoozed, done } last = word::none;
    std::optional<instant> until;  // of a snooze
    std::string reason;            // of done: a code of work_words.hpp
    std::string about;             // about_of() when it was said: it ends with that
    std::string actor;
    instant at{};
    friend bool operator==(const work_said&, const work_said&) = default;
};

// What the store knows of one thing that may ask for a person.
struct work_evidence {
    std::string item;  // id of the stay, the delivery, the letter, or of the warning about a mailbox
    work_kind kind = work_kind::stay;
    std::string service;   // empty: nobody knows, or of no service
    instant since{};       // discharge, reception, first seen
    delivery_goals goals;  // J0, then 48 h; the same where there is one only
    letter_id letter;
    stay_id stay;
    delivery_state state = delivery_state::received;  // of a delivery
    cause why = cause::none;
    std::optional<stay_facts> facts;                  // of the stay, where it is known and has a day
    work_topic warning = work_topic::mailbox_volume;  // of a mailbox
    std::string domain;                               // of the recipient
    std::int64_t count = 0;                           // of a warning: what it counted; of patients: their letters
    std::optional<work_said> said;
};

struct work_item {
    std::string id;
    work_kind kind = work_kind::stay;
    std::string service, site, group;  // site and group empty where the settings name none
    letter_id letter;
    stay_id stay;
    std::string word;                  // "j0_missed", "unmatched", or the state of the delivery
    cause why = cause::none;           // of a delivery
    attention mark = attention::none;  // of its stay
    std::string label, first_actor, actor_label, action, action_en;  // label, actor_label and action in French
    instant deadline{};  // the next that can be kept, else the last that was not
    bool has_deadline = true;
    instant since{};
    std::string domain;
    std::int64_t count = 0;
    enum class standing { open, snoozed, done } stands = standing::open;
    std::string assigned_to, reason, actor;
    std::optional<instant> until;
};

// Held, ended without success, refused by the recipient's software or disputed: it needs a person (domain.md §4, §8).
[[nodiscard]] bool asks_for_a_person(const delivery_row& row) noexcept;

// The state that what people say of a line hangs on: mark, or state and cause. Empty: it asks for nobody now.
[[nodiscard]] std::string about_of(const work_evidence& of, instant now, const attention_rules& rules = {});
[[nodiscard]] std::optional<work_item> item_of(const work_evidence& of, const organisation& sites, instant now,
                                               const attention_rules& rules = {});

// Where a page ended: the next one begins behind it.
struct work_place {
    instant deadline{};
    std::string item;
    friend auto operator<=>(const work_place&, const work_place&) = default;
};
// "1763800000000-id", and back; nullopt for any other text.
[[nodiscard]] std::string text_of(const work_place& place);
[[nodiscard]] std::optional<work_place> read_work_place(std::string_view text);

struct work_query {
    enum class lines { open, all };     // all: those put off or done as well
    std::vector<std::string> services;  // empty: every service, and what belongs to none
    lines shown = lines::open;
    std::size_t limit = 100;
    std::optional<work_place> after;
};
struct work_page {
    std::vector<work_item> items;    // by deadline, then id
    std::optional<work_place> next;  // there may be more
};
// Reads of each service a few lines more than are shown of it; what can still keep J0 only if the overdue leave room.
[[nodiscard]] work_page read_worklist(ports::work_reader& store, const work_query& wanted, const organisation& sites,
                                      instant now, const attention_rules& rules = {});
[[nodiscard]] work_page read_worklist(ports::reader& store, const work_query& wanted, const organisation& sites,
                                      instant now, const attention_rules& rules = {});
[[nodiscard]] std::optional<work_item> find_work(ports::reader& store, std::string_view item, const organisation& sites,
                                                 instant now, const attention_rules& rules = {});

// Codes of the services of one site, or of all sites of a group.
[[nodiscard]] std::vector<std::string> services_of_site(const organisation& sites, std::string_view site);
[[nodiscard]] std::vector<std::string> services_of_group(const organisation& sites, std::string_view group);
}
