#include "relay/spool/folder.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include <sys/stat.h>

#include "mime/hl7/peek.hpp"
#include "mime/sidecar/form.hpp"
#include "mime/text/ascii.hpp"

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
    return mime::lower(file.extension().string());
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

// Second half of remove_answered, for what a crash left marked.
void finish_removals(std::map<std::string, path>& claimed)
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

std::int64_t nanoseconds(const timespec& at)
{
    return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

std::int64_t nanoseconds_now()
{
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return nanoseconds(now);
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

bool folder::remove_answered(const claimed_file& file)
{
    std::error_code failed;
    path last = file.main;
    if (!file.attachment.empty()) {
        last = file.main.parent_path() / (std::string(answered_mark) + file.name());
        fs::rename(file.main, last, failed);
        if (failed && failed != std::errc::no_such_file_or_directory) return false;  // marked by a try before this one
        fs::remove(file.attachment, failed);
        if (failed) return false;
    }
    fs::remove(last, failed);
    return !failed;
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

// Null if there is no such submission now; one that has gone is forgotten by the claim that fails or by the next scan.
folder::looks::iterator folder::look_at(const std::string& name, moment now)
{
    struct stat info {};
    if (!is_candidate(name) || ::lstat((options_.folder / name).c_str(), &info) != 0 || !S_ISREG(info.st_mode))
        return seen_.end();
    const auto [at, added] = seen_.try_emplace(name);
    look& seen = at->second;
    const std::int64_t mtime = nanoseconds(info.st_mtim);
    if (added) {
        seen.first = now;
        place(at, mtime);
    }
    if (added || seen.size != info.st_size || seen.mtime != mtime) {
        seen.size = info.st_size;
        seen.mtime = mtime;
        seen.since = now;
    }
    seen.scan = scan_;
    return at;
}

void folder::place(looks::iterator at, std::int64_t order)
{
    by_age_.erase({at->second.order, at->first});
    at->second.order = order;
    by_age_.emplace(std::pair(order, std::string_view(at->first)), at);
}

void folder::forget(looks::iterator at)
{
    by_age_.erase({at->second.order, at->first});
    seen_.erase(at);
}

// Called when twice as many are known as are kept, so that each name costs little however many there are.
void folder::forget_middle()
{
    if (seen_.size() < 2 * options_.most_known) return;
    const auto side = static_cast<std::ptrdiff_t>(options_.most_known / 2);
    const auto last = std::prev(by_age_.end(), side);
    for (auto at = std::next(by_age_.begin(), side); at != last;) forget((at++)->second);
    left_out_ = true;
}

void folder::notice(const std::string& name, arrival how, moment now)
{
    const auto at = look_at(name, now);
    if (at == seen_.end()) return;
    at->second.how = std::max(at->second.how, how);
    place(at, nanoseconds_now());
    forget_middle();
}

void folder::scan(moment now)
{
    if (!listing_) {
        listing_.reset(::opendir(options_.folder.c_str()));
        if (!listing_) throw fs::filesystem_error("opendir", last_error());
        ++scan_;
        left_out_ = false;
    }
    for (std::size_t left = options_.scan_slice; left > 0; --left) {
        const dirent* entry = ::readdir(listing_.get());
        if (entry == nullptr) return end_scan();
        look_at(entry->d_name, now);
        forget_middle();
    }
}

// What was there all along was met, so that the others are gone.
void folder::end_scan()
{
    listing_.reset();
    for (auto at = seen_.begin(); at != seen_.end();) {
        const auto seen = at++;
        if (seen->second.scan != scan_) forget(seen);
    }
}

bool folder::wants_scan() const noexcept
{
    return left_out_ && !listing_ && seen_.size() < options_.most_known / 2;
}

bool folder::is_complete(looks::iterator at, moment now)
{
    if (at->second.how == arrival::whole) return true;
    if (now - at->second.since < options_.stable) return false;
    // The last look may be from before its last change.
    return look_at(at->first, now) == at && now - at->second.since >= options_.stable;
}

// Names that were left out are still on disk, in the cases that people write an ending in.
std::string folder::on_disk(const std::string& name, std::string_view extension) const
{
    const std::string stem = path(name).stem().string();
    std::string capital(extension);
    capital[1] = mime::to_upper(capital[1]);
    for (const std::string& ending : {std::string(extension), mime::upper(extension), capital}) {
        struct stat info {};
        if (::lstat((options_.folder / (stem + ending)).c_str(), &info) == 0) return stem + ending;
    }
    return {};
}

std::string folder::pdf_beside(const std::string& sidecar) const
{
    std::string known = pdf_of(seen_, sidecar);
    return known.empty() && left_out_ ? on_disk(sidecar, ".pdf") : known;
}

std::string folder::sidecar_beside(const std::string& pdf) const
{
    std::string found = sidecar_of(seen_, pdf);
    if (left_out_)
        for (const std::string_view ending : mime::sidecar::sidecar_endings)
            if (found.empty()) found = on_disk(pdf, ending);
    return found;
}

// A sidecar takes its PDF along, and a PDF waits for its sidecar; neither waits longer than pair_wait.
folder::half folder::check_half(looks::const_iterator at, moment now)
{
    const std::string& name = at->first;
    const bool waits_long = now - at->second.first >= options_.pair_wait;
    if (lower_extension(name) == ".pdf") return {waits_long && sidecar_beside(name).empty(), {}};
    if (!is_sidecar(options_.folder / name)) return {true, {}};
    std::string pdf = pdf_beside(name);
    if (!pdf.empty() && sidecar_beside(pdf) != name) pdf.clear();  // another one's
    auto other = seen_.find(pdf);
    if (other == seen_.end() && !pdf.empty()) other = look_at(pdf, now);
    if (other != seen_.end() && is_complete(other, now)) return {true, std::move(pdf)};
    return {waits_long, {}};
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

std::vector<claimed_file> folder::claim_complete(moment now, std::size_t most)
{
    std::vector<claimed_file> taken;
    std::vector<std::string> gone;
    auto newest = by_age_.end();
    auto oldest = by_age_.begin();
    for (std::size_t left = by_age_.size(); left > 0 && taken.size() < most; --left) {
        const auto at = (turn_ == turn::newest ? --newest : oldest++)->second;
        if (!is_complete(at, now)) continue;
        const std::string& name = at->first;
        const half found = check_half(at, now);
        if (!found.may_go || is_in_hand(name) || is_in_hand(found.pdf)) continue;
        gone.push_back(name);
        if (!found.pdf.empty()) gone.push_back(found.pdf);
        auto claimed = claim(name, found.pdf);
        if (!claimed.has_value()) continue;
        taken.push_back(std::move(*claimed));
        turn_ = turn_ == turn::newest ? turn::oldest : turn::newest;
    }
    for (const std::string& name : gone)
        if (const auto at = seen_.find(name); at != seen_.end()) forget(at);
    return taken;
}
}
