#include "relay/store/rows.hpp"

#include <boost/system/system_error.hpp>

#include "relay/store/errc.hpp"

namespace relay::store {
using namespace pipeline;

stay_row read_stay(const cursor& row)
{
    stay_row stay;
    stay.id = row.id<stay_id>(0);
    stay.visit_key = row.text(1);
    stay.file_key = row.text(2);
    stay.establishment = row.text(3);
    stay.service = row.text(4);
    stay.treating_rpps = row.text(5);
    stay.discharge = row.maybe_when(6);
    stay.quality = word<discharge_quality>(row, 7);
    stay.flags = row.text(8);
    stay.exclusion = row.text(9);
    stay.created_at = row.when(10);
    stay.details = row.text(11);
    stay.admission = row.maybe_when(12);
    stay.patient_class = row.text(13);
    stay.identity_key = row.text(14);
    stay.traits_key = row.text(15);
    stay.in_feed = row.integer(16) != 0;
    return stay;
}

letter_clues read_clues(const cursor& row)
{
    letter_clues clues;
    clues.letter = row.id<letter_id>(0);
    clues.state = word<match_state>(row, 1);
    clues.visit_key = row.text(2);
    clues.file_key = row.text(3);
    clues.identity_key = row.text(4);
    clues.traits_key = row.text(5);
    clues.starts = row.maybe_when(6);
    clues.ends = row.maybe_when(7);
    clues.ends_quality = word<discharge_quality>(row, 8);
    clues.ends_flags = row.text(9);
    clues.written = row.when(10);
    return clues;
}

letter_row read_letter(const cursor& row)
{
    letter_row letter;
    letter.id = row.id<letter_id>(0);
    letter.stay = row.id<stay_id>(1);
    letter.form = word<submission_form>(row, 2);
    letter.document_key = row.text(3);
    letter.set_key = row.text(4);
    letter.version = static_cast<int>(row.integer(5));
    letter.type_code = row.text(6);
    letter.content_sha256 = row.text(7);
    letter.document = row.id<blob_id>(8);
    letter.establishment = row.text(9);
    letter.service = row.text(10);
    letter.treating_rpps = row.text(11);
    letter.flags = row.text(12);
    letter.source_name_key = row.text(13);
    letter.received_at = row.when(14);
    letter.signed_at = row.maybe_when(15);
    letter.details = row.text(16);
    letter.operation = word<letter_operation>(row, 17);
    letter.parent_key = row.text(18);
    letter.completeness = row.text(19);
    return letter;
}

letter_document_row read_letter_document(const cursor& row)
{
    letter_document_row document;
    document.letter = row.id<letter_id>(0);
    document.place = static_cast<int>(row.integer(1));
    document.document_key = row.text(2);
    document.parent_key = row.text(3);
    document.type_code = row.text(4);
    document.content_sha256 = row.text(5);
    document.document = row.id<blob_id>(6);
    document.completeness = row.text(7);
    return document;
}

delivery_row read_delivery(const cursor& row)
{
    delivery_row delivery;
    delivery.id = row.id<delivery_id>(0);
    delivery.kind = word<delivery_kind>(row, 1);
    delivery.letter = row.id<letter_id>(2);
    delivery.role = word<recipient_role>(row, 3);
    delivery.recipient_key = row.text(4);
    delivery.recipient = row.text(5);
    delivery.domain = row.text(6);
    delivery.set_key = row.text(7);
    delivery.version = static_cast<int>(row.integer(8));
    delivery.state = word<delivery_state>(row, 9);
    delivery.why = word<cause>(row, 10);
    delivery.attempts = static_cast<int>(row.integer(11));
    delivery.created_at = row.when(12);
    delivery.next_try = row.when(13);
    delivery.accepted_at = row.maybe_when(14);
    delivery.confirmed_at = row.maybe_when(15);
    delivery.message_id = row.text(16);
    delivery.envid = row.text(17);
    delivery.mail = row.id<blob_id>(18);
    delivery.sealed_sha256 = row.text(19);
    delivery.lease = row.integer(20);
    delivery.turn = static_cast<int>(row.integer(21));
    delivery.deadline = row.when(22);
    delivery.last_deadline = row.when(23);
    delivery.warned_at = row.maybe_when(24);
    delivery.octets = static_cast<std::uint64_t>(row.integer(25));
    delivery.first_trouble = word<cause>(row, 26);
    delivery.addressee = {row.text(27), row.text(28), row.text(29), row.text(30)};
    return delivery;
}

refusal_row read_refusal(const cursor& row)
{
    refusal_row refusal;
    refusal.content = row.id<blob_id>(0);
    refusal.at = row.when(1);
    refusal.form = row.text(2);
    refusal.code = row.text(3);
    refusal.field = row.text(4);
    refusal.message = row.text(5);
    refusal.source_name = row.text(6);
    refusal.source_name_key = row.text(7);
    return refusal;
}

ack_row read_ack(const cursor& row)
{
    ack_row ack;
    ack.sequence = row.integer(0);
    ack.file_name = row.text(1);
    ack.content = row.text(2);
    ack.kind = word<ack_kind>(row, 3);
    ack.outcome = word<ack_outcome>(row, 4);
    ack.control_id = row.text(5);
    ack.letter = row.id<letter_id>(6);
    ack.delivery = row.id<delivery_id>(7);
    ack.state = word<ack_state>(row, 8);
    ack.channel = word<ack_channel>(row, 9);
    ack.attempts = static_cast<int>(row.integer(10));
    ack.next_try = row.when(11);
    return ack;
}

void write_stay(connection& database, const stay_row& row)
{
    database.run("INSERT INTO stay (" LIAISON_STAY_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT (id) DO UPDATE SET visit_key = excluded.visit_key, file_key = excluded.file_key,"
                 " establishment = excluded.establishment, service = excluded.service,"
                 " treating_rpps = excluded.treating_rpps, discharge = excluded.discharge, quality = excluded.quality,"
                 " flags = excluded.flags, exclusion = excluded.exclusion, created_at = excluded.created_at,"
                 " details = excluded.details, admission = excluded.admission, patient_class = excluded.patient_class,"
                 " identity_key = excluded.identity_key, traits_key = excluded.traits_key, in_feed = excluded.in_feed"
                 // Each of its indexes would be written again: most letters and movements say nothing new of it.
                 " WHERE (" LIAISON_STAY_COLUMNS
                 ") IS NOT (excluded.id, excluded.visit_key, excluded.file_key, excluded.establishment,"
                 " excluded.service, excluded.treating_rpps, excluded.discharge, excluded.quality, excluded.flags,"
                 " excluded.exclusion, excluded.created_at, excluded.details, excluded.admission,"
                 " excluded.patient_class, excluded.identity_key, excluded.traits_key, excluded.in_feed)",
                 row.id, row.visit_key, row.file_key, row.establishment, row.service, row.treating_rpps, row.discharge,
                 name(row.quality), row.flags, row.exclusion, row.created_at, as_blob{row.details}, row.admission,
                 row.patient_class, row.identity_key, row.traits_key, std::int64_t{row.in_feed});
}

void write_clues(connection& database, const letter_clues& row)
{
    database.run("INSERT INTO letter_clue (" LIAISON_CLUE_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT (letter) DO UPDATE SET state = excluded.state, visit_key = excluded.visit_key,"
                 " file_key = excluded.file_key, identity_key = excluded.identity_key,"
                 " traits_key = excluded.traits_key, starts = excluded.starts, ends = excluded.ends,"
                 " ends_quality = excluded.ends_quality, ends_flags = excluded.ends_flags, written = excluded.written",
                 row.letter, name(row.state), row.visit_key, row.file_key, row.identity_key, row.traits_key, row.starts,
                 row.ends, name(row.ends_quality), row.ends_flags, row.written);
}

void write_letter(connection& database, const letter_row& row)
{
    database.run("INSERT INTO letter (" LIAISON_LETTER_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT (id) DO UPDATE SET stay = excluded.stay, form = excluded.form,"
                 " document_key = excluded.document_key, set_key = excluded.set_key, version = excluded.version,"
                 " type_code = excluded.type_code, content_sha256 = excluded.content_sha256,"
                 " document = excluded.document, establishment = excluded.establishment, service = excluded.service,"
                 " treating_rpps = excluded.treating_rpps, flags = excluded.flags,"
                 " source_name_key = excluded.source_name_key, received_at = excluded.received_at,"
                 " signed_at = excluded.signed_at, details = excluded.details, operation = excluded.operation,"
                 " parent_key = excluded.parent_key, completeness = excluded.completeness",
                 row.id, row.stay, name(row.form), row.document_key, row.set_key, row.version, row.type_code,
                 row.content_sha256, row.document, row.establishment, row.service, row.treating_rpps, row.flags,
                 row.source_name_key, row.received_at, row.signed_at, as_blob{row.details}, name(row.operation),
                 row.parent_key, row.completeness);
}

void write_letter_document(connection& database, const letter_document_row& row)
{
    database.run("INSERT INTO letter_document (" LIAISON_LETTER_DOCUMENT_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT (letter, place) DO UPDATE SET document_key = excluded.document_key,"
                 " parent_key = excluded.parent_key, type_code = excluded.type_code,"
                 " content_sha256 = excluded.content_sha256, document = excluded.document,"
                 " completeness = excluded.completeness",
                 row.letter, row.place, row.document_key, row.parent_key, row.type_code, row.content_sha256,
                 row.document, row.completeness);
}

namespace {
void upsert_delivery(connection& database, const delivery_row& row)
{
    database.run(
        "INSERT INTO delivery (" LIAISON_DELIVERY_COLUMNS
        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, letter = excluded.letter, role = excluded.role,"
        " recipient_key = excluded.recipient_key, recipient = excluded.recipient, domain = excluded.domain,"
        " set_key = excluded.set_key, version = excluded.version, state = excluded.state, why = excluded.why,"
        " attempts = excluded.attempts, created_at = excluded.created_at, next_try = excluded.next_try,"
        " accepted_at = excluded.accepted_at, confirmed_at = excluded.confirmed_at,"
        " message_id = excluded.message_id, envid = excluded.envid, mail = excluded.mail,"
        " sealed_sha256 = excluded.sealed_sha256, lease = excluded.lease, turn = excluded.turn,"
        " deadline = excluded.deadline, last_deadline = excluded.last_deadline, warned_at = excluded.warned_at,"
        " octets = excluded.octets, first_trouble = excluded.first_trouble, structure = excluded.structure,"
        " structure_kind = excluded.structure_kind, profession = excluded.profession, department = excluded.department",
        row.id, name(row.kind), row.letter, name(row.role), row.recipient_key, as_blob{row.recipient}, row.domain,
        row.set_key, row.version, name(row.state), name(row.why), row.attempts, row.created_at, row.next_try,
        row.accepted_at, row.confirmed_at, row.message_id, row.envid, row.mail, row.sealed_sha256, row.lease, row.turn,
        row.deadline, row.last_deadline, row.warned_at, static_cast<std::int64_t>(row.octets), name(row.first_trouble),
        row.addressee.structure, row.addressee.kind, row.addressee.profession, row.addressee.department);
}

// What is set once, when the mail is sealed.
void name_mail(connection& database, const delivery_row& row)
{
    database.run("UPDATE delivery SET recipient = ?, message_id = ?, envid = ? WHERE id = ?", as_blob{row.recipient},
                 row.message_id, row.envid, row.id);
}

// Leaves out what most indexes are over: SQLite would write each of their entries again, equal or not. A column is
// here, in name_mail, or compared in write_delivery alone.
void move_delivery(connection& database, const delivery_row& row)
{
    database.run(
        "UPDATE delivery SET state = ?, why = ?, attempts = ?, next_try = ?, accepted_at = ?, confirmed_at = ?,"
        " mail = ?, sealed_sha256 = ?, lease = ?, deadline = ?, last_deadline = ?, warned_at = ?, octets = ?,"
        " first_trouble = ?, structure = ?, structure_kind = ?, profession = ?, department = ? WHERE id = ?",
        name(row.state), name(row.why), row.attempts, row.next_try, row.accepted_at, row.confirmed_at, row.mail,
        row.sealed_sha256, row.lease, row.deadline, row.last_deadline, row.warned_at,
        static_cast<std::int64_t>(row.octets), name(row.first_trouble), row.addressee.structure, row.addressee.kind,
        row.addressee.profession, row.addressee.department, row.id);
}
}

std::optional<counted_delivery> write_delivery(connection& database, const delivery_row& row)
{
    std::optional<counted_delivery> before;
    bool moves = false, is_named = false;
    {
        auto old = database.query(
            "SELECT state, octets, kind = ? AND letter IS ? AND role = ? AND recipient_key = ? AND domain = ?"
            " AND set_key = ? AND version = ? AND created_at = ? AND turn = ?,"
            " recipient = ? AND message_id = ? AND envid = ? FROM delivery WHERE id = ?",
            name(row.kind), row.letter, name(row.role), row.recipient_key, row.domain, row.set_key, row.version,
            row.created_at, row.turn, as_blob{row.recipient}, row.message_id, row.envid, row.id);
        if (old.next()) {
            before = {word<delivery_state>(old, 0), old.integer(1)};
            moves = old.integer(2) != 0;
            is_named = old.integer(3) != 0;
        }
    }
    if (moves && !is_named) name_mail(database, row);
    if (moves)
        move_delivery(database, row);
    else
        upsert_delivery(database, row);
    return before;
}

void write_refusal(connection& database, const refusal_row& row)
{
    database.run(
        "INSERT INTO refusal (content, at, form, code, field, message, source_name, source_name_key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row.content, row.at, row.form, row.code, row.field, row.message, as_blob{row.source_name}, row.source_name_key);
}

void insert_ack(connection& database, const ack_row& row)
{
    database.run(
        "INSERT INTO ack_out (file_name, content, kind, outcome, control_id, letter, delivery, state, channel,"
        " attempts, next_try) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        as_blob{row.file_name}, as_blob{row.content}, name(row.kind), name(row.outcome), row.control_id, row.letter,
        row.delivery, name(row.state), name(row.channel), row.attempts, row.next_try);
}

void update_ack(connection& database, const ack_row& row)
{
    database.run(
        "UPDATE ack_out SET content = ?, state = ?, channel = ?, attempts = ?, next_try = ? WHERE sequence = ?",
        as_blob{row.content}, name(row.state), name(row.channel), row.attempts, row.next_try, row.sequence);
}

void insert_blob(connection& database, const ports::sealed_object& object, const std::optional<object_place>& place)
{
    if (place)
        database.run(
            "INSERT INTO blob (id, wrapped_key, length, sha256, ciphertext, segment, at, octets)"
            " VALUES (?, ?, ?, ?, x'', ?, ?, ?)",
            object.id, as_blob{object.wrapped_key}, static_cast<std::int64_t>(object.length), as_blob{object.sha256},
            place->segment, place->at, place->octets);
    else
        database.run("INSERT INTO blob (id, wrapped_key, length, sha256, ciphertext) VALUES (?, ?, ?, ?, ?)", object.id,
                     as_blob{object.wrapped_key}, static_cast<std::int64_t>(object.length), as_blob{object.sha256},
                     as_blob{object.ciphertext});
}

std::optional<object_place> delete_blob(connection& database, const blob_id& id)
{
    std::optional<object_place> place;
    auto gone = database.query("DELETE FROM blob WHERE id = ? RETURNING segment, at, octets", id);
    while (gone.next())
        if (!gone.null(0)) place = {gone.integer(0), gone.integer(1), gone.integer(2)};
    return place;
}

std::optional<ports::sealed_object> find_blob(connection& database, const blob_id& id)
{
    auto row = database.query(
        "SELECT wrapped_key, length, sha256, ciphertext, segment, at, octets FROM blob WHERE id = ?", id);
    if (!row.next()) return std::nullopt;
    ports::sealed_object object;
    object.id = id;
    object.wrapped_key = row.text(0);
    object.length = static_cast<std::uint64_t>(row.integer(1));
    object.sha256 = row.text(2);
    object.ciphertext =
        row.null(4) ? row.text(3) : read_object(database, {row.integer(4), row.integer(5), row.integer(6)});
    return object;
}
}
