// bench_spool COUNT: how soon a file that is renamed into the spool folder is taken, with nothing else there and with
// COUNT small files waiting; and what the waiting files cost in memory. The intake is ours: it answers at once, or
// after the time a letter takes, so that the backlog is still there while we measure. Prints one line for each figure:
// name, value, unit, separated by tabs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include <stdlib.h>

#include "relay/spool/watcher.hpp"

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {
constexpr int probes = 100;
constexpr unsigned workers = 4;
constexpr auto letter_time = 4ms;  // of one worker

double kibibytes_of(std::string_view field)  // of /proc/self/status
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return std::strtod(line.c_str() + field.size() + 1, nullptr);
    return 0;
}

void print(std::string_view name, double value, std::string_view unit)
{
    std::cout << name << '\t' << value << '\t' << unit << std::endl;
}

class house {
public:
    house()
    {
        std::string pattern = (fs::temp_directory_path() / "liaison-bench-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) std::exit(1);
        root_ = pattern;
        for (const char* name : {"spool", "ack"}) {
            fs::create_directory(root_ / name);
            fs::permissions(root_ / name, fs::perms::owner_all);
        }
    }
    house(const house&) = delete;
    house& operator=(const house&) = delete;
    ~house()
    {
        watcher_.reset();
        fs::remove_all(root_);
    }

    void fill(int count) const
    {
        for (int i = 0; i < count; ++i) put("old-" + std::to_string(i) + ".hl7");
    }

    void start()
    {
        relay::spool::watcher_options options;
        options.files = {root_ / "spool", "bench", 1000ms, 60s};
        options.acknowledgements = root_ / "ack";
        options.workers = workers;
        watcher_ = std::make_unique<relay::spool::watcher>(
            options, [this](const relay::pipeline::submission& from) { return take(from); });
        if (!watcher_->start().has_value()) std::exit(1);
    }

    // Milliseconds from the rename to the intake, one file after the other.
    std::vector<double> measure()
    {
        std::vector<double> all;
        for (int i = 0; i < probes; ++i) {
            const std::string name = "new-" + std::to_string(i) + ".hl7";
            const auto before = clock_type::now();
            put(name);
            std::unique_lock lock(mutex_);
            if (!changed_.wait_for(lock, 60s, [&] { return arrived_.contains(name); })) std::exit(1);
            all.push_back(std::chrono::duration<double, std::milli>(arrived_.at(name) - before).count());
        }
        std::sort(all.begin(), all.end());
        return all;
    }

    void wait_for_old(int count)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, 600s, [&] { return old_ >= count; })) std::exit(1);
    }
    [[nodiscard]] int old_taken()
    {
        std::scoped_lock lock(mutex_);
        return old_;
    }
    void set_slow(bool slow) { slow_ = slow; }

private:
    void put(const std::string& name) const
    {
        std::ofstream(root_ / name) << "MSH|^~\\&|\r";
        fs::rename(root_ / name, root_ / "spool" / name);
    }

    relay::pipeline::submission_result take(const relay::pipeline::submission& from)
    {
        {
            std::scoped_lock lock(mutex_);
            if (from.name.starts_with("new")) {
                arrived_[from.name] = clock_type::now();
            } else {
                ++old_;
            }
            changed_.notify_all();
        }
        if (slow_) std::this_thread::sleep_for(letter_time);
        return {relay::pipeline::verdict::refused, {}, {}};
    }

    fs::path root_;
    std::atomic<bool> slow_ = true;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, clock_type::time_point> arrived_;
    int old_ = 0;
    std::unique_ptr<relay::spool::watcher> watcher_;
};

void report(const std::string& suffix, const std::vector<double>& sorted)
{
    print("spool_newest_ms" + suffix, sorted[sorted.size() / 2], "ms");
    print("spool_newest_p99_ms" + suffix, sorted[sorted.size() * 99 / 100], "ms");
}
}

int main(int argc, char** argv)
{
    const int count = argc > 1 ? std::atoi(argv[1]) : 50'000;
    {
        house empty;
        empty.start();
        report("_alone", empty.measure());
    }
    house full;
    full.fill(count);
    const double before = kibibytes_of("VmRSS:");
    full.start();
    full.wait_for_old(1);
    report("", full.measure());
    const int taken_meanwhile = full.old_taken();
    print("spool_old_taken_meanwhile", taken_meanwhile, "files");  // the oldest do not starve
    print("spool_still_waiting", count - taken_meanwhile, "files");
    print("spool_backlog_rss_mib", (kibibytes_of("VmRSS:") - before) / 1024, "MiB");
    full.set_slow(false);
    const auto begun = clock_type::now();
    full.wait_for_old(count);
    print("spool_files_per_s",
          (count - taken_meanwhile) / std::chrono::duration<double>(clock_type::now() - begun).count(), "files/s");
    print("spool_peak_rss_mib", (kibibytes_of("VmHWM:") - before) / 1024, "MiB");
    return 0;
}
