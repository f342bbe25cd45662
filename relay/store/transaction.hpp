// relay/store/transaction.hpp: the writes of ports::transaction. Private to relay/store; lives on the writer thread.
#pragma once

#include <memory>
#include <set>

#include "relay/store/delivery_counts.hpp"
#include "relay/store/ledger.hpp"
#include "relay/store/object_files.hpp"
#include "relay/store/reading.hpp"
#include "relay/store/returned_rows.hpp"
#include "relay/store/sqlite.hpp"

namespace relay::store {
enum class free_space { enough, below_reserve };

class sql_transaction final : public reading<pipeline::ports::transaction> {
public:
    sql_transaction(connection& database, const pipeline::ports::vault& vault, const store_options& options);
    pipeline::ports::work_writer& work_changes() override { return worklist_rows(); }
    // With free space below the reserve nothing large is taken in, but outcomes can still be recorded:
    // store_errc::disk_full.
    void add_blob(const pipeline::ports::sealed_object& object) override;
    void remove_blob(const pipeline::blob_id& id) override;
    void save_stay(const pipeline::stay_row& row) override;
    void save_facts(const pipeline::stay_facts& facts) override;
    void remove_facts(const pipeline::stay_id& stay) override;
    void save_facts_basis(std::string_view basis) override;
    void save_letter(const pipeline::letter_row& row) override;
    void save_letter_document(const pipeline::letter_document_row& row) override;
    void save_clues(const pipeline::letter_clues& row) override;
    void save_delivery(const pipeline::delivery_row& row) override;
    void hold_domain(const pipeline::domain_hold& row) override;
    bool resume_domain(std::string_view domain) override;
    std::size_t make_due(std::string_view domain, base::instant now, base::instant beyond, std::size_t limit) override;
    std::size_t roll_deadlines(std::string_view domain, base::instant now, std::size_t limit) override;
    std::int64_t append(const pipeline::event& entry) override;
    void add_refusal(const pipeline::refusal_row& row) override;
    void add_ack(const pipeline::ack_row& row) override;
    void save_ack(const pipeline::ack_row& row) override;
    void add_answer(std::string_view submission_key, const pipeline::ports::submission_answer& answer) override;
    pipeline::ports::stored_as add_message(const pipeline::ports::new_message& message) override;
    void save_account(const pipeline::ports::account_row& row) override;
    pipeline::ports::returned_mails& returned() override { return returned_; }
    pipeline::ports::retention_writer& retention_changes() override { return retention_of(); }

    // What keeps the facts of stays: called for each stay that a unit touched, inside that unit.
    void derive_with(std::shared_ptr<const stay_deriver> derive) { derive_ = std::move(derive); }

    // One commit group.
    void begin(free_space space);
    // Syncs the objects beside the database and writes the ledger's head if it moved. Throws: the group is to be
    // rolled back.
    void before_commit();
    [[nodiscard]] std::vector<freed_space> after_commit() { return objects_.commit(); }
    void after_rollback() { objects_.abandon(); }
    // One unit of the group. The first has the transaction to itself and needs no savepoint, which would copy each page
    // it changes.
    void begin_unit();
    // Before it is kept. Evidence never waits for what is derived of it: after a failure the facts of before stand, and
    // all of them are derived again at the next start or reload.
    void derive();
    void keep_unit();
    void undo_unit();

private:
    const std::size_t row_octets_;
    object_files objects_;
    delivery_counts counts_;
    returned_rows returned_{*this};
    std::size_t units_kept_ = 0;
    ledger_head head_;
    ledger_head head_at_begin_;
    ledger_head head_at_unit_;
    free_space space_ = free_space::enough;
    std::shared_ptr<const stay_deriver> derive_;
    std::set<std::string> touched_stays_, touched_letters_;  // ids, by the unit under way
};
}
