// Transmission certificates: made, queued, told as written.
#include <algorithm>

#include "mime/cda/document.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/ack_queue.hpp"
#include "relay/pipeline/content_purge_parts.hpp"
#include "relay/pipeline/submission.hpp"

namespace relay::pipeline {
namespace {
// The last thing a certificate has to tell of: about one of the deliveries, or that the content was destroyed, after
// which a repeat for new recipients may have brought it again.
instant last_told(ports::reader& store, const letter_id& id, std::span<const known_delivery> deliveries)
{
    instant last = instant::min();
    for (const event& one : store.events_of(id))
        if (one.kind == event_kind::content_expired) last = std::max(last, one.at);
    for (const known_delivery& delivery : deliveries)
        for (const event& one : delivery.history) last = std::max(last, one.at);
    return last;
}
}

std::string certificate_number(ports::reader& store, const letter_row& letter)
{
    return letter.id.text() + "-C" + std::to_string(store.retention().certificates_of(letter.id).size() + 1);
}

std::vector<known_delivery> known_deliveries(ports::reader& store, const letter_id& id)
{
    std::vector<known_delivery> all;
    for (delivery_row& row : store.deliveries_of_letter(id)) {
        auto history = store.events_of(row.id);
        all.push_back({std::move(row), std::move(history)});
    }
    return all;
}

// The newest, unless something happened since it was made.
std::optional<ack_row> certificate_for(ports::reader& store, const letter_row& letter,
                                       std::span<const known_delivery> deliveries)
{
    auto rows = store.retention().certificates_of(letter.id);
    if (rows.empty() || rows.back().next_try <= last_told(store, letter.id, deliveries)) return std::nullopt;
    return std::move(rows.back());
}

// A delivery begun later, for somebody new or by a person, has as long as the first ones had.
content_term term_of(const letter_row& letter, std::span<const known_delivery> deliveries,
                     const retention_policy& policy)
{
    std::vector<std::optional<instant>> ends;
    instant begun = letter.received_at;
    for (const auto& [row, history] : deliveries) {
        ends.push_back(ended_at(row, history));
        if (!ends.back()) begun = std::max(begun, row.created_at);
    }
    return content_term_of(policy, begun, ends);
}

std::optional<certificate_facts> content_purge::facts_for(ports::reader& store, const letter_row& letter) const
{
    certificate_facts from;
    from.number = certificate_number(store, letter);
    from.node = options_.node;
    from.establishment = options_.establishment;
    from.made = with_.clock.now();
    from.letter = letter;
    auto deliveries = known_deliveries(store, letter.id);
    from.term = term_of(letter, deliveries, options_.policy);
    if (const auto details = with_.vault.open_field(field::letter_details, letter.details); details.has_value())
        from.details = read_details(*details);
    std::vector<std::pair<blob_id, std::string>> documents{{letter.document, letter.type_code}};
    for (const letter_document_row& further : store.further_documents(letter.id))
        documents.emplace_back(further.document, further.type_code);
    for (const auto& [id, type] : documents) {
        certified_document one;
        one.version = letter.version;
        one.type_code = type;
        // A damaged object is certified by what is known of it: it must not be kept for ever.
        if (const auto known = store.retention().object(id)) {
            one.sha256 = mime::hex(known->sha256);
            one.octets = known->length;
        }
        const auto object = store.blob(id);
        if (auto bytes = object ? with_.vault.open(*object) : result<std::string>(std::string()); bytes.has_value())
            if (const auto cda = mime::cda::read_document(*bytes); cda.has_value()) {
                one.id = cda->header().id.text();
                if (cda->header().set_id) one.set_id = cda->header().set_id->text();
            }
        from.documents.push_back(std::move(one));
    }
    for (auto& [row, history] : deliveries) {
        certified_delivery one;
        if (const auto opened = with_.vault.open_field(field::recipient, row.recipient); opened.has_value())
            one.to = read_recipient(*opened);
        one.history = std::move(history);
        one.row = std::move(row);
        from.deliveries.push_back(std::move(one));
    }
    return from;
}

// One that cannot be signed keeps its letter's content, and holds nobody else up.
result<content_purge::queued> content_purge::queue_certificate(const letter_row& letter)
{
    if (!options_.signer) return queued::not_signed;
    std::optional<certificate_facts> facts;
    const auto read = with_.store.read([&](ports::reader& store) { facts = facts_for(store, letter); });
    if (!read.has_value()) return read.error();
    auto made = sign_certificate(*facts, options_.zone, *options_.signer);
    if (!made.has_value()) {
        obs::error(obs::event::purge_failed, "step=sign letter={} code={}", letter.id.text(), made.error().message());
        return queued::not_signed;
    }
    const std::string ending = ".certificat-" + facts->number + ".eml";
    ack_row row;
    row.file_name = with_.vault.seal_field(field::ack_name, acknowledgement_name(facts->details.source_name, ending));
    row.content = with_.vault.seal_field(field::ack_content, *made);
    row.kind = ack_kind::certificate;
    row.control_id = facts->number;
    row.letter = letter.id;
    row.next_try = with_.clock.now();
    const auto stored = with_.store.write([&](ports::transaction& tx) {
        if (!tx.ack_by_control_id(row.control_id)) tx.add_ack(row);
    });
    if (!stored.has_value()) return stored.error();
    return queued::done;
}

result<std::vector<content_purge::certificate_file>> content_purge::certificates(std::size_t limit)
{
    const instant now = with_.clock.now();
    for (;;) {
        std::vector<ack_row> rows;
        const auto read =
            with_.store.read([&](ports::reader& store) { rows = store.retention().certificates_waiting(now, limit); });
        if (!read.has_value()) return read.error();
        std::vector<certificate_file> files;
        std::vector<std::int64_t> damaged;
        for (ack_row& row : rows) {
            auto name = with_.vault.open_field(field::ack_name, row.file_name);
            auto content = with_.vault.open_field(field::ack_content, row.content);
            if (!name.has_value() || !content.has_value()) {
                obs::error(obs::event::vault_failed, "step=certificate sequence={}", row.sequence);
                damaged.push_back(row.sequence);
                continue;
            }
            files.push_back({std::move(row), std::move(*name), std::move(*content)});
        }
        if (auto behind = put_off_rows(damaged); !behind.has_value()) return behind.error();
        if (!files.empty() || rows.empty()) return files;
    }
}

result<void> content_purge::put_off(const std::vector<certificate_file>& files)
{
    std::vector<std::int64_t> sequences;
    sequences.reserve(files.size());
    for (const certificate_file& one : files) sequences.push_back(one.row.sequence);
    return put_off_rows(sequences);
}

result<void> content_purge::put_off_rows(const std::vector<std::int64_t>& sequences)
{
    if (sequences.empty()) return {};
    const instant now = with_.clock.now();
    return with_.store.write([&](ports::transaction& tx) {
        for (const std::int64_t one : sequences) tx.retention_changes().put_off_certificate(one, now);
    });
}

result<void> content_purge::written(const std::vector<certificate_file>& files)
{
    return with_.store.write([&](ports::transaction& tx) {
        for (const certificate_file& one : files) save_told_by_file(tx, one.row);
    });
}
}
