#include "relay/store/reading.hpp"

#include <boost/system/system_error.hpp>

#include "relay/store/accounts.hpp"
#include "relay/store/fact_pack.hpp"
#include "relay/store/fact_rows.hpp"
#include "relay/store/ledger.hpp"
#include "relay/store/queue_rows.hpp"
#include "relay/store/rows.hpp"
#include "relay/store/sealing.hpp"

namespace relay::store {
namespace {
using namespace pipeline;

template <class Read>
auto first(cursor row, Read read) -> std::optional<decltype(read(row))>
{
    if (!row.next()) return std::nullopt;
    return read(row);
}

enum class carries { version, removal };

// A letter holds its first document in its own row, which is asked first, and any other beside it.
std::optional<letter_row> newest_letter_with(connection& database, std::string_view document_key, carries what)
{
    const std::int64_t removes = what == carries::removal ? 1 : 0;
    auto found = first(database.query("SELECT " LIAISON_LETTER_COLUMNS " FROM letter WHERE document_key = ?"
                                      " AND (operation = 'remove') = ? ORDER BY received_at DESC LIMIT 1",
                                      document_key, removes),
                       read_letter);
    if (found) return found;
    return first(database.query("SELECT " LIAISON_LETTER_COLUMNS " FROM letter WHERE id IN"
                                " (SELECT letter FROM letter_document WHERE document_key = ?)"
                                " AND (operation = 'remove') = ? ORDER BY received_at DESC LIMIT 1",
                                document_key, removes),
                 read_letter);
}
}

template <class Base>
std::optional<letter_row> reading<Base>::letter(const letter_id& id)
{
    return first(database_.query("SELECT " LIAISON_LETTER_COLUMNS " FROM letter WHERE id = ?", id), read_letter);
}

template <class Base>
std::optional<letter_row> reading<Base>::letter_by_document(std::string_view document_key)
{
    return newest_letter_with(database_, document_key, carries::version);
}

template <class Base>
std::optional<letter_row> reading<Base>::removal_of_document(std::string_view document_key)
{
    return newest_letter_with(database_, document_key, carries::removal);
}

template <class Base>
std::vector<letter_row> reading<Base>::letters_replacing(std::string_view document_key)
{
    return all(database_.query("SELECT " LIAISON_LETTER_COLUMNS
                               " FROM letter WHERE (parent_key = ? AND parent_key <> '') OR id IN (SELECT letter FROM"
                               " letter_document WHERE parent_key = ? AND parent_key <> '')"
                               " ORDER BY version, received_at",
                               document_key, document_key),
               read_letter);
}

template <class Base>
std::vector<letter_document_row> reading<Base>::further_documents(const letter_id& id)
{
    return all(
        database_.query(
            "SELECT " LIAISON_LETTER_DOCUMENT_COLUMNS " FROM letter_document WHERE letter = ? ORDER BY place", id),
        read_letter_document);
}

template <class Base>
std::vector<letter_row> reading<Base>::letters_of_stay(const stay_id& id)
{
    return all(database_.query(
                   "SELECT " LIAISON_LETTER_COLUMNS " FROM letter WHERE stay = ? ORDER BY received_at, version", id),
               read_letter);
}

template <class Base>
std::vector<letter_row> reading<Base>::letters_of_set(std::string_view set_key)
{
    return all(
        database_.query("SELECT " LIAISON_LETTER_COLUMNS " FROM letter WHERE set_key = ? ORDER BY version, received_at",
                        set_key),
        read_letter);
}

template <class Base>
std::vector<letter_row> reading<Base>::letters_received(instant from, instant to)
{
    return all(database_.query("SELECT " LIAISON_LETTER_COLUMNS
                               " FROM letter WHERE received_at >= ? AND received_at < ? ORDER BY received_at",
                               from, to),
               read_letter);
}

template <class Base>
std::optional<stay_row> reading<Base>::stay(const stay_id& id)
{
    return first(database_.query("SELECT " LIAISON_STAY_COLUMNS " FROM stay WHERE id = ?", id), read_stay);
}

template <class Base>
std::optional<stay_row> reading<Base>::stay_by_key(std::string_view visit_key, std::string_view file_key)
{
    if (!visit_key.empty()) {
        auto found =
            first(database_.query("SELECT " LIAISON_STAY_COLUMNS " FROM stay WHERE visit_key = ? AND visit_key <> ''"
                                  " ORDER BY created_at DESC LIMIT 1",
                                  visit_key),
                  read_stay);
        if (found) return found;
    }
    if (file_key.empty()) return std::nullopt;
    return first(database_.query("SELECT " LIAISON_STAY_COLUMNS
                                 " FROM stay WHERE file_key = ? AND file_key <> '' AND (visit_key = '' OR ? = '')"
                                 " ORDER BY created_at DESC LIMIT 1",
                                 file_key, visit_key),
                 read_stay);
}

template <class Base>
std::vector<stay_row> reading<Base>::stays_after(std::string_view id, std::size_t limit)
{
    return all(database_.query("SELECT " LIAISON_STAY_COLUMNS " FROM stay WHERE id > ? ORDER BY id LIMIT ?", id,
                               limit_of(limit)),
               read_stay);
}

template <class Base>
void reading<Base>::read_facts(const ports::facts_query& wanted, const std::function<void(const stay_facts&)>& each)
{
    if (wanted.service.empty()) return read_facts_of_days(database_, wanted.from, wanted.to, each);
    cursor rows =
        database_.query("SELECT " LIAISON_FACTS_COLUMNS " FROM stay_fact WHERE service = ? AND day >= ? AND day < ?",
                        wanted.service, wanted.from, wanted.to);
    while (rows.next()) each(store::read_facts(rows));
}

template <class Base>
std::string reading<Base>::facts_basis()
{
    cursor row = database_.query("SELECT basis FROM stay_fact_basis");
    return row.next() ? row.text(0) : std::string();
}

template <class Base>
std::vector<stay_row> reading<Base>::stays_discharged(instant from, instant to)
{
    return all(database_.query("SELECT " LIAISON_STAY_COLUMNS
                               " FROM stay WHERE discharge IS NOT NULL AND discharge >= ? AND discharge < ?"
                               " UNION ALL SELECT " LIAISON_STAY_COLUMNS
                               " FROM stay WHERE admission IS NOT NULL AND admission >= ? AND admission < ?"
                               " AND discharge IS NULL AND exclusion = 'CANCELLED'",
                               from, to, from, to),
               read_stay);
}

template <class Base>
std::vector<stay_row> reading<Base>::stays_of_person(std::string_view identity_key, std::string_view traits_key)
{
    return all(
        database_.query("SELECT " LIAISON_STAY_COLUMNS " FROM stay WHERE (identity_key = ? AND identity_key <> '')"
                        " OR (traits_key = ? AND traits_key <> '' AND (identity_key = '' OR ? = ''))"
                        " ORDER BY created_at DESC, id DESC LIMIT 1000",
                        identity_key, traits_key, identity_key),
        read_stay);
}

template <class Base>
std::optional<letter_clues> reading<Base>::clues_of(const letter_id& id)
{
    return first(database_.query("SELECT " LIAISON_CLUE_COLUMNS " FROM letter_clue WHERE letter = ?", id), read_clues);
}

template <class Base>
std::vector<letter_clues> reading<Base>::clues_like(const stay_row& stay)
{
    return all(
        database_.query("SELECT " LIAISON_CLUE_COLUMNS " FROM letter_clue WHERE (visit_key = ? AND visit_key <> '')"
                        " OR (file_key = ? AND file_key <> '') OR (identity_key = ? AND identity_key <> '')"
                        " OR (traits_key = ? AND traits_key <> '' AND (identity_key = '' OR ? = ''))"
                        " OR letter IN (SELECT id FROM letter WHERE stay = ?)"
                        " ORDER BY written DESC, letter DESC LIMIT 1000",
                        stay.visit_key, stay.file_key, stay.identity_key, stay.traits_key, stay.identity_key, stay.id),
        read_clues);
}

template <class Base>
std::vector<letter_clues> reading<Base>::open_matches(std::size_t limit)
{
    return all(database_.query("SELECT " LIAISON_CLUE_COLUMNS
                               " FROM letter_clue WHERE state = 'open' ORDER BY written DESC LIMIT ?",
                               limit_of(limit)),
               read_clues);
}

template <class Base>
std::optional<delivery_row> reading<Base>::delivery(const delivery_id& id)
{
    return first(database_.query("SELECT " LIAISON_DELIVERY_COLUMNS " FROM delivery WHERE id = ?", id), read_delivery);
}

template <class Base>
std::optional<delivery_row> reading<Base>::delivery_by_envid(std::string_view envid)
{
    return first(
        database_.query("SELECT " LIAISON_DELIVERY_COLUMNS " FROM delivery WHERE envid = ? AND envid <> ''", envid),
        read_delivery);
}

template <class Base>
std::optional<delivery_row> reading<Base>::delivery_by_message_id(std::string_view message_id)
{
    return first(
        database_.query("SELECT " LIAISON_DELIVERY_COLUMNS " FROM delivery WHERE message_id = ? AND message_id <> ''",
                        message_id),
        read_delivery);
}

template <class Base>
std::vector<delivery_row> reading<Base>::deliveries_of_letter(const letter_id& id)
{
    return all(database_.query(
                   "SELECT " LIAISON_DELIVERY_COLUMNS " FROM delivery WHERE letter = ? ORDER BY created_at, id", id),
               read_delivery);
}

template <class Base>
std::vector<delivery_row> reading<Base>::deliveries_in(delivery_state state, std::size_t limit)
{
    return all(
        database_.query("SELECT " LIAISON_DELIVERY_COLUMNS " FROM delivery WHERE state = ? ORDER BY created_at LIMIT ?",
                        name(state), limit_of(limit)),
        read_delivery);
}

template <class Base>
std::vector<delivery_row> reading<Base>::deliveries_behind(const delivery_place& place, std::size_t limit)
{
    return all(database_.query("SELECT " LIAISON_DELIVERY_COLUMNS
                               " FROM delivery WHERE state = ? AND created_at >= ? AND (created_at, id) > (?, ?)"
                               " ORDER BY created_at, id LIMIT ?",
                               name(place.state), place.created_at, place.created_at, place.id, limit_of(limit)),
               read_delivery);
}

template <class Base>
std::vector<queue_lane> reading<Base>::lanes()
{
    return find_lanes(database_);
}

template <class Base>
std::vector<due_delivery> reading<Base>::due_deliveries(std::string_view domain, instant now, std::size_t limit)
{
    return find_due(database_, domain, now, limit);
}

template <class Base>
std::vector<delivery_row> reading<Base>::unwarned_deliveries(delivery_kind kind, instant until, std::size_t limit)
{
    return find_unwarned(database_, kind, until, limit);
}

template <class Base>
bool reading<Base>::is_mail_in_use(const blob_id& bytes)
{
    return find_mail_use(database_, bytes);
}

template <class Base>
std::vector<domain_hold> reading<Base>::domain_holds()
{
    return find_holds(database_);
}

template <class Base>
bool reading<Base>::is_on_hold(std::string_view domain)
{
    return find_hold(database_, domain);
}

template <class Base>
std::vector<event> reading<Base>::events_of(const stay_id& id)
{
    return all(database_.query("SELECT " LIAISON_EVENT_COLUMNS " FROM event WHERE stay = ? ORDER BY sequence", id),
               [this](const cursor& row) { return read_event(row, vault_); });
}

template <class Base>
std::vector<event> reading<Base>::events_of(const letter_id& id)
{
    return all(database_.query("SELECT " LIAISON_EVENT_COLUMNS " FROM event WHERE letter = ? ORDER BY sequence", id),
               [this](const cursor& row) { return read_event(row, vault_); });
}

template <class Base>
std::vector<event> reading<Base>::events_of(const delivery_id& id)
{
    return all(database_.query("SELECT " LIAISON_EVENT_COLUMNS " FROM event WHERE delivery = ? ORDER BY sequence", id),
               [this](const cursor& row) { return read_event(row, vault_); });
}

template <class Base>
std::vector<refusal_row> reading<Base>::refusals(std::size_t limit)
{
    return all(database_.query("SELECT content, at, form, code, field, message, source_name, source_name_key"
                               " FROM refusal ORDER BY sequence DESC LIMIT ?",
                               limit_of(limit)),
               read_refusal);
}

// The state stands in the statement: only so does SQLite see that the partial index serves.
#define LIAISON_ACKS_IN(state)                                          \
    "SELECT " LIAISON_ACK_COLUMNS " FROM ack_out WHERE state = '" state \
    "' AND kind <> 'certificate' ORDER BY sequence LIMIT ?"
template <class Base>
std::vector<ack_row> reading<Base>::acks_in(ack_state state, std::size_t limit)
{
    const char* const sql = state == ack_state::waiting  ? LIAISON_ACKS_IN("waiting")
                            : state == ack_state::parked ? LIAISON_ACKS_IN("parked")
                                                         : LIAISON_ACKS_IN("done");
    return all(database_.query(sql, limit_of(limit)), read_ack);
}

template <class Base>
std::vector<ack_row> reading<Base>::due_acks(const due_times& times, std::size_t limit)
{
#define LIAISON_ACKS_DUE(range)                                                                                    \
    "SELECT " LIAISON_ACK_COLUMNS " FROM ack_out AS one INDEXED BY ack_waiting WHERE state = 'waiting' AND " range \
    " AND kind <> 'certificate' AND NOT EXISTS (SELECT 1 FROM ack_out AS before WHERE before.letter = one.letter"  \
    " AND before.sequence < one.sequence AND before.state = 'waiting' AND before.kind <> 'certificate')"           \
    " ORDER BY next_try, sequence LIMIT ?"
    auto found = all(database_.query(LIAISON_ACKS_DUE("next_try <= ?"), times.until, limit_of(limit)), read_ack);
    if (found.size() == limit) return found;
    auto ahead =
        all(database_.query(LIAISON_ACKS_DUE("next_try > ?"), times.beyond, limit_of(limit - found.size())), read_ack);
    std::move(ahead.begin(), ahead.end(), std::back_inserter(found));
    return found;
}

template <class Base>
std::vector<ack_row> reading<Base>::acks_of(const letter_id& id)
{
    return all(database_.query("SELECT " LIAISON_ACK_COLUMNS " FROM ack_out WHERE letter = ? ORDER BY sequence", id),
               read_ack);
}

template <class Base>
std::optional<ack_row> reading<Base>::ack_by_control_id(std::string_view control_id)
{
    return first(
        database_.query("SELECT " LIAISON_ACK_COLUMNS " FROM ack_out WHERE control_id = ? AND control_id <> ''",
                        control_id),
        read_ack);
}

template <class Base>
std::optional<ports::submission_answer> reading<Base>::answered(std::string_view submission_key)
{
    return first(database_.query("SELECT letter, answer FROM answer WHERE submission_key = ?", submission_key),
                 [&](const cursor& row) {
                     return ports::submission_answer{row.id<letter_id>(0),
                                                     opened(vault_, answer_context(submission_key), row.text(1))};
                 });
}

template <class Base>
std::optional<ports::sealed_object> reading<Base>::blob(const blob_id& id)
{
    return find_blob(database_, id);
}

template <class Base>
std::vector<ports::account_row> reading<Base>::accounts()
{
    return load_accounts(database_, vault_);
}

template <class Base>
std::optional<ports::account_row> reading<Base>::account_by_address(std::string_view address)
{
    return find_account_by_address(database_, vault_, address);
}

template <class Base>
std::optional<ports::account_row> reading<Base>::account_by_user(std::string_view user)
{
    return find_account_by_user(database_, vault_, user);
}

template <class Base>
ports::queue_counts reading<Base>::counts()
{
    ports::queue_counts counts;
    auto rows = database_.query("SELECT name, n FROM counter");
    while (rows.next()) {
        const std::string counter = rows.text(0);
        if (counter == "#letters") counts.letters = rows.integer(1);
        if (counter == "#queue_octets") counts.queue_octets = rows.integer(1);
        if (counter == "#stays") counts.stays = rows.integer(1);
        if (counter == "#refusals") counts.refusals = rows.integer(1);
        if (counter == "#acks_waiting") counts.acks_waiting = rows.integer(1);
        if (counter == "#acks_parked") counts.acks_parked = rows.integer(1);
        if (const auto state = from_name<delivery_state>(counter)) counts.deliveries[*state] = rows.integer(1);
    }
    using enum delivery_state;
    for (const auto state : {received, held, queued, deferred, sending, uncertain}) {
        auto row = database_.query("SELECT min(created_at) FROM delivery WHERE state = ?", name(state));
        if (!row.next() || row.null(0)) continue;
        if (!counts.oldest_open || row.when(0) < *counts.oldest_open) counts.oldest_open = row.when(0);
    }
    return counts;
}

template class reading<ports::reader>;
template class reading<ports::transaction>;
}
