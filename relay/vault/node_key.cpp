#include "relay/vault/node_key.hpp"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "relay/vault/errc.hpp"

namespace relay::vault {
namespace {
class descriptor {
public:
    explicit descriptor(int value) : value_(value) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor()
    {
        if (value_ >= 0) ::close(value_);
    }
    [[nodiscard]] int get() const noexcept { return value_; }

private:
    int value_;
};

bool is_private(const struct stat& info)
{
    return S_ISREG(info.st_mode) && (info.st_mode & 077U) == 0 && (info.st_uid == ::geteuid() || info.st_uid == 0);
}

bool sync_folder_of(const std::string& path)
{
    auto folder = std::filesystem::path(path).parent_path();
    if (folder.empty()) folder = ".";
    const descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return handle.get() >= 0 && ::fsync(handle.get()) == 0;
}
}

node_key::node_key(node_key&& other) noexcept : bytes_(other.bytes_)
{
    other.wipe();
}

node_key& node_key::operator=(node_key&& other) noexcept
{
    if (this != &other) {
        bytes_ = other.bytes_;
        other.wipe();
    }
    return *this;
}

node_key::~node_key()
{
    wipe();
}

void node_key::wipe() noexcept
{
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

result<node_key> load_node_key(const std::string& path)
{
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return make_error_code(vault_errc::key_file_unreadable);
    if (!is_private(info)) return make_error_code(vault_errc::key_file_exposed);
    if (info.st_size != static_cast<off_t>(node_key_octets)) return make_error_code(vault_errc::key_file_malformed);
    std::array<unsigned char, node_key_octets> bytes{};
    const auto got = ::read(file.get(), bytes.data(), bytes.size());
    node_key key(bytes);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (got != static_cast<ssize_t>(node_key_octets)) return make_error_code(vault_errc::key_file_unreadable);
    return key;
}

result<void> make_node_key(const std::string& path)
{
    const descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0)
        return make_error_code(errno == EEXIST ? vault_errc::key_file_exists : vault_errc::key_file_unwritable);
    std::array<unsigned char, node_key_octets> bytes{};
    const bool random = RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
    const bool written =
        random && ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (written && ::fsync(file.get()) == 0 && sync_folder_of(path)) return {};
    ::unlink(path.c_str());  // ours: O_EXCL made it
    return make_error_code(vault_errc::key_file_unwritable);
}
}
