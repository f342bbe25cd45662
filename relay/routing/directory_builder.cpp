#include "relay/routing/directory_builder.hpp"

#include <cstdio>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include <SQLiteCpp/SQLiteCpp.h>

#include "certs/certificate.hpp"
#include "mime/text/ascii.hpp"
#include "relay/routing/address.hpp"
#include "relay/routing/errc.hpp"

namespace relay::routing {
namespace {
using pipeline::ports::directory_entry;
using pipeline::ports::import_summary;

// Lines of a file of any size in bounded memory: what is longer than the limit comes cut just past it.
class line_file {
public:
    line_file(const std::string& path, std::size_t max_line_octets)
        : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), max_line_octets_(max_line_octets)
    {
    }
    line_file(const line_file&) = delete;
    line_file& operator=(const line_file&) = delete;
    ~line_file()
    {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] bool good() const { return descriptor_ >= 0 && !failed_; }

    [[nodiscard]] bool next(std::string& line)
    {
        line.clear();
        bool any = false;
        for (;;) {
            if (begin_ == end_ && !fill()) return any;
            any = true;
            const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
            const auto feed = rest.find('\n');
            const auto part = rest.substr(0, feed);
            const std::size_t room = max_line_octets_ + 1 - line.size();
            line.append(part.substr(0, room));
            begin_ += part.size();
            if (feed == std::string_view::npos) continue;
            ++begin_;
            return true;
        }
    }

private:
    bool fill()
    {
        const auto got = descriptor_ < 0 ? -1 : ::read(descriptor_, buffer_.data(), buffer_.size());
        if (got < 0) failed_ = true;
        begin_ = 0;
        end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
        return end_ != 0;
    }
    int descriptor_;
    std::size_t max_line_octets_;
    std::string buffer_ = std::string(std::size_t{1} << 18U, '\0');
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool failed_ = false;
};

class builder {
public:
    explicit builder(const std::string& target) : database_(target, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
    {
        // No journal, no sync on the way: nobody reads this file before it is complete, synced and renamed.
        database_.exec(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;"
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 2;"
            "CREATE TABLE entry (type INTEGER NOT NULL, address TEXT NOT NULL, rpps TEXT NOT NULL,"
            " structure TEXT NOT NULL, family TEXT NOT NULL, given TEXT NOT NULL, label TEXT NOT NULL,"
            " company TEXT NOT NULL, profession TEXT NOT NULL, department TEXT NOT NULL);"
            "CREATE TABLE import (at INTEGER NOT NULL, rows INTEGER NOT NULL);");
        database_.exec(certificate_table);
        insert_ =
            std::make_unique<SQLite::Statement>(database_, "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        insert_certificate_ =
            std::make_unique<SQLite::Statement>(database_, "INSERT OR IGNORE INTO certificate VALUES (?, ?, ?, ?)");
        database_.exec("BEGIN");
    }

    void add(const directory_entry& entry)
    {
        insert_->bind(1, static_cast<int>(entry.type));
        int column = 1;
        for (const auto* text : {&entry.address, &entry.rpps, &entry.structure, &entry.family, &entry.given,
                                 &entry.label, &entry.company, &entry.profession, &entry.department})
            insert_->bindNoCopy(++column, *text);
        insert_->exec();
        insert_->reset();
    }

    void add(const std::string& address, const certs::certificate& certificate)
    {
        insert_certificate_->bind(1, mime::lower(address));
        insert_certificate_->bind(2, static_cast<std::int64_t>(certificate.not_before().time_since_epoch().count()));
        insert_certificate_->bind(3, certificate.sha256());
        insert_certificate_->bindNoCopy(4, certificate.der().data(), static_cast<int>(certificate.der().size()));
        insert_certificate_->exec();
        insert_certificate_->reset();
    }

    void finish(std::size_t rows)
    {
        SQLite::Statement import(database_, "INSERT INTO import VALUES (?, ?)");
        import.bind(1, std::int64_t{base::system_wall_clock().now().time_since_epoch().count()});
        import.bind(2, static_cast<std::int64_t>(rows));
        import.exec();
        // Sorted once at the end, instead of half a million random insertions.
        database_.exec(
            "CREATE INDEX entry_address ON entry (address COLLATE NOCASE);"
            "CREATE INDEX entry_rpps ON entry (rpps) WHERE rpps <> '';"
            "COMMIT");
    }

private:
    SQLite::Database database_;
    std::unique_ptr<SQLite::Statement> insert_;
    std::unique_ptr<SQLite::Statement> insert_certificate_;
};
}

bool sync_path(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool done = ::fsync(descriptor) == 0;
    ::close(descriptor);
    return done;
}

bool make_private_file(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return false;
    ::close(descriptor);
    return true;
}

result<import_summary> build_directory(const std::string& source, const std::string& target,
                                       const extraction_limits& limits)
{
    line_file lines(source, limits.max_line_octets);
    std::string line;
    if (!lines.good()) return make_error_code(routing_errc::file_unreadable);
    if (!lines.next(line))
        return make_error_code(lines.good() ? routing_errc::header_not_understood : routing_errc::file_unreadable);
    auto reader = extraction_reader::from_header(line, limits);
    if (!reader) return reader.error();

    std::remove(target.c_str());
    if (!make_private_file(target)) return make_error_code(routing_errc::database_failed);
    import_summary summary;
    {
        builder into(target);
        while (lines.next(line)) {
            const auto row = reader->read(line);
            if (!row) continue;
            into.add(row->entry);
            ++summary.rows;
            if (row->certificate.empty()) continue;
            if (const auto certificate = certs::read_certificate(row->certificate)) {
                into.add(row->entry.address, *certificate);
                ++summary.certificates;
            } else {
                reader->warn("certificat illisible, ignoré");
            }
        }
        if (!lines.good()) return make_error_code(routing_errc::file_unreadable);
        if (summary.rows == 0) return make_error_code(routing_errc::nothing_usable);
        into.finish(summary.rows);
    }
    if (!sync_path(target)) return make_error_code(routing_errc::database_failed);
    summary.warnings = reader->warnings();
    return summary;
}
}
