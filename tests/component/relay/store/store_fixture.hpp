// A store in a temporary folder, with a vault that seals visibly instead of secretly: the room must not link
// relay/vault.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <stdlib.h>

#include <openssl/sha.h>
#include <sqlite3.h>

#include "relay/store/errc.hpp"
#include "relay/store/sqlite.hpp"

namespace store_test {
using namespace relay;
using namespace relay::pipeline;
using relay::store::store_errc;

class plain_vault final : public ports::vault {
public:
    ports::sealed_object seal(std::string_view clear) const override
    {
        ports::sealed_object object;
        object.id = blob_id::make();
        object.wrapped_key = "key of " + object.id.text();
        object.ciphertext = "<" + std::string(clear) + ">";
        object.length = clear.size();
        object.sha256 = std::string(32, 'h');
        return object;
    }
    result<std::string> open(const ports::sealed_object& object) const override
    {
        const std::string& text = object.ciphertext;
        if (object.wrapped_key != "key of " + object.id.text() || text.size() != object.length + 2 ||
            text.front() != '<' || text.back() != '>')
            return boost::system::errc::make_error_code(boost::system::errc::bad_message);
        return text.substr(1, object.length);
    }
    std::string seal_field(std::string_view context, std::string_view clear) const override
    {
        return "{" + std::string(context) + "}" + std::string(clear);
    }
    result<std::string> open_field(std::string_view context, std::string_view sealed) const override
    {
        const std::string prefix = "{" + std::string(context) + "}";
        if (!sealed.starts_with(prefix)) return boost::system::errc::make_error_code(boost::system::errc::bad_message);
        return std::string(sealed.substr(prefix.size()));
    }
    ports::keyed_field seal_keyed(std::string_view context, std::string_view clear) const override
    {
        return {"key of " + std::string(context), seal_field(context, clear)};
    }
    result<std::string> open_keyed(std::string_view context, std::string_view wrapped_key,
                                   std::string_view sealed) const override
    {
        if (wrapped_key != "key of " + std::string(context))
            return boost::system::errc::make_error_code(boost::system::errc::bad_message);
        return open_field(context, sealed);
    }
    std::string match_key(std::string_view domain, std::string_view value) const override
    {
        const std::string input = std::string(domain) + "\n" + std::string(value);
        std::string digest(SHA256_DIGEST_LENGTH, '\0');
        SHA256(reinterpret_cast<const unsigned char*>(input.data()), input.size(),
               reinterpret_cast<unsigned char*>(digest.data()));
        std::string text;
        for (const char octet : digest) text.push_back("0123456789abcdef"[static_cast<unsigned char>(octet) & 15U]);
        return text;
    }
};

class folder {
public:
    folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "liaison-store-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

struct opened_store {
    folder place;
    plain_vault vault;
    relay::store::store_options options;
    std::unique_ptr<relay::store::sqlite_store> store;

    opened_store()
    {
        options.path = place.file("liaison.db");
        options.reserve_octets = 0;
        reopen();
    }
    void reopen()
    {
        store.reset();
        auto opened = relay::store::open_store(options, vault);
        if (!opened) throw std::runtime_error(opened.error().message());
        store = std::move(*opened);
    }
    // The value of a query, through read().
    template <class Work>
    auto ask(Work work)
    {
        decltype(work(std::declval<ports::reader&>())) answer{};
        const auto done = store->read([&](ports::reader& reader) { answer = work(reader); });
        if (!done) throw std::runtime_error(done.error().message());
        return answer;
    }
};

// The steps by which SQLite would run it, foreign keys included.
inline std::vector<std::string> plan_of(const std::string& path, std::string_view sql)
{
    sqlite3* database = nullptr;
    sqlite3_stmt* plan = nullptr;
    std::vector<std::string> steps;
    const std::string asked = "EXPLAIN QUERY PLAN " + std::string(sql);
    const bool opened = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                        sqlite3_exec(database, "PRAGMA foreign_keys = ON", nullptr, nullptr, nullptr) == SQLITE_OK &&
                        sqlite3_prepare_v2(database, asked.c_str(), -1, &plan, nullptr) == SQLITE_OK;
    while (opened && sqlite3_step(plan) == SQLITE_ROW)
        steps.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(plan, 3)));
    sqlite3_finalize(plan);
    sqlite3_close(database);
    if (!opened) throw std::runtime_error("not prepared: " + asked);
    return steps;
}

inline instant at(std::int64_t milliseconds)
{
    return instant(std::chrono::milliseconds(milliseconds));
}

inline stay_row a_stay()
{
    stay_row stay;
    stay.id = stay_id::make();
    stay.visit_key = "visit-" + stay.id.text();
    stay.file_key = "file-" + stay.id.text();
    stay.establishment = "990000010";
    stay.service = "UF01";
    stay.treating_rpps = "99900000011";
    stay.discharge = at(1000);
    stay.quality = discharge_quality::movement;
    stay.created_at = at(900);
    stay.details = std::string("sealed\0bytes", 12);
    return stay;
}

inline letter_row a_letter()
{
    letter_row letter;
    letter.id = letter_id::make();
    letter.form = submission_form::cda;
    letter.document_key = "doc-" + letter.id.text();
    letter.set_key = "set-" + letter.id.text();
    letter.version = 2;
    letter.type_code = "11490-0";
    letter.content_sha256 = "abc";
    letter.document = blob_id::make();
    letter.received_at = at(2000);
    letter.signed_at = at(1999);
    letter.details = std::string("\xff\x00\xfe", 3);
    return letter;
}

inline delivery_row a_delivery(delivery_state state, std::int64_t next_try)
{
    delivery_row delivery;
    delivery.id = delivery_id::make();
    delivery.recipient_key = "recipient";
    delivery.recipient = std::string("\0r", 2);
    delivery.state = state;
    delivery.created_at = at(next_try);
    delivery.next_try = at(next_try);
    return delivery;
}

inline event an_event(const stay_id& about, std::int64_t when = 1)
{
    event entry;
    entry.at = at(when);
    entry.kind = event_kind::stay_discharged;
    entry.stay = about;
    entry.facts.peer_text = "words";
    return entry;
}
}
