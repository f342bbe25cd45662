#include "certs/file.hpp"

#include "certs/errc.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace certs {
namespace {
class descriptor {
public:
    explicit descriptor(int value) noexcept : value_(value) {}
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
}

wiped_bytes::~wiped_bytes()
{
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

result<wiped_bytes> load_file(const std::filesystem::path& file, std::size_t max_octets, file_access access)
{
    // O_NONBLOCK: a FIFO in place of the file must not hang start-up; it is refused below.
    const descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about {};
    if (in.get() < 0 || ::fstat(in.get(), &about) != 0 || !S_ISREG(about.st_mode)) return errc::unreadable_file;
    if (access == file_access::owner_only && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) return errc::exposed_key;
    const auto size = static_cast<std::size_t>(about.st_size);
    if (size > max_octets) return errc::too_large;
    wiped_bytes whole(size);
    for (std::size_t done = 0; done < size;) {
        const ssize_t got = ::read(in.get(), whole.bytes().data() + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return errc::unreadable_file;  // it shrank under us
        done += static_cast<std::size_t>(got);
    }
    return whole;
}
}
