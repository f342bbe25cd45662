// certs/file.hpp: reads a small file whole, into memory that is wiped on release. Used inside this room.
// Errors: errc::unreadable_file, too_large, exposed_key.
#pragma once

#include "certs/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace certs {
class wiped_bytes {
public:
    explicit wiped_bytes(std::size_t size) : bytes_(size) {}
    wiped_bytes(wiped_bytes&&) noexcept = default;
    wiped_bytes& operator=(wiped_bytes&&) = delete;
    wiped_bytes(const wiped_bytes&) = delete;
    wiped_bytes& operator=(const wiped_bytes&) = delete;
    ~wiped_bytes();
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }
    [[nodiscard]] std::vector<char>& bytes() noexcept { return bytes_; }

private:
    std::vector<char> bytes_;
};

enum class file_access {
    any,
    owner_only,  // refuses a file that its group or others may read or write
};

[[nodiscard]] result<wiped_bytes> load_file(const std::filesystem::path& file, std::size_t max_octets,
                                            file_access access);
}
