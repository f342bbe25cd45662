// relay/pipeline/content_purge.hpp: destroys content at its term (domain.md §10 rule 7), in three durable steps per
// letter: a transmission certificate is queued for the hospital; once it is written, a unit removes the objects with
// their wrapped keys, what the submission said beside them, and records the destruction in the ledger; each page of
// such units ends with one event that counts them and holds a digest. A death between two steps repeats none: the
// certificate has one name, and what is destroyed is not found again. Also bytes of what people were shown (refused
// files, unmatched reports) and of our own reports. Mailboxes are their doctors': idle_mailboxes.hpp ends those that
// nobody uses. Blocking: worker threads only; one at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "relay/pipeline/certificate.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
struct purge_options {
    retention_policy policy;
    std::string node, establishment;
    mime::zone zone;
    // Null on a node without a hospital: it has no letters.
    std::shared_ptr<const mime::smime::signer> signer;
};

enum class certificate_state { none, waiting, written };
struct purge_candidate {
    letter_row letter;
    content_term term{};
    certificate_state certificate = certificate_state::none;
    std::size_t objects = 0;
    std::uint64_t octets = 0;  // of the clear bytes
};

// Letters whose content is past its term, oldest first; `all`: also those whose is not. Beside a running node too.
enum class purge_scope { due, all };
[[nodiscard]] std::vector<purge_candidate> purge_candidates(ports::reader& store, const retention_policy& policy,
                                                            instant now, purge_scope scope, std::size_t limit);

// What is counted of a page, and of a whole run.
struct purge_counts {
    std::size_t certificates = 0;  // queued
    std::size_t letters = 0;       // whose content is gone
    std::size_t others = 0;        // refused files, reports
    std::size_t objects = 0;
    std::uint64_t octets = 0;
    std::size_t waiting = 0;  // due, and their certificate is not written yet
    purge_counts& operator+=(const purge_counts& other);
    [[nodiscard]] bool has_destroyed() const noexcept { return letters + others > 0; }
};

class content_purge {
public:
    content_purge(services with, purge_options options) : with_(with), options_(std::move(options)) {}

    // One walk over all that is due, in pages: certificates queued, content destroyed where its certificate is written.
    // `going` is asked before each letter: no ends the walk there, and the next one goes on.
    [[nodiscard]] result<purge_counts> run(const std::function<bool()>& going = [] { return true; });

    // Certificates that are due to be written as files, opened: each is then told as written, or put off behind the
    // others. What cannot be opened is put off here.
    struct certificate_file {
        ack_row row;
        std::string name, content;
    };
    [[nodiscard]] result<std::vector<certificate_file>> certificates(std::size_t limit);
    [[nodiscard]] result<void> written(const std::vector<certificate_file>& files);
    [[nodiscard]] result<void> put_off(const std::vector<certificate_file>& files);

private:
    struct destroyed;
    [[nodiscard]] std::optional<certificate_facts> facts_for(ports::reader& store, const letter_row& letter) const;
    enum class queued { done, not_signed };
    [[nodiscard]] result<queued> queue_certificate(const letter_row& letter);
    [[nodiscard]] result<void> put_off_rows(const std::vector<std::int64_t>& sequences);
    void destroy(ports::transaction& tx, const letter_id& id, destroyed& page) const;
    void end_open(ports::transaction& tx, const letter_id& id) const;
    void destroy_others(ports::transaction& tx, destroyed& page) const;
    void record_page(ports::transaction& tx, const destroyed& page) const;
    [[nodiscard]] result<purge_counts> run_page(const std::vector<purge_candidate>& page);

    services with_;
    purge_options options_;
};
}
