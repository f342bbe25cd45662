// relay/store/engine.hpp: the store over one writer and a pool of reading connections. Private to relay/store.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "relay/store/group_writer.hpp"
#include "relay/store/reading.hpp"
#include "relay/store/sqlite.hpp"

namespace relay::store {
class engine final : public sqlite_store {
public:
    // Without a writer the store is read-only.
    engine(const store_options& options, const pipeline::ports::vault& vault, std::unique_ptr<group_writer> writer)
        : options_(options), vault_(vault), writer_(std::move(writer))
    {
    }

    void derive_with(stay_deriver derive) override;
    void write(unit work, std::function<void(result<void>)> done) override;
    [[nodiscard]] result<void> write(unit work) override;
    [[nodiscard]] result<void> read(const std::function<void(pipeline::ports::reader&)>& work) override;
    [[nodiscard]] result<std::optional<std::int64_t>> verify_ledger() override;
    [[nodiscard]] result<ledger_position> ledger_end() override;
    [[nodiscard]] result<void> add_ledger_seal(const ledger_seal& seal) override;
    [[nodiscard]] result<std::vector<ledger_seal>> ledger_seals() override;
    [[nodiscard]] result<std::int64_t> sealed_until() override;
    [[nodiscard]] result<void> read_ledger(const std::function<void(const ledger_line&)>& each) override;
    [[nodiscard]] result<log_state> empty_log() override;
    [[nodiscard]] result<freezing> freeze_day(std::int32_t day, base::instant now) override;
    [[nodiscard]] result<expired_traces> expire_traces(base::instant traces_until, base::instant keys_until,
                                                       std::size_t limit) override;
    [[nodiscard]] result<std::vector<std::int32_t>> days_to_freeze(std::int32_t before) override;
    [[nodiscard]] int schema_version() const override;

    // For the mailboxes of this room: the same snapshot and the same commit group, with the SQL connection at hand.
    [[nodiscard]] result<void> read_sql(const std::function<void(sql_reader&)>& work);
    [[nodiscard]] result<void> write_sql(group_writer::unit work);

private:
    [[nodiscard]] std::unique_ptr<connection> borrow();
    void give_back(std::unique_ptr<connection> database);

    const store_options options_;
    const pipeline::ports::vault& vault_;
    std::mutex mutex_;
    std::condition_variable free_;
    std::vector<std::unique_ptr<connection>> idle_;
    std::size_t lent_ = 0;
    std::unique_ptr<group_writer> writer_;  // declared last: its thread ends first
};
}
