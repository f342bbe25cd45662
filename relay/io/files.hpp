// relay/io/files.hpp: files whose content is on stable storage when the call returns (design.md §3.1). Blocking: call
// them from a worker thread. Errors: the system's own error code (ENOSPC stays visible), errc::too_large.
// Threads: safe from any thread; two writers of one path leave one whole file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "relay/base/result.hpp"

namespace relay::io {
// A temporary file in the same folder, fsync, rename over `path`, fsync of the folder. On failure nothing is left.
[[nodiscard]] result<void> write_file_atomic(const std::filesystem::path& path, std::string_view bytes,
                                             mode_t mode = 0600);

// The same without the last step: the new name is durable after sync_folder(), one for many files.
[[nodiscard]] result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, mode_t mode = 0600);

// Calls for one folder at the same time may share an fsync, one that begins after all of them came.
[[nodiscard]] result<void> sync_folder(const std::filesystem::path& folder);

// rename(2), then fsync of both folders. Replaces `to`.
[[nodiscard]] result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

[[nodiscard]] result<std::string> read_file(const std::filesystem::path& path, std::size_t max_octets);

// The first `octets` of a file of any size, or all of a shorter one.
[[nodiscard]] result<std::string> read_beginning(const std::filesystem::path& path, std::size_t octets);

// A password or token: a file that only its owner (us, or root) may read, without the line end behind it. The caller
// wipes it. errc::bad_settings if it is open to others, empty, or no plain file.
[[nodiscard]] result<std::string> read_secret(const std::filesystem::path& path);
}
