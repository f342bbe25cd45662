// Which files are complete, who may claim them, what a crash leaves behind. Time is moved by hand.
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include <stdlib.h>
#include <sys/stat.h>

#include "relay/spool/folder.hpp"

using namespace relay;
using namespace std::chrono_literals;
using relay::spool::claimed_file;
namespace fs = std::filesystem;

namespace {
struct place {
    fs::path root;
    std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();

    place()
    {
        std::string pattern = (fs::temp_directory_path() / "liaison-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        root = pattern;
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() { fs::remove_all(root); }

    spool::folder open(const std::string& node = "n1") const
    {
        spool::folder made({root, node, 1000ms, 60s});
        REQUIRE(made.prepare().has_value());
        return made;
    }
    void put(const std::string& name, const std::string& text = "x") const { std::ofstream(root / name) << text; }
    void age(const std::string& name, std::chrono::seconds by) const
    {
        fs::last_write_time(root / name, fs::file_time_type::clock::now() - by);
    }
};

std::vector<std::string> names(const std::vector<claimed_file>& files)
{
    std::vector<std::string> all;
    for (const auto& file : files)
        all.push_back(file.name() + (file.attachment.empty() ? "" : "+" + file.attachment.filename().string()));
    return all;
}
using list = std::vector<std::string>;

// What the watcher does after its rescan: looks over the whole folder, then claims.
std::vector<claimed_file> look(spool::folder& in, std::chrono::steady_clock::time_point now, std::size_t most)
{
    do in.scan(now);
    while (in.is_scanning());
    return in.claim_complete(now, most);
}
}

TEST_CASE("a file is complete when it was renamed in, or has stopped changing", "[spool]")
{
    place p;
    auto spool = p.open();
    p.put("a.hl7");
    CHECK(look(spool, p.now, 10).empty());
    CHECK(spool.has_waiting());
    CHECK(look(spool, p.now + 999ms, 10).empty());
    SECTION("still growing")
    {
        p.put("a.hl7", "more");
        CHECK(look(spool, p.now + 1000ms, 10).empty());
        CHECK(look(spool, p.now + 1999ms, 10).empty());
        CHECK(names(look(spool, p.now + 2000ms, 10)) == list{"a.hl7"});
    }
    SECTION("touched")
    {
        p.age("a.hl7", 5s);
        CHECK(look(spool, p.now + 1000ms, 10).empty());
    }
    SECTION("stable")
    {
        CHECK(names(look(spool, p.now + 1000ms, 10)) == list{"a.hl7"});
        CHECK_FALSE(fs::exists(p.root / "a.hl7"));
        CHECK(look(spool, p.now + 9000ms, 10).empty());
        CHECK_FALSE(spool.has_waiting());
    }
    SECTION("renamed in: at once")
    {
        p.put("b.hl7");
        spool.renamed_in("b.hl7", p.now);
        CHECK(names(look(spool, p.now, 10)) == list{"b.hl7"});
    }
}

TEST_CASE("what is not a submission is left alone", "[spool]")
{
    place p;
    auto spool = p.open();
    for (const char* name : {".hidden", "a.tmp", "b.TMP", "c.part"}) p.put(name);
    fs::create_directory(p.root / "folder");
    p.put("target.hl7");
    fs::create_symlink(p.root / "target.hl7", p.root / "link.hl7");
    spool.renamed_in("link.hl7", p.now);
    (void)look(spool, p.now, 10);
    CHECK(names(look(spool, p.now + 5s, 10)) == list{"target.hl7"});
    for (const char* name : {".hidden", "a.tmp", "b.TMP", "c.part", "folder"}) CHECK(fs::exists(p.root / name));
    CHECK(fs::is_symlink(p.root / "link.hl7"));
}

TEST_CASE("a pair comes together, half a pair waits and is then taken as it is", "[spool]")
{
    place p;
    auto spool = p.open();
    const auto all = [&](std::chrono::milliseconds after) { return names(look(spool, p.now + after, 10)); };
    SECTION("both")
    {
        p.put("x.json");
        p.put("x.PDF");
        p.put("xy.pdf");
        (void)all(0s);
        CHECK(all(2s) == list{"x.json+x.PDF"});
    }
    SECTION("the PDF is still growing")
    {
        p.put("x.json");
        p.put("x.pdf");
        (void)all(0s);
        p.put("x.pdf", "more");
        CHECK(all(1s).empty());
        CHECK(all(2s) == list{"x.json+x.pdf"});
    }
    SECTION("a lone sidecar")
    {
        p.put("x.json");
        (void)all(0s);
        CHECK(all(59'999ms).empty());
        CHECK(all(60s) == list{"x.json"});
    }
    SECTION("every ending of a sidecar")
    {
        for (const char* name : {"a.Json", "b.properties", "c.CSV", "d.txt"}) p.put(name, "patient.ipp = 1");
        for (const char* name : {"a.pdf", "b.PDF", "c.pdf", "d.pdf", "e.pdf"}) p.put(name);
        (void)all(0s);
        auto taken = all(2s);
        std::sort(taken.begin(), taken.end());
        CHECK(taken == list{"a.Json+a.pdf", "b.properties+b.PDF", "c.CSV+c.pdf", "d.txt+d.pdf"});
    }
    SECTION("two sidecars of one name: the first in the order of endings has the PDF")
    {
        p.put("x.csv");
        p.put("x.json");
        p.put("x.pdf");
        (void)all(0s);
        CHECK(all(2s) == list{"x.json+x.pdf"});
        CHECK(all(3s).empty());
        CHECK(all(63s) == list{"x.csv"});
    }
    SECTION("a .txt that is a message or a document waits for nothing")
    {
        p.put("m.txt", "MSH|^~\\&|");
        p.put("n.txt", "\xEF\xBB\xBF\r\n<ClinicalDocument/>");
        p.put("o.txt", "patient.ipp = 1");
        p.put("p.txt", "");
        (void)all(0s);
        auto taken = all(2s);
        std::sort(taken.begin(), taken.end());
        CHECK(taken == list{"m.txt", "n.txt"});
        taken = all(60s);
        std::sort(taken.begin(), taken.end());
        CHECK(taken == list{"o.txt", "p.txt"});
    }
    SECTION("a lone PDF")
    {
        p.put("x.pdf");
        (void)all(0s);
        CHECK(all(59'999ms).empty());
        CHECK(all(60s) == list{"x.pdf"});
    }
    SECTION("the PDF comes late, in time")
    {
        p.put("x.json");
        (void)all(0s);
        p.put("x.pdf");
        (void)all(58s);
        CHECK(all(59s) == list{"x.json+x.pdf"});
    }
}

TEST_CASE("the newest and the oldest in turn, no more than asked for", "[spool]")
{
    place p;
    auto spool = p.open();
    for (int i = 0; i < 6; ++i) {
        p.put("f" + std::to_string(i));
        p.age("f" + std::to_string(i), std::chrono::seconds(10 * i));
    }
    (void)look(spool, p.now, 10);
    CHECK(names(spool.claim_complete(p.now + 1s, 2)) == list{"f0", "f5"});
    CHECK(names(spool.claim_complete(p.now + 1s, 1)) == list{"f1"});
    CHECK(names(spool.claim_complete(p.now + 1s, 10)) == list{"f4", "f2", "f3"});
}

TEST_CASE("what comes now is claimed before a backlog, whatever its date, and the backlog is not left", "[spool]")
{
    place p;
    auto spool = p.open();
    for (int i = 0; i < 100; ++i) p.put("old" + std::to_string(i));
    (void)look(spool, p.now, 0);
    for (int i = 0; i < 30; ++i) {
        const std::string name = "new" + std::to_string(i);
        p.put(name);
        p.age(name, 3600s);  // written long ago, renamed in now
        spool.renamed_in(name, p.now + 1s);
        const auto taken = names(spool.claim_complete(p.now + 1s, 2));
        REQUIRE(taken.size() == 2);
        CHECK(std::count(taken.begin(), taken.end(), name) == 1);
        CHECK(std::count_if(taken.begin(), taken.end(), [](auto& each) { return each.starts_with("old"); }) == 1);
    }
}

TEST_CASE("of a long backlog a bounded number of names is known, both ends of it, and all of it is claimed", "[spool]")
{
    place p;
    spool::folder_options options{p.root, "n1", 1000ms, 60s};
    options.most_known = 16;
    options.scan_slice = 7;
    spool::folder spool(options);
    REQUIRE(spool.prepare().has_value());
    constexpr int count = 333;
    for (int i = 0; i < count; ++i) {
        p.put("f" + std::to_string(i));
        p.age("f" + std::to_string(i), std::chrono::seconds(i));
    }
    const auto scan_all = [&] {
        int slices = 0;
        do {
            spool.scan(p.now);
            CHECK(spool.known() <= 32);
            ++slices;
        } while (spool.is_scanning());
        return slices;
    };
    CHECK(scan_all() > count / 7);
    p.now += 1s;
    CHECK(names(spool.claim_complete(p.now, 4)) == list{"f0", "f332", "f1", "f331"});
    std::set<std::string> all{"f0", "f332", "f1", "f331"};
    for (int round = 0; all.size() < count && round < count; ++round) {
        for (const auto& file : spool.claim_complete(p.now, 5)) CHECK(all.insert(file.name()).second);
        if (spool.wants_scan()) scan_all();
        p.now += 1s;
    }
    CHECK(all.size() == count);
    (void)look(spool, p.now, 1);
    CHECK(spool.known() == 0);
    CHECK_FALSE(spool.wants_scan());
}

TEST_CASE("a pair whose halves are not both known comes together", "[spool]")
{
    place p;
    spool::folder_options options{p.root, "n1", 1000ms, 60s};
    options.most_known = 2;
    spool::folder spool(options);
    REQUIRE(spool.prepare().has_value());
    for (int i = 0; i < 20; ++i) {
        p.put("f" + std::to_string(i));
        p.age("f" + std::to_string(i), std::chrono::seconds(100 + i));
    }
    p.put("x.Pdf");
    p.age("x.Pdf", 110s);  // in the middle of the backlog
    p.put("x.json");
    (void)look(spool, p.now, 0);
    list all;
    for (int round = 1; all.size() < 21 && round < 50; ++round) {
        p.now += 1s;
        for (const auto& name : names(spool.claim_complete(p.now, 3))) all.push_back(name);
        if (round % 3 == 0) (void)look(spool, p.now, 0);
    }
    CHECK(all.size() == 21);
    CHECK(std::count(all.begin(), all.end(), "x.json+x.Pdf") == 1);
    CHECK(std::count(all.begin(), all.end(), "x.json") == 0);
}

TEST_CASE("what is gone is forgotten by the next scan", "[spool]")
{
    place p;
    auto spool = p.open();
    p.put("a.hl7");
    p.put("b.hl7");
    (void)look(spool, p.now, 0);
    CHECK(spool.known() == 2);
    fs::remove(p.root / "a.hl7");
    CHECK(names(look(spool, p.now + 1s, 10)) == list{"b.hl7"});
    CHECK(spool.known() == 0);
}

TEST_CASE("what was looked at long ago is looked at again before it is claimed", "[spool]")
{
    place p;
    auto spool = p.open();
    p.put("a.hl7");
    (void)look(spool, p.now, 10);
    p.put("a.hl7", "more");
    CHECK(spool.claim_complete(p.now + 5s, 10).empty());  // without a scan in between
    CHECK(spool.claim_complete(p.now + 5999ms, 10).empty());
    CHECK(names(spool.claim_complete(p.now + 6s, 10)) == list{"a.hl7"});
}

TEST_CASE("of two relays on one folder one gets each file", "[spool]")
{
    place p;
    constexpr int count = 200;
    for (int i = 0; i < count; ++i) {
        p.put("f" + std::to_string(i) + ".json");
        p.put("f" + std::to_string(i) + ".pdf");
    }
    auto one = p.open("n1");
    auto two = p.open("n2");
    (void)look(one, p.now, 0);
    (void)look(two, p.now, 0);
    std::vector<claimed_file> first, second;
    std::thread other([&] { second = look(two, p.now + 2s, 1000); });
    first = look(one, p.now + 2s, 1000);
    other.join();
    // Whoever found the PDF gone put the sidecar back: look once more, as the next scan does.
    for (auto* spool : {&one, &two})
        for (auto& file : look(*spool, p.now + 2s, 1000)) first.push_back(file);
    auto all = names(first);
    for (auto& name : names(second)) all.push_back(name);
    std::sort(all.begin(), all.end());
    CHECK(std::unique(all.begin(), all.end()) == all.end());
    CHECK(all.size() == count);
    CHECK(std::all_of(all.begin(), all.end(), [](const auto& name) { return name.ends_with(".pdf"); }));
}

TEST_CASE("a name in hand is not claimed again before it is done", "[spool]")
{
    place p;
    auto spool = p.open();
    p.put("out.hl7", "first");
    spool.renamed_in("out.hl7", p.now);
    const auto first = look(spool, p.now, 10);
    REQUIRE(first.size() == 1);
    p.put("out.hl7", "second");
    spool.renamed_in("out.hl7", p.now);
    CHECK(look(spool, p.now, 10).empty());
    std::string text;
    std::ifstream(first[0].main) >> text;
    CHECK(text == "first");
    CHECK(spool::folder::remove_answered(first[0]));
    CHECK(spool::folder::remove_answered(first[0]));  // once more changes nothing
    const auto second = look(spool, p.now, 10);
    REQUIRE(second.size() == 1);
    std::ifstream(second[0].main) >> text;
    CHECK(text == "second");
}

TEST_CASE("what a crash left is found again", "[spool]")
{
    place p;
    auto spool = p.open();
    const fs::path claims = spool.claim_folder();
    const auto claimed = [&](const std::string& name) { std::ofstream(claims / name) << "x"; };
    SECTION("claimed and not begun")
    {
        claimed("a.hl7");
        claimed("b.json");
        claimed("b.pdf");
        CHECK(names(p.open().left_over()) == list{"a.hl7", "b.json+b.pdf"});
    }
    SECTION("the sidecar claimed, its PDF not yet")
    {
        claimed("b.json");
        p.put("b.pdf");
        CHECK(names(p.open().left_over()) == list{"b.json+b.pdf"});
        CHECK(fs::exists(claims / "b.pdf"));
        CHECK_FALSE(fs::exists(p.root / "b.pdf"));
    }
    SECTION("flat sidecars too, and a message called .txt takes no PDF with it")
    {
        claimed("b.csv");
        claimed("b.pdf");
        std::ofstream(claims / "m.txt") << "MSH|^~\\&|";
        p.put("m.pdf");
        CHECK(names(p.open().left_over()) == list{"b.csv+b.pdf", "m.txt"});
        CHECK(fs::exists(p.root / "m.pdf"));
    }
    SECTION("answered, half removed: never shown as a lone PDF")
    {
        claimed(".answered-b.json");
        claimed("b.pdf");
        CHECK(p.open().left_over().empty());
        CHECK(fs::is_empty(claims));
    }
    SECTION("of another node: its own")
    {
        claimed("a.hl7");
        CHECK(p.open("n2").left_over().empty());
    }
}

TEST_CASE("a folder that is missing, or open to others, is refused", "[spool]")
{
    place p;
    CHECK_FALSE(spool::folder({p.root / "none", "n", 1s, 1s}).prepare().has_value());
    p.put("file");
    CHECK_FALSE(spool::folder({p.root / "file", "n", 1s, 1s}).prepare().has_value());
    for (const mode_t mode : {0750U, 0701U, 0770U}) {
        ::chmod(p.root.c_str(), mode);
        CHECK_FALSE(spool::folder({p.root, "n", 1s, 1s}).prepare().has_value());
    }
    ::chmod(p.root.c_str(), 0700);
    CHECK(spool::folder({p.root, "n", 1s, 1s}).prepare().has_value());
}
