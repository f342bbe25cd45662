// relay/routing/sqlite_directory.hpp: the directory of mailboxes and certificates on SQLite files of its own (design.md
// §5). `directory.db` holds the last good extraction and is replaced as a whole: built beside, synced, renamed; readers
// go on with the old file until the swap and never wait for it. `certificates.db` holds certificates added by hand and
// survives imports. Public data: not sealed; the files are of mode 0600 all the same. Errors: routing_errc. Look-ups
// are safe from any thread; one import or addition at a time, others wait.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "relay/base/clock.hpp"
#include "relay/pipeline/ports/directory.hpp"
#include "relay/routing/extraction.hpp"

namespace relay::routing {
struct directory_options {
    std::string path;               // directory.db
    std::string certificates_path;  // certificates.db
    extraction_limits limits{};
    // mssante.md §7.2: a download that shrinks by more than a few percent never replaces the last good one.
    std::size_t shrink_guard_rows = 1000;  // smaller directories may change as they like
    unsigned max_shrink_percent = 5;
};

struct directory_state {
    std::size_t rows = 0;
    std::optional<base::instant> imported_at;  // nullopt: never
};

class sqlite_directory final : public pipeline::ports::directory, public pipeline::ports::directory_writer {
public:
    [[nodiscard]] static result<std::unique_ptr<sqlite_directory>> open(const directory_options& options);
    ~sqlite_directory() override;

    // A database that cannot be read answers as if it were empty; state() tells.
    [[nodiscard]] std::vector<pipeline::ports::directory_entry> by_address(std::string_view address) override;
    [[nodiscard]] std::vector<pipeline::ports::directory_entry> by_rpps(std::string_view rpps) override;
    [[nodiscard]] std::vector<std::string> certificates(std::string_view address) override;

    [[nodiscard]] result<pipeline::ports::import_summary> import_file(const std::string& path) override;
    [[nodiscard]] result<std::vector<std::string>> add_certificate(std::string_view der) override;

    // For the alarm after three days without a new file. routing_errc::database_failed.
    [[nodiscard]] result<directory_state> state();

private:
    struct generation;  // one open directory.db
    explicit sqlite_directory(directory_options options);
    [[nodiscard]] std::shared_ptr<generation> current();
    void swap_in();

    const directory_options options_;
    std::mutex mutex_;  // guards the two pointers only
    std::shared_ptr<generation> current_;
    std::shared_ptr<generation> added_;
    std::mutex writing_;
};
}
