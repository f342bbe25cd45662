// relay/store/reading.hpp: the queries of ports::reader, for readers and transactions alike.
// Private to relay/store. One thread at a time; errors are thrown (sql_error, boost::system::system_error).
#pragma once

#include "relay/pipeline/ports/store.hpp"
#include "relay/store/connection.hpp"
#include "relay/store/retention_rows.hpp"
#include "relay/store/work_rows.hpp"

namespace relay::store {
// Base is pipeline::ports::reader or pipeline::ports::transaction.
template <class Base>
class reading : public Base {
public:
    reading(connection& database, const pipeline::ports::vault& vault)
        : database_(database), vault_(vault), worklist_(database, vault), retention_(database, vault)
    {
    }
    pipeline::ports::work_reader& work() override { return worklist_; }
    std::optional<pipeline::letter_row> letter(const pipeline::letter_id& id) override;
    std::optional<pipeline::letter_row> letter_by_document(std::string_view document_key) override;
    std::optional<pipeline::letter_row> removal_of_document(std::string_view document_key) override;
    std::vector<pipeline::letter_row> letters_replacing(std::string_view document_key) override;
    std::vector<pipeline::letter_document_row> further_documents(const pipeline::letter_id& id) override;
    std::vector<pipeline::letter_row> letters_of_stay(const pipeline::stay_id& id) override;
    std::vector<pipeline::letter_row> letters_of_set(std::string_view set_key) override;
    std::vector<pipeline::letter_row> letters_received(base::instant from, base::instant to) override;
    std::optional<pipeline::stay_row> stay(const pipeline::stay_id& id) override;
    // By visit; else the newest stay of the file, unless both name different visits.
    std::optional<pipeline::stay_row> stay_by_key(std::string_view visit_key, std::string_view file_key) override;
    std::vector<pipeline::stay_row> stays_discharged(base::instant from, base::instant to) override;
    std::vector<pipeline::stay_row> stays_of_person(std::string_view identity_key,
                                                    std::string_view traits_key) override;
    std::vector<pipeline::stay_row> stays_after(std::string_view id, std::size_t limit) override;
    void read_facts(const pipeline::ports::facts_query& wanted,
                    const std::function<void(const pipeline::stay_facts&)>& each) override;
    std::string facts_basis() override;
    std::optional<pipeline::letter_clues> clues_of(const pipeline::letter_id& id) override;
    std::vector<pipeline::letter_clues> clues_like(const pipeline::stay_row& stay) override;
    std::vector<pipeline::letter_clues> open_matches(std::size_t limit) override;
    std::optional<pipeline::delivery_row> delivery(const pipeline::delivery_id& id) override;
    std::optional<pipeline::delivery_row> delivery_by_envid(std::string_view envid) override;
    std::optional<pipeline::delivery_row> delivery_by_message_id(std::string_view message_id) override;
    std::vector<pipeline::delivery_row> deliveries_of_letter(const pipeline::letter_id& id) override;
    std::vector<pipeline::delivery_row> deliveries_in(pipeline::delivery_state state, std::size_t limit) override;
    std::vector<pipeline::delivery_row> deliveries_behind(const pipeline::delivery_place& place,
                                                          std::size_t limit) override;
    std::vector<pipeline::queue_lane> lanes() override;
    std::vector<pipeline::due_delivery> due_deliveries(std::string_view domain, base::instant now,
                                                       std::size_t limit) override;
    std::vector<pipeline::delivery_row> unwarned_deliveries(pipeline::delivery_kind kind, base::instant until,
                                                            std::size_t limit) override;
    bool is_mail_in_use(const pipeline::blob_id& bytes) override;
    std::vector<pipeline::domain_hold> domain_holds() override;
    bool is_on_hold(std::string_view domain) override;
    std::vector<pipeline::event> events_of(const pipeline::stay_id& id) override;
    std::vector<pipeline::event> events_of(const pipeline::letter_id& id) override;
    std::vector<pipeline::event> events_of(const pipeline::delivery_id& id) override;
    std::vector<pipeline::refusal_row> refusals(std::size_t limit) override;
    std::vector<pipeline::ack_row> acks_in(pipeline::ack_state state, std::size_t limit) override;
    std::vector<pipeline::ack_row> due_acks(const pipeline::due_times& times, std::size_t limit) override;
    std::vector<pipeline::ack_row> acks_of(const pipeline::letter_id& id) override;
    std::optional<pipeline::ack_row> ack_by_control_id(std::string_view control_id) override;
    std::optional<pipeline::ports::submission_answer> answered(std::string_view submission_key) override;
    std::optional<pipeline::ports::sealed_object> blob(const pipeline::blob_id& id) override;
    std::vector<pipeline::ports::account_row> accounts() override;
    std::optional<pipeline::ports::account_row> account_by_address(std::string_view address) override;
    std::optional<pipeline::ports::account_row> account_by_user(std::string_view user) override;
    pipeline::ports::queue_counts counts() override;
    pipeline::ports::retention_reader& retention() override { return retention_; }

    [[nodiscard]] connection& database() noexcept { return database_; }
    [[nodiscard]] const pipeline::ports::vault& vault() const noexcept { return vault_; }

protected:
    [[nodiscard]] work_rows& worklist_rows() noexcept { return worklist_; }
    [[nodiscard]] retention_rows& retention_of() noexcept { return retention_; }

private:
    connection& database_;
    const pipeline::ports::vault& vault_;
    work_rows worklist_;
    retention_rows retention_;
};

using sql_reader = reading<pipeline::ports::reader>;
}
