// relay/pipeline/intake.hpp: takes submissions in: durable first, acknowledged after (design.md §3.1, §3.2).
// One store unit makes the letter, its document, its stay, its deliveries and their first events durable together; only
// then does the answer say accepted. A repeat gets the same answer and makes nothing twice; a refused file is kept as
// an object. Blocking: worker threads only; safe from several at once.
#pragma once

#include <functional>
#include <mutex>

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/services.hpp"
#include "relay/pipeline/stay_keeper.hpp"

namespace relay::pipeline {
struct answer_text;
struct submission_keys;

class intake {
public:
    // While `refusing` says so nothing is taken in: the answer is busy (AR), before any work.
    intake(services with, site_options site, std::function<void()> on_queued, std::function<bool()> refusing = {});

    [[nodiscard]] submission_result accept(const submission& from);

    // Decides again for everything held (domain.md §4): after an import, a new certificate or other routes. Page by
    // page, so that many rows are never in memory and no writer waits for all of them. Returns how many left hold.
    [[nodiscard]] result<std::size_t> route_again();
    // The same for the next few of them, in turn: what time alone changes, as a certificate that begins to be valid.
    [[nodiscard]] result<std::size_t> route_some_again();
    // A person names the stay of a letter.
    [[nodiscard]] result<stay_keeper::binding> bind_by_hand(const letter_id& letter, const stay_id& stay,
                                                            const std::string& actor);
    // The ward tells that patients got their copy of the letter; in one unit.
    struct handed {
        std::string visit_number;
        instant at{};
    };
    struct handed_counts {
        std::size_t done = 0, already = 0, unknown = 0;
    };
    [[nodiscard]] result<handed_counts> hand_over(const std::vector<handed>& all, const std::string& actor);
    [[nodiscard]] const site_options& site() const noexcept { return site_; }

private:
    using taken = std::variant<submission_result, refusal>;
    taken accept_letter(letter_plan plan, const answer_text& text, const submission_keys& known_by);
    taken accept_movement(const movement_plan& plan, const answer_text& text, const submission_keys& known_by);
    submission_result refuse(const refusal& why, const submission& from, const answer_text& text);
    // From `from` on, which moves on; `most` pages.
    [[nodiscard]] result<std::size_t> decide_pages(delivery_place& from, std::size_t most);
    result<std::size_t> decide_again(const std::vector<delivery_row>& held);

    services with_;
    site_options site_;
    std::function<void()> on_queued_;
    std::function<bool()> refusing_;
    std::mutex turn_mutex_;
    delivery_place turn_;  // of route_some_again()
};
}
