#include "relay/spool/folder.hpp"

#include <algorithm>
#include <cctype>

#include <sys/stat.h>

namespace relay::spool {
namespace fs = std::filesystem;
namespace {
constexpr std::string_view answered_mark = ".answered-";

error_code last_error()
{
    return {errno, boost::system::system_category()};
}

std::string lower_extension(const path& file)
{
    std::string text = file.extension().string();
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// Names that are not submissions: hidden files, and what writers use while a file is incomplete.
bool is_candidate(const std::string& name)
{
    if (name.empty() || name.front() == '.') return false;
    const std::string extension = lower_extension(name);
    return extension != ".tmp" && extension != ".part";
}

// The other half of a PDF with its sidecar, whatever the case of its extension; empty if it is not there.
template <class Names>
std::string partner(const Names& names, const std::string& name, std::string_view extension)
{
    const std::string stem = path(name).stem().string();
    for (auto at = names.lower_bound(stem); at != names.end() && at->first.starts_with(stem); ++at)
        if (path(at->first).stem() == stem && lower_extension(at->first) == extension) return at->first;
    return {};
}
}

folder::folder(folder_options options)
    : options_(std::move(options)), claims_(options_.folder / (".claimed-" + options_.node))
{
}

result<void> folder::prepare()
{
    struct stat info {};
    if (::stat(options_.folder.c_str(), &info) != 0) return last_error();
    if (!S_ISDIR(info.st_mode)) return boost::system::errc::make_error_code(boost::system::errc::not_a_directory);
    if ((info.st_mode & 077) != 0) return boost::system::errc::make_error_code(boost::system::errc::permission_denied);
    if (::mkdir(claims_.c_str(), 0700) != 0 && errno != EEXIST) return last_error();
    return {};
}

void folder::remove_answered(const claimed_file& file)
{
    std::error_code failed;  // what stays is found at the next start, and answered as before
    path last = file.main;
    if (!file.attachment.empty()) {
        last = file.main.parent_path() / (std::string(answered_mark) + file.name());
        fs::rename(file.main, last, failed);
        if (failed) return;
        fs::remove(file.attachment, failed);
    }
    fs::remove(last, failed);
}

void folder::finish_removals(file_names& claimed) const
{
    auto at = claimed.lower_bound(std::string(answered_mark));
    while (at != claimed.end() && at->first.starts_with(answered_mark)) {
        std::error_code failed;
        if (const std::string pdf = partner(claimed, at->first.substr(answered_mark.size()), ".pdf"); !pdf.empty()) {
            fs::remove(claimed.at(pdf), failed);
            claimed.erase(pdf);
        }
        fs::remove(at->second, failed);
        at = claimed.erase(at);
    }
}

std::vector<claimed_file> folder::left_over() const
{
    std::map<std::string, path> names;
    for (const auto& entry : fs::directory_iterator(claims_))
        names.emplace(entry.path().filename().string(), entry.path());
    finish_removals(names);
    std::vector<claimed_file> found;
    for (const auto& [name, file] : names) {
        const std::string extension = lower_extension(name);
        if (extension == ".pdf" && !partner(names, name, ".json").empty()) continue;  // comes with its sidecar
        claimed_file claimed{file, {}};
        if (extension == ".json")
            if (const std::string pdf = partner(names, name, ".pdf"); !pdf.empty()) claimed.attachment = claims_ / pdf;
        // The sidecar is claimed first: a crash in between leaves its PDF in the spool.
        if (extension == ".json" && claimed.attachment.empty())
            for (const char* ending : {".pdf", ".PDF"}) {
                const path there = options_.folder / (path(name).stem().string() + ending);
                const path here = claims_ / there.filename();
                if (::rename(there.c_str(), here.c_str()) == 0) claimed.attachment = here;
            }
        found.push_back(std::move(claimed));
    }
    return found;
}

void folder::look_around(std::chrono::steady_clock::time_point now)
{
    looks found;
    for (const auto& entry : fs::directory_iterator(options_.folder)) {
        const std::string name = entry.path().filename().string();
        struct stat info {};
        if (!is_candidate(name) || ::lstat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
        look at{info.st_size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, now, now};
        if (const auto before = seen_.find(name); before != seen_.end()) {
            at.first = before->second.first;
            if (before->second.size == at.size && before->second.mtime == at.mtime) at.since = before->second.since;
        }
        found.emplace(name, at);
    }
    seen_ = std::move(found);
    std::erase_if(renamed_in_, [this](const std::string& name) { return !seen_.contains(name); });
}

bool folder::is_complete(const std::string& name, const look& at, std::chrono::steady_clock::time_point now) const
{
    return renamed_in_.contains(name) || now - at.since >= options_.stable;
}

// A sender that uses one name again and again: the next file waits until the one in hand is done.
bool folder::is_in_hand(const std::string& name) const
{
    struct stat info {};
    return !name.empty() && ::lstat((claims_ / name).c_str(), &info) == 0;
}

result<claimed_file> folder::claim(const std::string& name, const std::string& attachment)
{
    claimed_file taken{claims_ / name, {}};
    if (::rename((options_.folder / name).c_str(), taken.main.c_str()) != 0) return last_error();
    if (!attachment.empty()) {
        taken.attachment = claims_ / attachment;
        if (::rename((options_.folder / attachment).c_str(), taken.attachment.c_str()) != 0) {
            const error_code why = last_error();  // the PDF went away: the sidecar waits for it in the spool again
            ::rename(taken.main.c_str(), (options_.folder / name).c_str());
            return why;
        }
    }
    return taken;
}

std::vector<claimed_file> folder::claim_complete(std::chrono::steady_clock::time_point now, std::size_t most)
{
    look_around(now);
    std::vector<looks::const_iterator> order;
    for (auto at = seen_.cbegin(); at != seen_.cend(); ++at) order.push_back(at);
    std::stable_sort(order.begin(), order.end(), [](auto a, auto b) { return a->second.mtime > b->second.mtime; });
    std::vector<claimed_file> taken;
    std::vector<std::string> gone;
    for (const auto& at : order) {
        if (taken.size() >= most) break;
        const auto& [name, seen] = *at;
        if (!is_complete(name, seen, now)) continue;
        const std::string extension = lower_extension(name);
        const bool waits_long = now - seen.first >= options_.pair_wait;
        std::string pdf;
        if (extension == ".json") {
            pdf = partner(seen_, name, ".pdf");
            const bool ready = !pdf.empty() && is_complete(pdf, seen_.at(pdf), now);
            if (!ready && !waits_long) continue;
            if (!ready) pdf.clear();
        } else if (extension == ".pdf" && (!partner(seen_, name, ".json").empty() || !waits_long)) {
            continue;
        }
        if (is_in_hand(name) || is_in_hand(pdf)) continue;
        if (auto claimed = claim(name, pdf); claimed.has_value()) taken.push_back(std::move(*claimed));
        gone.push_back(name);
        if (!pdf.empty()) gone.push_back(pdf);
    }
    for (const std::string& name : gone) {
        seen_.erase(name);
        renamed_in_.erase(name);
    }
    return taken;
}
}
