#include <catch2/catch.hpp>

#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>

#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <sqlite3.h>

#include "relay/store/snapshots.hpp"
#include "store_fixture.hpp"

using namespace store_test;

namespace {
constexpr std::size_t small_row = 1000;
constexpr std::int64_t block = 4096;

struct beside : opened_store {
    beside()
    {
        options.row_octets = small_row;
        reopen();
    }
    [[nodiscard]] std::string file(int segment) const { return options.path + "-objects-" + std::to_string(segment); }
    [[nodiscard]] std::optional<struct stat> facts(int segment) const
    {
        struct stat info {};
        if (::stat(file(segment).c_str(), &info) != 0) return std::nullopt;
        return info;
    }
    ports::sealed_object add(std::size_t octets, char filling = 'x')
    {
        auto object = vault.seal(std::string(octets, filling));
        REQUIRE(store->write([&](ports::transaction& tx) { tx.add_blob(object); }).has_value());
        return object;
    }
    void remove(const ports::sealed_object& object)
    {
        REQUIRE(store->write([&](ports::transaction& tx) { tx.remove_blob(object.id); }).has_value());
    }
    // A unit with this object and a row beside it: nothing of it is there.
    void fails(const ports::sealed_object& object)
    {
        const auto stay = a_stay();
        const auto outcome = store->write([&](ports::transaction& tx) {
            tx.save_stay(stay);
            tx.add_blob(object);
        });
        CHECK(outcome.error() == store_errc::failed);
        CHECK_FALSE(ask([&](ports::reader& r) { return r.stay(stay.id); }).has_value());
    }
    [[nodiscard]] bool comes_back(const ports::sealed_object& object)
    {
        const auto found = ask([&](ports::reader& r) { return r.blob(object.id); });
        return found && found->ciphertext == object.ciphertext && found->length == object.length &&
               found->wrapped_key == object.wrapped_key && found->sha256 == object.sha256;
    }
};
}

TEST_CASE("above the limit an object lies beside the database, up to it in a row", "[store][objects]")
{
    beside s;
    const auto row = s.add(small_row - 2);  // the test's vault adds two octets
    CHECK_FALSE(s.facts(1).has_value());
    const auto file = s.add(small_row - 1);
    REQUIRE(s.facts(1).has_value());
    CHECK((s.facts(1)->st_mode & 0777U) == 0600U);
    const auto large = s.add(3 << 20);
    for (int turn = 0; turn < 2; ++turn) {
        CHECK(s.comes_back(row));
        CHECK(s.comes_back(file));
        CHECK(s.comes_back(large));
        s.reopen();
    }
    struct stat database {};
    REQUIRE(::stat(s.options.path.c_str(), &database) == 0);
    CHECK(database.st_size < 1 << 20);
    const auto reader = relay::store::open_store_read_only(s.options, s.vault);
    REQUIRE(reader.has_value());
    REQUIRE((*reader)
                ->read([&](ports::reader& r) { CHECK(r.blob(large.id)->ciphertext == large.ciphertext); })
                .has_value());
}

TEST_CASE("rows of before stay readable and removable", "[store][objects]")
{
    beside s;
    s.options.row_octets = 1 << 20;
    s.reopen();
    const auto old = s.add(50'000);
    CHECK_FALSE(s.facts(1).has_value());
    s.options.row_octets = small_row;
    s.reopen();
    CHECK(s.comes_back(old));
    s.remove(old);
    CHECK_FALSE(s.comes_back(old));
}

TEST_CASE("a unit that is undone leaves no object, and its place is used again", "[store][objects]")
{
    beside s;
    const auto kept = s.add(5000);
    const auto undone = s.vault.seal(std::string(5000, 'u'));
    CHECK(s.store
              ->write([&](ports::transaction& tx) {
                  tx.add_blob(undone);
                  tx.remove_blob(kept.id);
                  throw std::runtime_error("no");
              })
              .error() == store_errc::failed);
    CHECK_FALSE(s.comes_back(undone));
    CHECK(s.comes_back(kept));
    CHECK(s.store->write([&](ports::transaction& tx) { tx.add_blob(kept); }).error() == store_errc::conflict);
    const auto next = s.add(5000, 'n');
    std::ifstream file(s.file(1), std::ios::binary);
    file.seekg(2 * block);
    CHECK(file.get() == '<');
    CHECK(file.get() == 'n');
    s.reopen();
    CHECK(s.comes_back(kept));
    CHECK(s.comes_back(next));
}

TEST_CASE("what no row points at is not trusted after a start", "[store][objects]")
{
    beside s;
    const auto first = s.add(5000);
    s.store.reset();
    {
        std::fstream file(s.file(1), std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(2 * block);
        file << std::string(9000, 'g');  // of a commit that never came
        std::ofstream(s.file(7)) << "nobody's";
        std::ofstream(s.file(9)) << "perhaps of a newer database";
        std::ofstream(s.file(1) + "x") << "somebody else's";
        for (const auto& [segment, age] : {std::pair(7, 7 * 86400 + 60), std::pair(9, 7 * 86400 - 60)}) {
            const utimbuf then{std::time(nullptr) - age, std::time(nullptr) - age};
            REQUIRE(::utime(s.file(segment).c_str(), &then) == 0);
        }
    }
    s.reopen();
    CHECK_FALSE(s.facts(7).has_value());
    CHECK(s.facts(9).has_value());
    CHECK(::access((s.file(1) + "x").c_str(), F_OK) == 0);
    const auto second = s.add(6000, 's');
    CHECK(s.comes_back(first));
    CHECK(s.comes_back(second));
    CHECK_FALSE(s.facts(2).has_value());
    s.options.segment_octets = block;
    s.reopen();
    const auto third = s.add(5000, 't');  // in a file of its own, whose number nobody had
    CHECK_FALSE(s.facts(2).has_value());
    CHECK(s.facts(10).has_value());
    CHECK(s.comes_back(third));
    std::ifstream kept(s.file(9));
    CHECK(std::string(std::istreambuf_iterator<char>(kept), {}) == "perhaps of a newer database");
}

TEST_CASE("a full file is followed by the next, an empty one goes", "[store][objects]")
{
    beside s;
    s.options.segment_octets = 3 * block;
    s.reopen();
    std::vector<ports::sealed_object> all;
    for (int n = 0; n < 5; ++n) all.push_back(s.add(block));  // two blocks each: one object per file
    all.push_back(s.add(10 * block));                         // larger than a file should be
    for (int segment = 1; segment <= 6; ++segment) CHECK(s.facts(segment).has_value());
    CHECK(s.facts(1)->st_size == 2 * block);
    for (const auto& each : all) CHECK(s.comes_back(each));
    s.remove(all[1]);
    s.remove(all[5]);
    s.reopen();
    CHECK(s.facts(1).has_value());
    CHECK_FALSE(s.facts(2).has_value());
    CHECK_FALSE(s.facts(6).has_value());  // nothing refers to it any more
    for (const std::size_t left : {0, 2, 3, 4}) CHECK(s.comes_back(all[left]));
    CHECK(s.comes_back(s.add(block)));
}

TEST_CASE("what is removed gives its space back", "[store][objects]")
{
    beside s;
    const auto gone = s.add(20 << 20);
    const auto stays = s.add(5000);
    const auto before = s.facts(1)->st_blocks;
    s.remove(gone);
    CHECK_FALSE(s.comes_back(gone));
    s.store.reset();  // at the latest then
    CHECK(s.facts(1)->st_blocks * 512 <= before * 512 - (20 << 20));
    s.reopen();
    CHECK(s.comes_back(stays));
}

TEST_CASE("space of an earlier run that died before giving it back", "[store][objects]")
{
    beside s;
    const auto first = s.add(5000);
    (void)s.add(40 << 20);
    const auto last = s.add(5000);
    s.store.reset();
    const auto before = s.facts(1)->st_blocks;
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(s.options.path.c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "DELETE FROM blob WHERE octets > 1000000", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    s.reopen();
    const auto next = s.add(5000);
    s.store.reset();
    CHECK(s.facts(1)->st_blocks * 512 <= before * 512 - (40 << 20) + (1 << 20));
    s.reopen();
    for (const auto& each : {first, last, next}) CHECK(s.comes_back(each));
}

TEST_CASE("an object whose file is short or gone is damaged, alone", "[store][objects]")
{
    beside s;
    s.options.segment_octets = 3 * block;
    s.reopen();
    const auto gone = s.add(block);
    const auto cut = s.add(block);
    const auto whole = s.add(block);
    REQUIRE(::unlink(s.file(1).c_str()) == 0);
    REQUIRE(::truncate(s.file(2).c_str(), block) == 0);
    s.reopen();
    for (const auto& each : {gone, cut})
        CHECK(s.store->read([&](ports::reader& r) { (void)r.blob(each.id); }).error() == store_errc::damaged);
    CHECK(s.comes_back(whole));
    REQUIRE(::unlink(s.file(3).c_str()) == 0);  // also the newest
    s.reopen();
    CHECK(s.comes_back(s.add(block)));
}

TEST_CASE("a file that cannot be made or grow is an error of the unit", "[store][objects][full]")
{
    beside s;
    std::ofstream(s.file(1)) << "in the way";
    s.fails(s.vault.seal(std::string(5000, 'x')));
    CHECK(s.comes_back(s.add(5000)));  // under the next name
    s.options.max_octets = 1 << 20;
    s.reopen();
    CHECK(
        s.store->write([&](ports::transaction& tx) { tx.add_blob(s.vault.seal(std::string(1 << 20, 'x'))); }).error() ==
        store_errc::disk_full);
    CHECK(s.comes_back(s.add(5000)));
    for (int n = 0; n < 3; ++n) CHECK(s.comes_back(s.add(600'000)));  // each in the next file: this one has no room
}

TEST_CASE("what could not be synced fails its whole group, and its file is never written again", "[store][objects]")
{
    beside s;
    (void)s.add(5000);
    s.store.reset();
    REQUIRE(::rename(s.file(1).c_str(), (s.file(1) + ".aside").c_str()) == 0);
    REQUIRE(::symlink("/dev/null", s.file(1).c_str()) == 0);  // takes every octet and refuses to sync
    s.reopen();
    const auto object = s.vault.seal(std::string(5000, 'x'));
    s.fails(object);
    CHECK_FALSE(s.ask([&](ports::reader& r) { return r.blob(object.id); }).has_value());
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.add_blob(object); }).has_value());
    CHECK(s.facts(2).has_value());
    CHECK(s.comes_back(object));
    s.reopen();
    CHECK(s.comes_back(object));
}

TEST_CASE("a reader keeps what is removed after it began", "[store][objects]")
{
    beside s;
    const auto object = s.add(5000);
    REQUIRE(s.store
                ->read([&](ports::reader& r) {
                    CHECK(r.counts().letters == 0);  // the snapshot is taken
                    s.remove(object);
                    CHECK(r.blob(object.id)->ciphertext == object.ciphertext);
                })
                .has_value());
    CHECK_FALSE(s.comes_back(object));

    relay::store::snapshots readers;
    using reader = relay::store::snapshots::reader;
    CHECK(readers.ended(readers.newest()));
    std::optional<reader> early(std::in_place, readers);
    const auto removed = readers.newest();
    const reader late(readers);
    CHECK_FALSE(readers.ended(removed));
    early.reset();
    CHECK(readers.ended(removed));
    CHECK_FALSE(readers.ended(readers.newest()));
}
