#include "certs/private_key.hpp"

#include "certs/errc.hpp"
#include "tests/support/minted_pki.hpp"

#include <openssl/err.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using certs::errc;

namespace {
class temporary_folder {
public:
    temporary_folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "certs.XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};
}

TEST_CASE("a key matches its own certificate only", "[certs]")
{
    for (const auto kind : {tests::minted_key::rsa_2048, tests::minted_key::ec_p256}) {
        tests::mint_order order;
        order.key = kind;
        const auto own = tests::mint(order);
        const auto other = tests::mint(order);
        const auto key = certs::read_private_key(own.key);
        REQUIRE(key.has_value());
        CHECK(key->matches(*certs::read_certificate(own.certificate)));
        CHECK_FALSE(key->matches(*certs::read_certificate(other.certificate)));
        CHECK(key->algorithm() == certs::read_certificate(own.certificate)->algorithm());
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("what is no key is refused without asking for a passphrase", "[certs]")
{
    const auto own = tests::mint({});
    const std::string encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBCbCRe+hyK6Ne8YfoLM\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    for (const std::string& input :
         {std::string(), std::string("x"), own.certificate, own.key.substr(0, 80), encrypted}) {
        CAPTURE(input.substr(0, 40));
        const auto key = certs::read_private_key(input);
        REQUIRE_FALSE(key.has_value());
        CHECK(key.error() == errc::malformed_key);
        CHECK(ERR_peek_error() == 0);
    }
    CHECK(certs::read_private_key(std::string(64 * 1024, ' ')).error() == errc::malformed_key);
    CHECK(certs::read_private_key(std::string(64 * 1024 + 1, ' ')).error() == errc::too_large);
}

TEST_CASE("a key file must be closed to group and others", "[certs]")
{
    const temporary_folder folder;
    const auto file = folder.path() / "key.pem";
    std::ofstream(file) << tests::mint({}).key;
    struct row {
        mode_t mode;
        bool accepted;
    };
    for (const row& tc : {row{0600, true}, {0400, true}, {0640, false}, {0604, false}, {0660, false}, {0610, false}}) {
        CAPTURE(tc.mode);
        REQUIRE(::chmod(file.c_str(), tc.mode) == 0);
        const auto key = certs::load_private_key(file);
        CHECK(key.has_value() == tc.accepted);
        if (!key.has_value()) {
            CHECK(key.error() == errc::exposed_key);
            CHECK(key.error().message().find("chmod 600") != std::string::npos);
        }
    }
}

TEST_CASE("a key file that is missing, a folder or a pipe is unreadable", "[certs]")
{
    const temporary_folder folder;
    const auto pipe = folder.path() / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    for (const auto& path : {folder.path() / "missing", folder.path(), pipe})
        CHECK(certs::load_private_key(path).error() == errc::unreadable_file);
}
