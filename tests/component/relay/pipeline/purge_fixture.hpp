// A hospital whose content and traces come to their end: what the suites of purge and of periods share.
#pragma once

#include <fstream>
#include <iterator>

#include "relay/pipeline/content_purge.hpp"
#include "relay/pipeline/period_report.hpp"
#include "tests/support/relay_house.hpp"

namespace purge_test {
using namespace relay::pipeline;
using namespace std::chrono_literals;

inline const std::string roux = "anne.roux@medecin.example";
inline const std::string vidal = "paul.vidal@medecin.example";
inline constexpr auto day = 24h;

// The same letter again for another doctor, and its second version.
inline tests::letter_order for_vidal()
{
    tests::letter_order order;
    order.address = vidal;
    order.rpps = std::string(tests::first_doctor);
    order.control_id = "DEMO000999";
    return order;
}
inline tests::letter_order second_version(std::string control_id)
{
    tests::letter_order order;
    order.document = "2.999.7.417.2";
    order.version = 2;
    order.event = "T10";
    order.control_id = std::move(control_id);
    return order;
}

struct keeping : tests::house {
    keeping()
    {
        add_doctor(roux, tests::second_doctor);
        add_doctor(vidal, tests::first_doctor);
        set_basis("rules");
    }
    // Empty: the facts are being derived anew.
    void set_basis(std::string basis)
    {
        store->write([&](ports::transaction& tx) { tx.save_facts_basis(basis); }).value();
    }
    // What is left after the terms for traces and for keyed hashes, all pages of it.
    relay::store::expired_traces expire()
    {
        relay::store::expired_traces all;
        for (all.more = true; all.more;) {
            const auto page = store->expire_traces(clock.now() - 183 * day, clock.now() - 1827 * day, 10).value();
            all.stays += page.stays;
            all.letters += page.letters;
            all.deliveries += page.deliveries;
            all.events += page.events;
            all.keys += page.keys;
            all.more = page.more;
        }
        return all;
    }
    content_purge purge()
    {
        purge_options wanted{{}, "relais.example", "HOPITAL DEMO", tests::paris(), nullptr};
        wanted.signer = std::make_shared<const mime::smime::signer>(tests::hospital_signer());
        return content_purge(with(), wanted);
    }
    // What a certificate folder would hold.
    std::vector<content_purge::certificate_file> write_certificates()
    {
        auto one = purge();
        auto files = one.certificates(100).value();
        one.written(files).value();
        return files;
    }
    purge_counts run() { return purge().run().value(); }
    purge_counts run_all()
    {
        purge_counts all = run();
        write_certificates();
        all += run();
        return all;
    }
    void send()
    {
        for (const auto& id : due(100).value()) attempt(id, attempt_end::accepted);
    }
    // A discharge and its letter, which arrives.
    void deliver()
    {
        drop("a.hl7", tests::adt_file());
        drop("l.hl7", tests::mdm_file());
        send();
    }
    // The same, its day closed and recorded since, its content at its term.
    void deliver_and_close()
    {
        deliver();
        clock.advance(8 * day);
        record();
    }
    std::size_t candidates(purge_scope scope = purge_scope::due)
    {
        return ask([&](ports::reader& r) { return purge_candidates(r, {}, clock.now(), scope, 100); }).size();
    }
    // Every octet that the store has on the disk.
    std::string raw()
    {
        std::string all;
        for (const auto& entry : std::filesystem::directory_iterator(place.path())) {
            if (entry.path().extension() == ".db-shm") continue;
            std::ifstream in(entry.path(), std::ios::binary);
            all.append(std::istreambuf_iterator<char>(in), {});
        }
        return all;
    }
    std::string wrapped_key(const blob_id& id)
    {
        return ask([&](ports::reader& r) { return r.blob(id); }).value().wrapped_key;
    }
    std::vector<event> letter_events(const letter_id& id)
    {
        return ask([&](ports::reader& r) { return r.events_of(id); });
    }
    std::vector<event> store_events()
    {
        return ask([&](ports::reader& r) { return r.retention().store_events(0, 100); });
    }
    std::vector<stay_facts> facts()
    {
        return ask([](ports::reader& r) {
            std::vector<stay_facts> all;
            r.read_facts({-100'000, 100'000, ""}, [&](const stay_facts& one) { all.push_back(one); });
            return all;
        });
    }
    // A report of the addressee's operator that comes late.
    void tell_failure()
    {
        const delivery_id id = only().id;
        store
            ->write([&](ports::transaction& tx) {
                auto row = tx.delivery(id);
                event late;
                late.at = clock.now();
                late.kind = event_kind::report_failed;
                late.facts.why = cause::closed;
                late.facts.evidence = "late";
                relay::pipeline::record(tx, *row, late);
            })
            .value();
    }
    void record()
    {
        record_periods(*store, clock, [] { return true; }).value();
    }
    period_standing standing()
    {
        return ask([](ports::reader& r) { return standing_of_period(r, -100'000, 100'000); });
    }
};
}
