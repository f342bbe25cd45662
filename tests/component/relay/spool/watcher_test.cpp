// The watcher with an intake of ours: the order of its steps, and what it does when intake cannot.
#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>

#include <stdlib.h>
#include <sys/stat.h>

#include "relay/spool/watcher.hpp"

using namespace relay;
using namespace std::chrono_literals;
using pipeline::size_class;
using pipeline::submission;
using pipeline::submission_result;
using pipeline::verdict;
namespace fs = std::filesystem;

namespace {
class scene {
public:
    scene()
    {
        std::string pattern = (fs::temp_directory_path() / "liaison-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        root_ = pattern;
        for (const auto& each : {spool(), acks()}) ::mkdir(each.c_str(), 0700);
        options.files = {spool(), "n1", 50ms, 1s};
        options.acknowledgements = acks();
        options.rescan = 1s;
        options.busy_pause = 30ms;
        options.workers = 2;
        answer = [](const submission&) { return submission_result{verdict::accepted, ".ack.json", "{}"}; };
    }
    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;
    ~scene()
    {
        watcher_.reset();
        fs::remove_all(root_);
    }
    [[nodiscard]] fs::path spool() const { return root_ / "spool"; }
    [[nodiscard]] fs::path acks() const { return root_ / "ack"; }
    [[nodiscard]] fs::path claimed(const std::string& name) const { return spool() / ".claimed-n1" / name; }

    void start()
    {
        watcher_ = std::make_unique<spool::watcher>(options, [this](const submission& from) {
            const auto said = answer(from);
            std::scoped_lock lock(mutex_);
            ++calls_[from.name];
            changed_.notify_all();
            return said;
        });
        REQUIRE(watcher_->start().has_value());
    }
    void stop() { watcher_.reset(); }
    [[nodiscard]] auto longest_step() const { return watcher_->longest_step(); }
    // As a careful sender: written beside, then renamed.
    void drop(const std::string& name, const std::string& text = "x") const
    {
        std::ofstream(root_ / name) << text;
        fs::rename(root_ / name, spool() / name);
    }
    bool called(const std::string& name, int times = 1)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return calls_[name] >= times; });
    }
    // Bounded: a condition that nobody announces.
    template <class Condition>
    static bool eventually(Condition condition)
    {
        std::mutex own;
        std::condition_variable never;
        std::unique_lock lock(own);
        for (int i = 0; i < 2000 && !condition(); ++i) never.wait_for(lock, 10ms);
        return condition();
    }

    spool::watcher_options options;
    spool::watcher::intake answer;

private:
    fs::path root_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, int> calls_;
    std::unique_ptr<spool::watcher> watcher_;
};
}

TEST_CASE("a file is handed over, acknowledged, then removed", "[watcher]")
{
    scene s;
    std::atomic<bool> still_claimed = false;
    s.answer = [&](const submission& from) {
        still_claimed = fs::exists(s.claimed(from.name));
        return submission_result{verdict::accepted, ".ack.hl7", "MSA|AA"};
    };
    s.start();
    s.drop("a.hl7", "MSH");
    REQUIRE(s.called("a.hl7"));
    CHECK(still_claimed);
    CHECK(scene::eventually([&] { return !fs::exists(s.claimed("a.hl7")); }));
    REQUIRE(fs::exists(s.acks() / "a.hl7.ack.hl7"));
    struct stat info {};
    REQUIRE(::stat((s.acks() / "a.hl7.ack.hl7").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("no acknowledgement, no removal", "[watcher]")
{
    scene s;
    s.start();
    fs::remove(s.acks());
    s.drop("a.hl7");
    REQUIRE(s.called("a.hl7", 2));
    CHECK(fs::exists(s.claimed("a.hl7")));
    ::mkdir(s.acks().c_str(), 0700);
    CHECK(scene::eventually([&] { return fs::exists(s.acks() / "a.hl7.ack.json"); }));
    CHECK(scene::eventually([&] { return !fs::exists(s.claimed("a.hl7")); }));
}

TEST_CASE("busy keeps the file and tries again, and the others go on meanwhile", "[watcher]")
{
    scene s;
    std::atomic<bool> busy = true;
    s.answer = [&](const submission& from) {
        if (busy && from.name != "good.xml") return submission_result{verdict::busy, "", ""};
        return submission_result{verdict::accepted, ".ack.json", "{}"};
    };
    s.start();
    for (int i = 0; i < 6; ++i) s.drop("b" + std::to_string(i) + ".xml");  // more than there are workers
    REQUIRE(s.called("b0.xml", 2));
    s.drop("good.xml");
    CHECK(s.called("good.xml"));
    CHECK(fs::exists(s.claimed("b0.xml")));
    CHECK_FALSE(fs::exists(s.acks() / "b0.xml.ack.json"));
    busy = false;
    CHECK(scene::eventually([&] { return fs::exists(s.acks() / "b5.xml.ack.json"); }));
}

TEST_CASE("an intake that throws loses nothing", "[watcher]")
{
    scene s;
    std::atomic<int> calls = 0;
    s.answer = [&](const submission&) -> submission_result {
        if (++calls == 1) throw std::runtime_error("no");
        return {verdict::accepted, ".ack.json", "{}"};
    };
    s.start();
    s.drop("a.xml");
    CHECK(scene::eventually([&] { return fs::exists(s.acks() / "a.xml.ack.json"); }));
}

TEST_CASE("what was there before the start, and what a stop left, is taken", "[watcher]")
{
    scene s;
    s.answer = [](const submission&) { return submission_result{verdict::busy, "", ""}; };
    s.start();
    s.drop("a.xml");
    REQUIRE(s.called("a.xml"));
    s.stop();  // does not wait for what cannot be taken in
    CHECK(fs::exists(s.claimed("a.xml")));
    std::ofstream(s.spool() / "b.xml") << "x";
    s.answer = [](const submission&) { return submission_result{verdict::accepted, ".ack.json", "{}"}; };
    s.start();
    CHECK(s.called("b.xml"));
    CHECK(scene::eventually([&] { return fs::exists(s.acks() / "a.xml.ack.json"); }));
}

TEST_CASE("a pair arrives as one; an oversize file whole, and beyond keeping as its beginning", "[watcher]")
{
    scene s;
    s.options.max_octets = 100;
    s.options.keep_octets = 100'000;
    std::mutex mutex;
    std::map<std::string, submission> got;
    s.answer = [&](const submission& from) {
        std::scoped_lock lock(mutex);
        got[from.name] = from;
        return submission_result{from.size != size_class::fits ? verdict::refused : verdict::accepted, ".ack.json",
                                 "{}"};
    };
    s.start();
    s.drop("p.pdf", "%PDF");
    s.drop("p.json", "{}");
    s.drop("limit.xml", std::string(100, 'x'));
    REQUIRE(s.called("p.json"));
    REQUIRE(s.called("limit.xml"));
    for (const char* text : {"1", "2"}) {
        s.drop("huge.xml", std::string(100'001, *text));
        REQUIRE(s.called("huge.xml", *text - '0'));
        CHECK(scene::eventually([&] { return !fs::exists(s.claimed("huge.xml")); }));
    }
    for (const auto& [name, octets] : {std::pair{"over.xml", 101}, std::pair{"most.xml", 100'000}}) {
        s.drop(name, std::string(static_cast<std::size_t>(octets), 'o'));
        REQUIRE(s.called(name));
        CHECK(scene::eventually([&] { return !fs::exists(s.claimed(name)); }));
    }
    s.drop("wide.pdf", std::string(100, 'w'));
    s.drop("wide.json", "{}");
    REQUIRE(s.called("wide.json"));
    s.stop();
    CHECK(got["p.json"].attachment == "%PDF");
    CHECK(got["limit.xml"].size == size_class::fits);
    CHECK(got["over.xml"].size == size_class::oversize);
    CHECK(got["over.xml"].bytes == std::string(101, 'o'));
    CHECK(got["most.xml"].size == size_class::oversize);
    CHECK(got["wide.json"].size == size_class::oversize);  // the pair together
    CHECK(got["wide.json"].attachment == std::string(100, 'w'));
    CHECK(got["huge.xml"].size == size_class::beyond_keeping);
    CHECK(got["huge.xml"].bytes == std::string(64U << 10U, '2'));
    CHECK(fs::exists(s.acks() / "huge.xml.ack.json"));
    CHECK_FALSE(fs::exists(s.spool() / ".refused-n1" / "most.xml"));
    CHECK(fs::exists(s.spool() / ".refused-n1" / "huge.xml"));
    CHECK(fs::exists(s.spool() / ".refused-n1" / "2-huge.xml"));  // the first one was not overwritten
}

TEST_CASE("a file that hangs in the intake is a step that lasts; the wait for files is none", "[watcher]")
{
    scene s;
    std::atomic<bool> let_go = false;
    s.answer = [&](const submission&) {
        while (!let_go) let_go.wait(false);
        return submission_result{verdict::accepted, ".ack.json", "{}"};
    };
    s.options.rescan = 60s;
    s.start();
    s.drop("a.json");
    auto seen = 0ns;
    CHECK(
        scene::eventually([&] { return (seen = s.longest_step()) >= 30ms; }));  // longer than any look into the folder
    CHECK(s.longest_step() >= seen);
    let_go = true;
    let_go.notify_all();
    REQUIRE(s.called("a.json"));
    CHECK(scene::eventually([&] { return s.longest_step() == 0ns; }));
}

TEST_CASE("the longest name a file can have is acknowledged", "[watcher]")
{
    scene s;
    s.start();
    const std::string name = std::string(251, 'a') + ".xml";
    s.drop(name);
    REQUIRE(s.called(name));
    CHECK(scene::eventually([&] { return !fs::exists(s.claimed(name)); }));
    CHECK(std::distance(fs::directory_iterator(s.acks()), {}) == 1);
}

TEST_CASE("folders open to others are refused at start", "[watcher]")
{
    scene s;
    ::chmod(s.acks().c_str(), 0755);
    spool::watcher watching(s.options, s.answer);
    CHECK_FALSE(watching.start().has_value());
}
