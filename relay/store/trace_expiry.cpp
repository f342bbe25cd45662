#include "relay/store/trace_expiry.hpp"

#include "relay/pipeline/period_records.hpp"
#include "relay/store/rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
// What came late has its own days: a letter whose content is there is not through yet, nor a stay that a correction
// moved to another day.
constexpr const char* expiring_stays =
    "SELECT stay FROM trace_expiring WHERE NOT EXISTS (SELECT 1 FROM letter"
    " WHERE letter.stay = trace_expiring.stay AND document IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM stay_fact WHERE stay_fact.stay = trace_expiring.stay) LIMIT ?";
// Those that no day takes with it: never discharged, cancelled, or come to a day that was frozen before. Their term
// begins with the last that was heard of them.
constexpr const char* stays_without_day =
    "SELECT id FROM stay INDEXED BY stay_created WHERE created_at < ?1"
    " AND NOT EXISTS (SELECT 1 FROM stay_fact WHERE stay_fact.stay = stay.id)"
    " AND NOT EXISTS (SELECT 1 FROM event WHERE event.stay = stay.id AND event.at >= ?1)"
    " AND NOT EXISTS (SELECT 1 FROM letter WHERE letter.stay = stay.id"
    " AND (document IS NOT NULL OR received_at >= ?1)) ORDER BY created_at LIMIT ?2";
constexpr const char* letters_without_stay =
    "SELECT id FROM letter INDEXED BY letter_without_stay WHERE stay IS NULL"
    " AND establishment <> '' AND document IS NULL AND received_at < ?"
    " ORDER BY received_at LIMIT ?";
constexpr const char* letters_of_keys =
    "SELECT id FROM letter INDEXED BY letter_keys_only WHERE establishment = ''"
    " AND document IS NULL AND received_at < ? ORDER BY received_at LIMIT ?";
constexpr const char* remove_answers =
    "DELETE FROM answer WHERE submission_key IN (SELECT submission_key FROM answer INDEXED BY answer_at WHERE at < ?"
    " ORDER BY at LIMIT ?)";
constexpr const char* remove_returned =
    "DELETE FROM returned_mail WHERE key IN (SELECT key FROM returned_mail INDEXED BY returned_mail_known"
    " WHERE content IS NULL AND at < ? ORDER BY at LIMIT ?)";
constexpr const char* remove_deliveries = "DELETE FROM delivery WHERE letter = ?";
constexpr const char* remove_letter = "DELETE FROM letter WHERE id = ?";
constexpr const char* remove_refusals =
    "DELETE FROM refusal WHERE sequence IN (SELECT sequence FROM refusal WHERE at < ? AND content IS NULL"
    " LIMIT ?)";

std::vector<std::string> ids_of(cursor rows)
{
    std::vector<std::string> all;
    while (rows.next()) all.push_back(rows.text(0));
    return all;
}

void count(std::size_t& into, int rows)
{
    into += static_cast<std::size_t>(rows);
}

class expiry {
public:
    explicit expiry(connection& database) : database_(database) {}
    [[nodiscard]] const expired_traces& done() const noexcept { return done_; }

    void stay(const std::string& id)
    {
        for (const std::string& letter_id : ids_of(database_.query("SELECT id FROM letter WHERE stay = ?", id)))
            letter(letter_id);
        count(done_.events, database_.run("UPDATE event SET key = x'' WHERE stay = ? AND key <> x''", id));
        count(done_.stays, database_.run("DELETE FROM stay WHERE id = ?", id));
        database_.run("DELETE FROM work_said WHERE item = ?", id);
        database_.run("DELETE FROM trace_expiring WHERE stay = ?", id);
    }

    void letter(const std::string& id)
    {
        for (const std::string& row : ids_of(database_.query("SELECT id FROM delivery WHERE letter = ?", id))) {
            count(done_.events, database_.run("UPDATE event SET key = x'' WHERE delivery = ? AND key <> x''", row));
            database_.run("DELETE FROM work_said WHERE item = ?", row);
            database_.run("UPDATE returned_mail SET delivery = NULL WHERE delivery = ?", row);
        }
        database_.run("DELETE FROM work_row WHERE letter = ?", id);
        database_.run("DELETE FROM work_said WHERE item = ?", id);
        count(done_.events, database_.run("UPDATE event SET key = x'' WHERE letter = ? AND key <> x''", id));
        database_.run("DELETE FROM ack_out WHERE letter = ?", id);
        database_.run("DELETE FROM letter_clue WHERE letter = ?", id);
        count(done_.deliveries,
              database_.run("UPDATE delivery SET recipient = x'', domain = '', message_id = '', envid = '',"
                            " sealed_sha256 = '', why = 'NONE', first_trouble = 'NONE', accepted_at = NULL,"
                            " confirmed_at = NULL, warned_at = NULL, structure = '', structure_kind = '',"
                            " profession = '', department = '' WHERE letter = ?",
                            id));
        database_.run("UPDATE letter_document SET completeness = '' WHERE letter = ?", id);
        count(done_.letters,
              database_.run("UPDATE letter SET stay = NULL, establishment = '', service = '', treating_rpps = '',"
                            " flags = '', source_name_key = '', signed_at = NULL, details = x'', completeness = ''"
                            " WHERE id = ?",
                            id));
    }

    // The hashes too: a repeat from now on is a new letter.
    void keys(const std::string& id)
    {
        database_.run("DELETE FROM answer WHERE letter = ?", id);
        database_.run("DELETE FROM ack_out WHERE letter = ?", id);
        database_.run("DELETE FROM letter_clue WHERE letter = ?", id);
        database_.run("DELETE FROM letter_document WHERE letter = ?", id);
        database_.run(remove_deliveries, id);
        count(done_.keys, database_.run(remove_letter, id));
    }

private:
    connection& database_;
    expired_traces done_;
};
}

freezing freeze(sql_transaction& transaction, std::int32_t day, instant now)
{
    connection& database = transaction.database();
    const auto last = transaction.retention().last_record(day);
    const bool has_changed = database.query("SELECT 1 FROM period_changed WHERE day = ?", std::int64_t{day}).next();
    // While all facts are derived anew nobody knows whose will change.
    if (!last || has_changed || transaction.facts_basis().empty()) return freezing::refused;
    transaction.append(event_of_record(event_kind::traces_expired, *last, now));
    database.run("INSERT OR IGNORE INTO period_frozen (day) VALUES (?)", day);
    database.run("INSERT OR IGNORE INTO trace_expiring SELECT stay FROM stay_fact WHERE day = ?", day);
    database.run("DELETE FROM stay_fact WHERE day = ?", day);
    return freezing::done;
}

expired_traces expire_page(sql_transaction& transaction, instant traces_until, instant keys_until, std::size_t limit)
{
    connection& database = transaction.database();
    transaction.retention_changes().erase_thoroughly();
    expiry page(database);
    const auto stays = ids_of(database.query(expiring_stays, limit_of(limit)));
    for (const std::string& id : stays) page.stay(id);
    std::vector<std::string> loose;
    if (!transaction.facts_basis().empty())  // else a stay may only seem to be without a day
        loose = ids_of(database.query(stays_without_day, traces_until, limit_of(limit)));
    for (const std::string& id : loose) page.stay(id);
    const auto letters = ids_of(database.query(letters_without_stay, traces_until, limit_of(limit)));
    for (const std::string& id : letters) page.letter(id);
    const auto old = ids_of(database.query(letters_of_keys, keys_until, limit_of(limit)));
    for (const std::string& id : old) page.keys(id);
    const auto is_full = [limit](int rows) { return static_cast<std::size_t>(rows) == limit; };
    const bool more_refusals = is_full(database.run(remove_refusals, traces_until, limit_of(limit)));
    const bool more_answers = is_full(database.run(remove_answers, keys_until, limit_of(limit)));
    const bool more_returned = is_full(database.run(remove_returned, keys_until, limit_of(limit)));
    expired_traces done = page.done();
    done.more = stays.size() == limit || loose.size() == limit || letters.size() == limit || old.size() == limit ||
                more_refusals || more_answers || more_returned;
    return done;
}

std::vector<const char*> expiry_statements()
{
    return {expiring_stays, stays_without_day, letters_without_stay, letters_of_keys, remove_deliveries,
            remove_letter,  remove_refusals,   remove_answers,       remove_returned};
}
}
