// bench_fill_queue STORE NODE_KEY COUNT [REPORTS HOSPITAL]: puts COUNT letters into the store of a stopped node, as
// copies of its oldest accepted letter: stay, rows, events and ledger of their own, the same document. They are ready
// to leave, for measuring a node with a long queue without waiting for its intake. With a folder REPORTS they were
// accepted, and one mail about each is written there, to the address HOSPITAL: a delivery report or a receipt in turn.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>

#include "relay/base/clock.hpp"
#include "relay/pipeline/facts_keeper.hpp"
#include "relay/pipeline/services.hpp"
#include "relay/store/sqlite.hpp"
#include "relay/vault/node_key.hpp"
#include "relay/vault/node_vault.hpp"
#include "tests/bench/sent_letters.hpp"

namespace {
using namespace relay;
using namespace relay::pipeline;

[[noreturn]] void give_up(const char* what)
{
    throw std::runtime_error(what);
}

class filler {
public:
    filler(const char* database, const vault::node_vault& vault) : vault_(vault)
    {
        store::store_options options;
        options.path = database;
        auto opened = store::open_store(options, vault);
        if (!opened.has_value()) give_up("store");
        store_ = std::move(*opened);
        store_->derive_with([keeper = facts_keeper({}, *mime::find_zone("Europe/Paris"))](
                                ports::transaction& tx, const stay_id& stay) { keeper.keep(tx, stay); });
        from_ = bench::find_original(*store_);
    }
    // Each commit's rows are handed to `each` once they are durable.
    void fill(long count, bench::copy_state state, const std::function<void(const delivery_row&)>& each)
    {
        constexpr long at_once = 2000;  // letters of one commit
        for (long left = count; left > 0; left -= at_once) {
            std::vector<delivery_row> rows;
            const auto written = store_->write([&](ports::transaction& tx) {
                rows.clear();
                for (long i = std::min(left, at_once); i > 0; --i)
                    rows.push_back(bench::add_copy(tx, from_, clock_.now(), state));
            });
            if (!written.has_value()) give_up("write");
            for (const delivery_row& row : rows) each(row);
        }
    }
    [[nodiscard]] std::string doctor() const
    {
        const auto opened = vault_.open_field(field::recipient, from_.delivery.recipient);
        if (!opened.has_value()) give_up("recipient");
        return read_recipient(*opened).address;
    }

private:
    const vault::node_vault& vault_;
    std::unique_ptr<store::sqlite_store> store_;
    bench::original from_;
    base::system_wall_clock clock_;
};

void run(int count, char** words)
{
    if (count != 4 && count != 6) give_up("STORE NODE_KEY COUNT [REPORTS HOSPITAL]");
    const auto key = vault::load_node_key(words[2]);
    if (!key.has_value()) give_up("node key");
    const vault::node_vault vault(*key);
    filler into(words[1], vault);
    const long letters = std::strtol(words[3], nullptr, 10);
    if (count == 4) return into.fill(letters, bench::copy_state::queued, [](const delivery_row&) {});
    const bench::report_route route{into.doctor(), words[5]};
    long made = 0;
    into.fill(letters, bench::copy_state::accepted, [&](const delivery_row& row) {
        std::ofstream file(std::filesystem::path(words[4]) / (row.id.text() + ".eml"), std::ios::binary);
        file << (made++ % 2 == 0 ? bench::positive_report(row, route) : bench::receipt(row, route));
        if (!file.flush()) give_up("report");
    });
}
}

int main(int count, char** words)
{
    try {
        run(count, words);
        return 0;
    } catch (const std::exception& why) {
        std::cerr << "bench_fill_queue: " << why.what() << "\n";
        return 1;
    }
}
