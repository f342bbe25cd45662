// relay/routing/directory_builder.hpp: builds a directory database beside the one in use. Private to relay/routing.
#pragma once

#include <string>

#include "relay/base/clock.hpp"
#include "relay/base/result.hpp"
#include "relay/pipeline/ports/directory.hpp"
#include "relay/routing/extraction.hpp"

namespace relay::routing {
// Reads the extraction at `source` into a new, synced database at `target` (removed first if it is there).
// routing_errc::file_unreadable, ::header_not_understood, ::nothing_usable; throws SQLite::Exception.
[[nodiscard]] result<pipeline::ports::import_summary> build_directory(const std::string& source,
                                                                      const std::string& target,
                                                                      const extraction_limits& limits);

// DDL of the table of certificates, the same in both files.
inline constexpr const char* certificate_table =
    "CREATE TABLE IF NOT EXISTS certificate (name TEXT NOT NULL, not_before INTEGER NOT NULL, sha256 TEXT NOT NULL,"
    " der BLOB NOT NULL, PRIMARY KEY (name, sha256))";

[[nodiscard]] bool sync_path(const std::string& path);          // file or folder
[[nodiscard]] bool make_private_file(const std::string& path);  // mode 0600; true if it is there already
}
