#include "relay/pipeline/content_purge_parts.hpp"

#include <algorithm>

#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/outbound_parts.hpp"
#include "relay/pipeline/reception.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t looked_at_once = 200;  // letters of one read
constexpr std::size_t at_once = 20;          // letters destroyed in one unit: others wait no longer than for these

std::vector<blob_id> objects_of(ports::reader& store, const letter_row& letter,
                                std::span<const known_delivery> deliveries)
{
    std::vector<blob_id> all{letter.document};
    for (const letter_document_row& further : store.further_documents(letter.id)) all.push_back(further.document);
    for (const known_delivery& delivery : deliveries)
        if (!delivery.row.mail.empty()) all.push_back(delivery.row.mail);
    return all;
}

// What is still needed of what the submission said: whom to tell, under which of its ids, by HL7. Names and words go;
// the file's name was content too, so later acknowledgements are named after the letter.
letter_details without_content(const letter_details& from, const letter_id& id)
{
    letter_details kept;
    kept.source_name = id.text();
    kept.sending_application = from.sending_application;
    kept.sending_facility = from.sending_facility;
    kept.receiving_application = from.receiving_application;
    kept.receiving_facility = from.receiving_facility;
    kept.processing_id = from.processing_id;
    kept.control_id = from.control_id;
    kept.wants_reception = from.wants_reception;
    kept.wants_reading = from.wants_reading;
    return kept;
}

// The next of them behind `place`, added to `found`; false: none is left.
bool read_candidates(ports::reader& store, const retention_policy& policy, instant now, purge_scope scope,
                     ports::letter_place& place, std::vector<purge_candidate>& found)
{
    // Nothing younger than this can be due.
    const auto shortest = std::min(policy.content, policy.content_open);
    const instant until = scope == purge_scope::all ? now : now - shortest;
    const auto letters = store.retention().letters_with_content(until, place, looked_at_once);
    for (const letter_row& letter : letters) {
        place = {letter.received_at, letter.id};
        const auto deliveries = known_deliveries(store, letter.id);
        purge_candidate one{letter, term_of(letter, deliveries, policy)};
        if (scope == purge_scope::due && one.term.until > now) continue;
        for (const blob_id& id : objects_of(store, letter, deliveries))
            if (const auto object = store.retention().object(id)) {
                ++one.objects;
                one.octets += object->length;
            }
        if (const auto certificate = certificate_for(store, letter, deliveries))
            one.certificate =
                certificate->state == ack_state::done ? certificate_state::written : certificate_state::waiting;
        found.push_back(std::move(one));
    }
    return letters.size() == looked_at_once;
}
}

std::vector<purge_candidate> purge_candidates(ports::reader& store, const retention_policy& policy, instant now,
                                              purge_scope scope, std::size_t limit)
{
    std::vector<purge_candidate> found;
    ports::letter_place place;
    while (found.size() < limit && read_candidates(store, policy, now, scope, place, found)) continue;
    if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
    return found;
}

purge_counts& purge_counts::operator+=(const purge_counts& other)
{
    certificates += other.certificates;
    letters += other.letters;
    others += other.others;
    objects += other.objects;
    octets += other.octets;
    waiting += other.waiting;
    return *this;
}

std::optional<removed_object> remove_object(ports::transaction& tx, const blob_id& id)
{
    const auto known = tx.retention().object(id);
    if (!known) return std::nullopt;
    tx.remove_blob(id);
    return removed_object{id.text() + " " + mime::hex(known->sha256) + "\n", known->length};
}

// What one unit destroys, with a digest over it: SHA-256 of the lines "object sha256", in order.
struct content_purge::destroyed {
    purge_counts counts;
    std::string lines;

    std::string remove(ports::transaction& tx, const blob_id& id)
    {
        auto gone = remove_object(tx, id);
        if (!gone) return {};
        ++counts.objects;
        counts.octets += gone->octets;
        lines += gone->line;
        return std::move(gone->line);
    }
};

result<purge_counts> content_purge::run(const std::function<bool()>& going)
{
    const instant now = with_.clock.now();
    purge_counts all;
    std::vector<purge_candidate> page;
    const auto end_page = [&]() -> result<void> {
        const auto done = run_page(page);
        page.clear();
        if (!done.has_value()) return done.error();
        all += *done;
        return {};
    };
    ports::letter_place place;
    for (bool more = true; more;) {
        std::vector<purge_candidate> due;
        const auto read = with_.store.read([&](ports::reader& store) {
            more = read_candidates(store, options_.policy, now, purge_scope::due, place, due);
        });
        if (!read.has_value()) return read.error();
        for (purge_candidate& one : due) {
            if (!going()) return all;
            if (one.certificate == certificate_state::written) {
                page.push_back(std::move(one));
                if (page.size() < at_once) continue;
                if (auto ended = end_page(); !ended.has_value()) return ended.error();
                continue;
            }
            ++all.waiting;
            if (one.certificate == certificate_state::waiting) continue;
            const auto made = queue_certificate(one.letter);
            if (!made.has_value()) return made.error();
            if (*made == queued::done) ++all.certificates;
        }
    }
    // The last page, and what is no letter.
    for (bool more = true; more && going();) {
        const std::size_t others = all.others;
        if (auto ended = end_page(); !ended.has_value()) return ended.error();
        more = all.others > others;
    }
    return all;
}

result<purge_counts> content_purge::run_page(const std::vector<purge_candidate>& page)
{
    // Nothing to do is no unit: a commit costs an fsync.
    bool others = false;
    const instant until = with_.clock.now() - options_.policy.content_open;
    const auto read = with_.store.read([&](ports::reader& store) {
        others = !store.retention().refusals_with_content(until, 1).empty() ||
                 !store.retention().reports_with_content(with_.clock.now() - options_.policy.content, 1).empty();
    });
    if (!read.has_value()) return read.error();
    if (page.empty() && !others) return purge_counts();
    destroyed done;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        done = {};
        tx.retention_changes().erase_thoroughly();
        for (const purge_candidate& one : page) destroy(tx, one.letter.id, done);
        destroy_others(tx, done);
        if (done.counts.has_destroyed()) record_page(tx, done);
    });
    if (!written.has_value()) return written.error();
    if (done.counts.has_destroyed())
        obs::info(obs::event::content_purged, "letters={} others={} objects={} octets={}", done.counts.letters,
                  done.counts.others, done.counts.objects, done.counts.octets);
    return done.counts;
}

// Decided again in the unit: a person may have requeued something since.
void content_purge::destroy(ports::transaction& tx, const letter_id& id, destroyed& page) const
{
    auto letter = tx.letter(id);
    if (!letter || letter->document.empty()) return;
    const auto deliveries = known_deliveries(tx, id);
    const auto certificate = certificate_for(tx, *letter, deliveries);
    const instant now = with_.clock.now();
    if (!certificate || certificate->state != ack_state::done ||
        term_of(*letter, deliveries, options_.policy).until > now)
        return;
    end_open(tx, id);
    std::string lines;
    for (const blob_id& object : objects_of(tx, *letter, deliveries)) lines += page.remove(tx, object);
    for (delivery_row& row : tx.deliveries_of_letter(id)) {
        if (row.mail.empty()) continue;
        row.mail = {};
        tx.save_delivery(row);
    }
    letter->document = {};
    if (const auto details = with_.vault.open_field(field::letter_details, letter->details); details.has_value())
        letter->details =
            with_.vault.seal_field(field::letter_details, write_details(without_content(read_details(*details), id)));
    tx.save_letter(*letter);
    tx.retention_changes().forget_ack_names(id);
    event gone = about(now, event_kind::content_expired);
    gone.letter = id;
    gone.facts.evidence = mime::hex(mime::sha256(lines));
    tx.append(gone);
    ++page.counts.letters;
}

// Longest kept open: what has not left by now cannot leave any more.
void content_purge::end_open(ports::transaction& tx, const letter_id& id) const
{
    for (delivery_row& row : tx.deliveries_of_letter(id)) {
        if (!is_open(row.state)) continue;
        const cause why = row.why == cause::none ? cause::expired : row.why;
        record(tx, row, about(with_.clock.now(), event_kind::undeliverable, why));
        queue_reception(tx, with_, row, with_.clock.now(), failure_without_reply(row.why), options_.zone);
    }
}

void content_purge::destroy_others(ports::transaction& tx, destroyed& page) const
{
    const instant now = with_.clock.now();
    for (const auto& one : tx.retention().refusals_with_content(now - options_.policy.content_open, at_once)) {
        page.remove(tx, one.content);
        tx.retention_changes().forget_refusal(one.sequence);
        ++page.counts.others;
    }
    for (delivery_row& row : tx.retention().reports_with_content(now - options_.policy.content, at_once)) {
        if (is_open(row.state)) record(tx, row, about(now, event_kind::undeliverable, cause::expired));
        page.remove(tx, row.mail);
        row.mail = {};
        tx.save_delivery(row);
        ++page.counts.others;
    }
}

void content_purge::record_page(ports::transaction& tx, const destroyed& page) const
{
    event done = about(with_.clock.now(), event_kind::content_purged);
    const purge_counts& n = page.counts;
    done.facts.flags = "letters=" + std::to_string(n.letters) + " others=" + std::to_string(n.others) +
                       " objects=" + std::to_string(n.objects) + " octets=" + std::to_string(n.octets);
    done.facts.evidence = mime::hex(mime::sha256(page.lines));
    tx.append(done);
}
}
