#include "relay/store/transaction.hpp"

#include "relay/obs/log.hpp"
#include "relay/store/accounts.hpp"
#include "relay/store/errc.hpp"
#include "relay/store/fact_rows.hpp"
#include "relay/store/mailbox_rows.hpp"
#include "relay/store/notice_rows.hpp"
#include "relay/store/queue_rows.hpp"
#include "relay/store/rows.hpp"
#include "relay/store/sealing.hpp"
#include "relay/store/work_rows.hpp"

namespace relay::store {
using namespace pipeline;

sql_transaction::sql_transaction(connection& database, const ports::vault& vault, const store_options& options)
    : reading(database, vault),
      row_octets_(options.row_octets),
      objects_(database, {options.segment_octets, options.max_octets})
{
    objects_.learn(database);
}

void sql_transaction::add_blob(const ports::sealed_object& object)
{
    if (space_ == free_space::below_reserve) throw boost::system::system_error(make_error_code(store_errc::disk_full));
    std::optional<object_place> place;
    if (object.ciphertext.size() > row_octets_) place = objects_.append(object.ciphertext);
    insert_blob(database(), object, place);
}

void sql_transaction::remove_blob(const blob_id& id)
{
    if (const auto place = delete_blob(database(), id)) objects_.release(*place);
}

void sql_transaction::save_stay(const stay_row& row)
{
    write_stay(database(), row);
    touched_stays_.insert(row.id.text());
}

void sql_transaction::save_facts(const stay_facts& facts)
{
    note_changed_day(database(), facts.stay);
    if (is_frozen(database(), facts.day)) {  // its record is all there is of that day
        database().run("DELETE FROM stay_fact WHERE stay = ?", facts.stay);
        return;
    }
    if (write_facts(database(), facts) == written_facts::anew) note_changed_day(database(), facts.stay);
}

void sql_transaction::remove_facts(const stay_id& stay)
{
    note_changed_day(database(), stay);
    database().run("DELETE FROM stay_fact WHERE stay = ?", stay);
}

void sql_transaction::save_facts_basis(std::string_view basis)
{
    database().run("UPDATE stay_fact_basis SET basis = ?", basis);
}

void sql_transaction::save_letter(const letter_row& row)
{
    // A letter that moves changes the facts of the stay it leaves, too.
    cursor known = database().query("SELECT stay FROM letter WHERE id = ?", row.id);
    const bool is_known = known.next();
    if (is_known && !known.null(0)) touched_stays_.insert(known.text(0));
    write_letter(database(), row);
    if (is_known) move_work(database(), row);
    if (!row.stay.empty()) touched_stays_.insert(row.stay.text());
}

void sql_transaction::save_letter_document(const letter_document_row& row)
{
    write_letter_document(database(), row);
}

void sql_transaction::save_clues(const letter_clues& row)
{
    write_clues(database(), row);
    keep_work(database(), row);
}

void sql_transaction::save_delivery(const delivery_row& row)
{
    const auto before = write_delivery(database(), row);
    counts_.moved(before, {row.state, static_cast<std::int64_t>(row.octets)});
    keep_work(database(), row, before);
    count_mailbox(database(), row, before);
    if (bears_on_facts(row)) touched_letters_.insert(row.letter.text());
}

void sql_transaction::hold_domain(const domain_hold& row)
{
    insert_hold(database(), row);
}

bool sql_transaction::resume_domain(std::string_view domain)
{
    return delete_hold(database(), domain);
}

std::size_t sql_transaction::make_due(std::string_view domain, instant now, instant beyond, std::size_t limit)
{
    return store::make_due(database(), domain, now, beyond, limit);
}

std::size_t sql_transaction::roll_deadlines(std::string_view domain, instant now, std::size_t limit)
{
    return store::roll_deadlines(database(), domain, now, limit);
}

std::int64_t sql_transaction::append(const event& entry)
{
    append_event(database(), vault(), head_, entry);
    note_peer(database(), entry);
    return head_.sequence;
}

void sql_transaction::add_refusal(const refusal_row& row)
{
    write_refusal(database(), row);
}

void sql_transaction::add_ack(const ack_row& row)
{
    insert_ack(database(), row);
}

void sql_transaction::save_ack(const ack_row& row)
{
    update_ack(database(), row);
}

void sql_transaction::add_answer(std::string_view submission_key, const ports::submission_answer& answer)
{
    const std::string sealed = vault().seal_field(answer_context(submission_key), answer.answer);
    // By the clock of the events: what is answered is among them, or came after the last of them.
    database().run(
        "INSERT INTO answer (submission_key, letter, answer, at) VALUES (?, ?, ?,"
        " COALESCE((SELECT at FROM event ORDER BY sequence DESC LIMIT 1), CAST(strftime('%s', 'now') AS INTEGER) * "
        "1000))"
        " ON CONFLICT (submission_key) DO UPDATE SET letter = excluded.letter, answer = excluded.answer,"
        " at = excluded.at",
        submission_key, answer.letter, as_blob{sealed});
}

ports::stored_as sql_transaction::add_message(const ports::new_message& message)
{
    const auto mailbox = find_inbox(database(), vault(), message.address);
    if (!mailbox) throw boost::system::system_error(make_error_code(store_errc::mailbox_unknown));
    if (!remember_received(database(), vault(), *mailbox, message)) return ports::stored_as::duplicate;
    add_blob(message.content);
    insert_message(database(), vault(), *mailbox, message);
    return ports::stored_as::new_message;
}

void sql_transaction::save_account(const ports::account_row& row)
{
    write_account(database(), vault(), row);
}

void sql_transaction::begin(free_space space)
{
    space_ = space;
    units_kept_ = 0;
    counts_.forget();
    database().run("BEGIN IMMEDIATE");
    head_ = head_at_begin_ = load_head(database());
}

void sql_transaction::before_commit()
{
    objects_.sync();
    counts_.save(database());
    if (head_.sequence != head_at_begin_.sequence) save_head(database(), head_);
}

void sql_transaction::begin_unit()
{
    head_at_unit_ = head_;
    touched_stays_.clear();
    touched_letters_.clear();
    objects_.begin_unit();
    counts_.begin_unit();
    if (units_kept_ > 0) database().run("SAVEPOINT unit");
}

void sql_transaction::derive()
{
    if (!derive_) return;
    for (const std::string& letter : touched_letters_) {
        cursor row = database().query("SELECT stay FROM letter WHERE id = ?", letter);
        if (row.next() && !row.null(0)) touched_stays_.insert(row.text(0));
    }
    if (touched_stays_.empty()) return;
    database().run("SAVEPOINT derive");
    try {
        for (const std::string& stay : touched_stays_) (*derive_)(*this, stay_id(stay));
        database().run("RELEASE derive");
    } catch (...) {
        if (!database().in_transaction()) throw;  // SQLite undid the whole transaction (full disk, I/O error)
        const error_code why = error_of_current_exception();
        database().run("ROLLBACK TO derive");
        database().run("RELEASE derive");
        database().run("UPDATE stay_fact_basis SET basis = ''");
        obs::error(obs::event::store_failed, "step=facts code={}", why.message());
    }
}

void sql_transaction::keep_unit()
{
    retention_of().end_unit();
    if (units_kept_ > 0) database().run("RELEASE unit");
    ++units_kept_;
}

void sql_transaction::undo_unit()
{
    retention_of().end_unit();
    if (units_kept_ > 0) {
        database().run("ROLLBACK TO unit");
        database().run("RELEASE unit");
    } else {
        database().run("ROLLBACK");
        database().run("BEGIN IMMEDIATE");
    }
    objects_.undo_unit();
    counts_.undo_unit();
    head_ = head_at_unit_;
}
}
