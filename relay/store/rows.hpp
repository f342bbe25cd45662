// relay/store/rows.hpp: the columns of the pipeline's rows, in one place for reading and writing.
// Private to relay/store. The *_columns lists and the read_* functions keep the same order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <boost/system/system_error.hpp>

#include "relay/pipeline/model.hpp"
#include "relay/pipeline/ports/store.hpp"
#include "relay/store/connection.hpp"
#include "relay/store/delivery_counts.hpp"
#include "relay/store/errc.hpp"
#include "relay/store/object_files.hpp"

namespace relay::store {
// Of a query's LIMIT.
[[nodiscard]] inline std::int64_t limit_of(std::size_t limit)
{
    return static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int32_t>::max()));
}

#define LIAISON_STAY_COLUMNS                                                                                 \
    "id, visit_key, file_key, establishment, service, treating_rpps, discharge, quality, flags, exclusion, " \
    "created_at, details, admission, patient_class, identity_key, traits_key, in_feed"
#define LIAISON_CLUE_COLUMNS \
    "letter, state, visit_key, file_key, identity_key, traits_key, starts, ends, ends_quality, ends_flags, written"
#define LIAISON_LETTER_COLUMNS                                                                                      \
    "id, stay, form, document_key, set_key, version, type_code, content_sha256, document, establishment, service, " \
    "treating_rpps, flags, source_name_key, received_at, signed_at, details, operation, parent_key, completeness"
#define LIAISON_LETTER_DOCUMENT_COLUMNS \
    "letter, place, document_key, parent_key, type_code, content_sha256, document, completeness"
#define LIAISON_DELIVERY_COLUMNS                                                                                     \
    "id, kind, letter, role, recipient_key, recipient, domain, set_key, version, state, why, attempts, created_at, " \
    "next_try, accepted_at, confirmed_at, message_id, envid, mail, sealed_sha256, lease, turn, "                     \
    "deadline, last_deadline, warned_at, octets, first_trouble, structure, structure_kind, profession, department"
#define LIAISON_ACK_COLUMNS                                                                                 \
    "sequence, file_name, content, kind, outcome, control_id, letter, delivery, state, channel, attempts, " \
    "next_try"
#define LIAISON_EVENT_COLUMNS "sequence, at, kind, stay, letter, delivery, payload, key"

// A stored word; throws boost::system::system_error (store_errc::newer_schema) for one this program does not know.
template <class Enum>
[[nodiscard]] Enum word(const cursor& row, int column)
{
    const auto value = pipeline::from_name<Enum>(row.text(column));
    if (!value) throw boost::system::system_error(make_error_code(store_errc::newer_schema));
    return *value;
}

// Each row of a query, as `read` gives it.
template <class Read>
auto all(cursor rows, Read read)
{
    std::vector<decltype(read(rows))> found;
    while (rows.next()) found.push_back(read(rows));
    return found;
}

// Each throws as word() does.
[[nodiscard]] pipeline::stay_row read_stay(const cursor& row);
[[nodiscard]] pipeline::letter_clues read_clues(const cursor& row);
[[nodiscard]] pipeline::letter_row read_letter(const cursor& row);
[[nodiscard]] pipeline::letter_document_row read_letter_document(const cursor& row);
[[nodiscard]] pipeline::delivery_row read_delivery(const cursor& row);
[[nodiscard]] pipeline::refusal_row read_refusal(
    const cursor& row);  // content, at, form, code, field, message, source_name...
[[nodiscard]] pipeline::ack_row read_ack(const cursor& row);

void write_stay(connection& database, const pipeline::stay_row& row);
void write_clues(connection& database, const pipeline::letter_clues& row);
void write_letter(connection& database, const pipeline::letter_row& row);
void write_letter_document(connection& database, const pipeline::letter_document_row& row);
// Gives what the counters knew of it before; they are the caller's.
std::optional<counted_delivery> write_delivery(connection& database, const pipeline::delivery_row& row);
void write_refusal(connection& database, const pipeline::refusal_row& row);
void insert_ack(connection& database, const pipeline::ack_row& row);
void update_ack(connection& database, const pipeline::ack_row& row);

// With a place, the ciphertext lies there and not in the row.
void insert_blob(connection& database, const pipeline::ports::sealed_object& object,
                 const std::optional<object_place>& place);
// Gives the place that the object had, if any.
std::optional<object_place> delete_blob(connection& database, const pipeline::blob_id& id);
[[nodiscard]] std::optional<pipeline::ports::sealed_object> find_blob(connection& database,
                                                                      const pipeline::blob_id& id);
}
