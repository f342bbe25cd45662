#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "relay/vault/errc.hpp"
#include "relay/vault/node_key.hpp"
#include "relay/vault/node_vault.hpp"
#include "relay/vault/password.hpp"

using namespace relay;
using namespace relay::vault;

namespace {
node_key key_of(unsigned char fill)
{
    std::array<unsigned char, node_key_octets> bytes{};
    bytes.fill(fill);
    return node_key(bytes);
}

class temporary_folder {
public:
    temporary_folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "liaison-vault-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

std::string flipped(std::string bytes, std::size_t at)
{
    bytes[at] = static_cast<char>(bytes[at] ^ 0x01);
    return bytes;
}
}

TEST_CASE("an object comes back as it went in", "[vault]")
{
    const node_vault vault(key_of(1));
    const auto size = GENERATE(values<std::size_t>({0, 1, 15, 16, 17, 100000}));
    const std::string clear(size, 'x');
    const auto object = vault.seal(clear);
    CHECK(object.length == size);
    CHECK(object.sha256.size() == 32);
    CHECK(object.ciphertext.size() == size + 28);
    const auto back = vault.open(object);
    REQUIRE(back.has_value());
    CHECK(*back == clear);
}

TEST_CASE("a changed octet anywhere is an error", "[vault]")
{
    const node_vault vault(key_of(1));
    const auto object = vault.seal("le texte de la lettre");
    for (std::size_t at = 0; at < object.ciphertext.size(); ++at) {
        auto changed = object;
        changed.ciphertext = flipped(object.ciphertext, at);
        CAPTURE(at);
        CHECK(vault.open(changed).error() == vault_errc::not_authentic);
    }
    for (std::size_t at = 0; at < object.wrapped_key.size(); ++at) {
        auto changed = object;
        changed.wrapped_key = flipped(object.wrapped_key, at);
        CAPTURE(at);
        CHECK(vault.open(changed).error() == vault_errc::not_authentic);
    }
    for (std::size_t size = 0; size < object.ciphertext.size(); ++size) {
        auto cut = object;
        cut.ciphertext.resize(size);
        CHECK_FALSE(vault.open(cut).has_value());
    }
    auto other_length = object;
    other_length.length += 1;
    CHECK(vault.open(other_length).error() == vault_errc::not_authentic);
    auto other_digest = object;
    other_digest.sha256 = flipped(object.sha256, 5);
    CHECK(vault.open(other_digest).error() == vault_errc::length_mismatch);
}

TEST_CASE("ids, keys and contexts cannot be exchanged", "[vault]")
{
    const node_vault vault(key_of(1));
    const node_vault stranger(key_of(2));
    auto first = vault.seal("premier");
    auto second = vault.seal("seconde");  // same length on purpose
    CHECK_FALSE(stranger.open(first).has_value());
    std::swap(first.id, second.id);
    CHECK(vault.open(first).error() == vault_errc::not_authentic);
    std::swap(first.id, second.id);
    std::swap(first.wrapped_key, second.wrapped_key);
    CHECK(vault.open(first).error() == vault_errc::not_authentic);

    const std::string field = vault.seal_field("letter.details:a", "Martine");
    CHECK(*vault.open_field("letter.details:a", field) == "Martine");
    CHECK(vault.open_field("letter.details:b", field).error() == vault_errc::not_authentic);
    CHECK(stranger.open_field("letter.details:a", field).error() == vault_errc::not_authentic);
    for (std::size_t at = 0; at < field.size(); ++at)
        CHECK_FALSE(vault.open_field("letter.details:a", flipped(field, at)).has_value());
    CHECK_FALSE(vault.open_field("letter.details:a", "").has_value());
    CHECK_FALSE(vault.open_field("letter.details:a", field.substr(0, 28)).has_value());
    CHECK(*vault.open_field("", vault.seal_field("", "")) == "");
}

TEST_CASE("equal clear text never gives equal sealed text", "[vault]")
{
    const node_vault vault(key_of(1));
    std::set<std::string> seen;
    for (int turn = 0; turn < 100; ++turn) seen.insert(vault.seal_field("c", "same"));
    CHECK(seen.size() == 100);
    CHECK(vault.seal("same").ciphertext != vault.seal("same").ciphertext);
    CHECK(vault.seal("same").wrapped_key != vault.seal("same").wrapped_key);
}

TEST_CASE("match keys are stable, keyed and separated by domain", "[vault]")
{
    const node_vault vault(key_of(1));
    const node_vault same(key_of(1));
    const node_vault stranger(key_of(2));
    // What a store was filled with stays findable: HMAC-SHA-256 of "3:ins1" under HKDF-SHA-256 of 32 octets of 1.
    CHECK(vault.match_key("ins", "1") == "27733f1d88f29ac7317b898b5af71681777a4b141ad7a1a86d0aec3cf5a499a9");
    CHECK(vault.match_key("ins", "1") == same.match_key("ins", "1"));
    CHECK(vault.match_key("ins", "1") != stranger.match_key("ins", "1"));
    CHECK(vault.match_key("ins", "1") != vault.match_key("visit", "1"));
    CHECK(vault.match_key("a", "bc") != vault.match_key("ab", "c"));
}

TEST_CASE("the node key file is private, whole and never overwritten", "[vault]")
{
    const temporary_folder folder;
    const std::string path = folder.file("node.key");
    CHECK(load_node_key(path).error() == vault_errc::key_file_unreadable);
    REQUIRE(make_node_key(path).has_value());
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
    CHECK(info.st_size == 32);
    const auto first = load_node_key(path);
    REQUIRE(first.has_value());
    CHECK(make_node_key(path).error() == vault_errc::key_file_exists);
    CHECK(load_node_key(path)->bytes() == first->bytes());

    const auto mode = GENERATE(values<mode_t>({0640, 0604, 0620, 0666, 0610}));
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(load_node_key(path).error() == vault_errc::key_file_exposed);
    CHECK(load_node_key(path).error().message().find("chmod 600") != std::string::npos);
    CHECK(load_node_key(folder.file(".")).error() == vault_errc::key_file_exposed);
    CHECK(make_node_key(folder.file("none/node.key")).error() == vault_errc::key_file_unwritable);
}

TEST_CASE("a node key of another size is refused", "[vault]")
{
    const temporary_folder folder;
    const std::string path = folder.file("node.key");
    const auto size = GENERATE(values<std::size_t>({0, 31, 33, 64}));
    std::ofstream(path) << std::string(size, 'k');
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    CHECK(load_node_key(path).error() == vault_errc::key_file_malformed);
}

TEST_CASE("passwords", "[vault]")
{
    const std::string hash = hash_password("un mot de passe d'essai");
    CHECK(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    CHECK(hash != hash_password("un mot de passe d'essai"));
    CHECK(verify_password(hash, "un mot de passe d'essai"));
    CHECK_FALSE(verify_password(hash, "un mot de passe d'essaI"));
    CHECK_FALSE(verify_password(hash, ""));
    CHECK_FALSE(verify_password("", ""));
    CHECK_FALSE(verify_password("", "x"));
    CHECK_FALSE(verify_password("$argon2id$v=19$m=19456,t=2,p=1$AAAA", "x"));
    CHECK_FALSE(verify_password("plain", "plain"));
    CHECK(verify_password(hash_password(std::string(max_password_octets, 'a')), std::string(max_password_octets, 'a')));
    CHECK_FALSE(verify_password(hash, std::string(max_password_octets + 1, 'a')));
    CHECK_THROWS_AS(hash_password(std::string(max_password_octets + 1, 'a')), std::invalid_argument);
}
