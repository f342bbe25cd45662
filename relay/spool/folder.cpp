#include "relay/spool/folder.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include <sys/stat.h>

#include "mime/hl7/peek.hpp"
#include "mime/sidecar/form.hpp"

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

// A sidecar waits for its PDF. Senders also call an HL7 message or a document .txt: those say what they are and wait
// for nothing.
bool is_sidecar(const path& file)
{
    const std::string name = file.filename().string();
    if (!mime::sidecar::has_sidecar_ending(name)) return false;
    if (lower_extension(name) != ".txt") return true;
    std::array<char, 64> first{};
    std::ifstream in(file, std::ios::binary);
    in.read(first.data(), first.size());
    const std::string_view text(first.data(), static_cast<std::size_t>(in.gcount()));
    const std::size_t sign = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
    return mime::hl7::peek(text) == mime::hl7::message_kind::other &&
           (sign == std::string_view::npos || text[sign] != '<');
}

// Of the files called like `name` but for the ending, whatever its case, the one that `fits` puts into its second
// argument; empty if there is none.
template <class Names, class Fits>
std::string partner(const Names& names, const std::string& name, Fits fits)
{
    const std::string stem = path(name).stem().string();
    std::string found;
    for (auto at = names.lower_bound(stem); at != names.end() && at->first.starts_with(stem); ++at)
        if (at->first != name && path(at->first).stem() == stem) fits(at->first, found);
    return found;
}

template <class Names>
std::string pdf_of(const Names& names, const std::string& sidecar)
{
    return partner(names, sidecar, [](const std::string& name, std::string& found) {
        if (found.empty() && lower_extension(name) == ".pdf") found = name;
    });
}

// The first of mime::sidecar::sidecar_endings that is there.
template <class Names>
std::string sidecar_of(const Names& names, const std::string& pdf)
{
    const auto rank = [](const std::string& name) {
        return std::find(mime::sidecar::sidecar_endings.begin(), mime::sidecar::sidecar_endings.end(),
                         lower_extension(name));
    };
    return partner(names, pdf, [&](const std::string& name, std::string& found) {
        if (mime::sidecar::has_sidecar_ending(name) && (found.empty() || rank(name) < rank(found))) found = name;
    });
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
        if (const std::string pdf = pdf_of(claimed, at->first.substr(answered_mark.size())); !pdf.empty()) {
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
        if (lower_extension(name) == ".pdf" && !sidecar_of(names, name).empty()) continue;  // comes with its sidecar
        claimed_file claimed{file, {}};
        const bool waits_for_pdf = is_sidecar(file);
        if (waits_for_pdf)
            if (const std::string pdf = pdf_of(names, name); !pdf.empty()) claimed.attachment = claims_ / pdf;
        // The sidecar is claimed first: a crash in between leaves its PDF in the spool.
        if (waits_for_pdf && claimed.attachment.empty())
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
        const bool waits_long = now - seen.first >= options_.pair_wait;
        std::string pdf;
        if (is_sidecar(options_.folder / name)) {
            pdf = pdf_of(seen_, name);
            if (!pdf.empty() && sidecar_of(seen_, pdf) != name) pdf.clear();  // another one's
            const bool ready = !pdf.empty() && is_complete(pdf, seen_.at(pdf), now);
            if (!ready && !waits_long) continue;
            if (!ready) pdf.clear();
        } else if (lower_extension(name) == ".pdf" && (!sidecar_of(seen_, name).empty() || !waits_long)) {
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
