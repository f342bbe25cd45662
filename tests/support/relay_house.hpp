// tests/support/relay_house.hpp: a whole hospital and operator in a temporary folder: real SQLite store, real vault, a
// directory in memory, a clock moved by hand. Link relay_store and relay_vault (links.txt of the suite).
#pragma once

#include <filesystem>

#include <stdlib.h>

#include "mime/smime/encrypt.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/facts_keeper.hpp"
#include "relay/pipeline/hosted_mail.hpp"
#include "relay/pipeline/outbound.hpp"
#include "relay/store/sqlite.hpp"
#include "relay/vault/node_vault.hpp"
#include "tests/support/site.hpp"
#include "tests/support/submissions.hpp"

namespace tests {
class temporary_folder {
public:
    temporary_folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "liaison-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline relay::vault::node_key test_key()
{
    std::array<unsigned char, relay::vault::node_key_octets> bytes{};
    bytes.fill(7);
    return relay::vault::node_key(bytes);
}

inline constexpr std::string_view hospital_address = "relais@hopital.example";

inline mime::smime::signer hospital_signer()
{
    static const minted one = [] {
        mint_order order;
        order.alternative_names = "email:" + std::string(hospital_address);
        return mint(order, &root());
    }();
    return {certs::read_private_key(one.key).value(), certs::read_certificate(one.certificate).value()};
}

// A mail with these fields, encrypted for a doctor.
inline std::string enveloped(std::string_view fields)
{
    static const certs::certificate doctor =
        certs::read_certificate(mint_doctor(minted_key::ec_p256, "doctor@ailleurs.example", root()).certificate)
            .value();
    mime::smime::encrypt_options options;
    options.fields_before = fields;
    return mime::smime::encrypt("Content-Type: text/plain\r\n\r\nBonjour\r\n", std::span(&doctor, 1), options).value();
}

struct house {
    temporary_folder place;
    relay::vault::node_vault vault{test_key()};
    relay::store::store_options options;
    std::unique_ptr<relay::store::sqlite_store> store;
    memory_directory directory;
    relay::base::manual_wall_clock clock{local("20261120150000+0100")};
    relay::pipeline::route_policy routes = tests::routes();
    certs::trust_anchors anchors = certs::read_trust_anchors(root().certificate).value();
    std::unique_ptr<relay::pipeline::intake> intake;
    std::unique_ptr<relay::pipeline::outbound> outbound;
    int queued = 0;  // how often somebody was told that something waits

    house()
    {
        options.path = (place.path() / "liaison.db").string();
        options.reserve_octets = 0;
        open();
    }
    void open()
    {
        outbound.reset();
        intake.reset();
        store.reset();
        store = relay::store::open_store(options, vault).value();
        follow(site().sites);
        intake = std::make_unique<relay::pipeline::intake>(with(), site(), [this] { ++queued; });
        relay::pipeline::outbound_options sending;
        sending.node_name = "relais.example";
        sending.composer = relay::pipeline::composer_options{std::string(hospital_address),
                                                             "HOPITAL DEMO",
                                                             "",
                                                             "HOPITAL DEMO",
                                                             "",
                                                             "2.999.7",
                                                             paris(),
                                                             hospital_signer()};
        outbound = std::make_unique<relay::pipeline::outbound>(with(), std::move(sending));
    }
    // Facts of stays are kept by these sites from now on.
    void follow(const relay::pipeline::organisation& sites)
    {
        store->derive_with([keeper = relay::pipeline::facts_keeper(sites, paris())](
                               relay::pipeline::ports::transaction& tx, const relay::pipeline::stay_id& stay) {
            keeper.keep(tx, stay);
        });
    }
    relay::pipeline::services with() { return {*store, vault, directory, clock, routes, anchors}; }

    // A doctor with a mailbox and a certificate; the key that opens his letters.
    minted add_doctor(const std::string& address, std::string_view rpps, minted_key kind = minted_key::ec_p256)
    {
        const minted made = mint_doctor(kind, address, root());
        directory.add(address, std::string(rpps));
        directory.der[address] = {der_of(made)};
        return made;
    }

    template <class Work>
    auto ask(Work work)
    {
        decltype(work(std::declval<relay::pipeline::ports::reader&>())) answer{};
        const auto done = store->read([&](relay::pipeline::ports::reader& reader) { answer = work(reader); });
        if (!done.has_value()) throw std::runtime_error(done.error().message());
        return answer;
    }
    std::vector<relay::pipeline::letter_row> letters()
    {
        return ask([](auto& r) {
            return r.letters_received(relay::pipeline::instant(),
                                      relay::pipeline::instant(std::chrono::hours(9'000'000)));
        });
    }
    std::vector<relay::pipeline::stay_row> stays()
    {
        return ask([](auto& r) {
            return r.stays_discharged(relay::pipeline::instant(),
                                      relay::pipeline::instant(std::chrono::hours(9'000'000)));
        });
    }
    // Of every letter, in the order they came.
    std::vector<relay::pipeline::delivery_row> deliveries()
    {
        return ask([&](auto& r) {
            std::vector<relay::pipeline::delivery_row> all;
            for (const auto& letter : r.letters_received(relay::pipeline::instant(),
                                                         relay::pipeline::instant(std::chrono::hours(9'000'000))))
                for (auto& row : r.deliveries_of_letter(letter.id)) all.push_back(std::move(row));
            return all;
        });
    }
    relay::pipeline::delivery_row only()
    {
        auto all = deliveries();
        if (all.size() != 1) throw std::runtime_error("not one delivery but " + std::to_string(all.size()));
        return all.front();
    }
    std::vector<relay::pipeline::event> events(const relay::pipeline::delivery_id& id)
    {
        return ask([&](auto& r) { return r.events_of(id); });
    }
    std::vector<relay::pipeline::refusal_row> refusals()
    {
        return ask([](auto& r) { return r.refusals(100); });
    }
    // Something happened to it now.
    void tell(const relay::pipeline::delivery_id& id, relay::pipeline::event_kind kind,
              relay::pipeline::cause why = relay::pipeline::cause::none)
    {
        const auto written = store->write([&](relay::pipeline::ports::transaction& tx) {
            auto row = tx.delivery(id).value();
            relay::pipeline::event next;
            next.at = clock.now();
            next.kind = kind;
            next.facts.why = why;
            record(tx, row, next);
        });
        if (!written.has_value()) throw std::runtime_error(written.error().message());
    }
    // Contents of the acknowledgements that wait to be written, opened; by file name.
    std::map<std::string, std::string> acks()
    {
        std::map<std::string, std::string> found;
        for (const auto& row : ask([](auto& r) { return r.acks_in(relay::pipeline::ack_state::waiting, 100); }))
            found[vault.open_field(relay::pipeline::field::ack_name, row.file_name).value()] =
                vault.open_field(relay::pipeline::field::ack_content, row.content).value();
        return found;
    }
    // What may leave now, of any domain.
    relay::result<std::vector<relay::pipeline::delivery_id>> due(std::size_t limit)
    {
        std::vector<relay::pipeline::delivery_id> all;
        for (const auto& lane : outbound->lanes().value())
            for (const auto& one : outbound->due(lane.domain, limit).value()) all.push_back(one.id);
        return all;
    }
    relay::pipeline::submission_result drop(std::string name, std::string bytes)
    {
        return intake->accept(dropped(std::move(name), std::move(bytes)));
    }
    // Prepared and answered with `end`.
    relay::pipeline::prepared_mail attempt(const relay::pipeline::delivery_id& id, relay::pipeline::attempt_end end,
                                           int code = 250, relay::pipeline::cause why = relay::pipeline::cause::none)
    {
        auto mail = outbound->prepare(id).value();
        if (!mail) throw std::runtime_error("nothing to send");
        relay::pipeline::attempt_result outcome;
        outcome.end = end;
        outcome.smtp_code = code;
        outcome.why = why;
        outbound->finish(*mail, outcome).value();
        return *mail;
    }
};
}
