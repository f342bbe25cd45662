// bench_fill_queue STORE NODE_KEY COUNT: puts COUNT letters that are ready to leave into the store of a stopped node,
// as copies of its oldest accepted letter: stay, rows, events and ledger of their own, the same document. For measuring
// a node with a long queue without waiting for its intake.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>

#include "relay/base/clock.hpp"
#include "relay/base/ids.hpp"
#include "relay/pipeline/services.hpp"
#include "relay/store/sqlite.hpp"
#include "relay/vault/node_key.hpp"
#include "relay/vault/node_vault.hpp"

namespace {
using namespace relay;
using namespace relay::pipeline;

[[noreturn]] void give_up(const char* what)
{
    throw std::runtime_error(what);
}

struct original {
    stay_row stay;
    letter_row letter;
    delivery_row delivery;
};

original find_original(ports::store& store)
{
    std::optional<stay_row> stay;
    std::optional<letter_row> letter;
    std::vector<delivery_row> sent;
    const auto read = store.read([&](ports::reader& reader) {
        sent = reader.deliveries_in(delivery_state::accepted, 1);
        if (!sent.empty()) letter = reader.letter(sent.front().letter);
        if (letter) stay = reader.stay(letter->stay);
    });
    if (!read.has_value() || !stay) give_up("no accepted letter with a stay in the store");
    return {std::move(*stay), std::move(*letter), std::move(sent.front())};
}

void add_copy(ports::transaction& tx, const original& from, instant now)
{
    stay_row stay = from.stay;
    stay.id = stay_id::make();
    for (std::string* key : {&stay.visit_key, &stay.file_key, &stay.identity_key, &stay.traits_key})
        if (!key->empty()) *key = base::random_token();
    tx.save_stay(stay);
    letter_row letter = from.letter;
    letter.id = letter_id::make();
    letter.stay = stay.id;
    letter.set_key = letter.document_key = letter.source_name_key = base::random_token();
    letter.received_at = now;
    tx.save_letter(letter);
    event received;
    received.at = now;
    received.kind = event_kind::letter_received;
    received.letter = letter.id;
    tx.append(received);
    delivery_row delivery;
    delivery.id = delivery_id::make();
    delivery.letter = letter.id;
    delivery.role = from.delivery.role;
    delivery.recipient_key = from.delivery.recipient_key;
    delivery.recipient = from.delivery.recipient;
    delivery.domain = from.delivery.domain;
    delivery.set_key = letter.set_key;
    delivery.version = letter.version;
    delivery.turn = turn_of(letter.version, letter.operation);
    delivery.created_at = delivery.next_try = now;
    delivery.deadline = from.delivery.deadline;
    delivery.last_deadline = from.delivery.last_deadline;
    event routed;
    routed.at = now;
    routed.kind = event_kind::routed;
    record(tx, delivery, std::move(routed));
}

void fill(int count, char** words)
{
    if (count != 4) give_up("STORE NODE_KEY COUNT");
    const auto key = vault::load_node_key(words[2]);
    if (!key.has_value()) give_up("node key");
    const vault::node_vault vault(*key);
    store::store_options options;
    options.path = words[1];
    const auto store = store::open_store(options, vault);
    if (!store.has_value()) give_up("store");
    const original from = find_original(**store);
    const base::system_wall_clock clock;
    constexpr long at_once = 2000;  // letters of one commit
    for (long left = std::strtol(words[3], nullptr, 10); left > 0; left -= at_once) {
        const auto written = (*store)->write([&](ports::transaction& tx) {
            for (long i = std::min(left, at_once); i > 0; --i) add_copy(tx, from, clock.now());
        });
        if (!written.has_value()) give_up("write");
    }
}
}

int main(int count, char** words)
{
    try {
        fill(count, words);
        return 0;
    } catch (const std::exception& why) {
        std::cerr << "bench_fill_queue: " << why.what() << "\n";
        return 1;
    }
}
