// relay/store/folders.hpp: descriptors that close themselves, and the sync of a folder, without which a new file may be
// gone after a power cut. Private to relay/store; safe from any thread.
#pragma once

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace relay::store {
class open_file {
public:
    open_file(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC)) {}
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file()
    {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }  // -1: not opened, see errno

private:
    int descriptor_;
};

[[nodiscard]] inline std::filesystem::path folder_of(const std::string& path)
{
    auto folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? std::filesystem::path(".") : folder;
}

[[nodiscard]] inline bool sync_folder(const std::filesystem::path& path)
{
    const open_file folder(path.string(), O_RDONLY | O_DIRECTORY);
    return folder.descriptor() >= 0 && ::fsync(folder.descriptor()) == 0;
}
}
