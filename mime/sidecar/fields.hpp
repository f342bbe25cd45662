// mime/sidecar/fields.hpp: reading the members of one object of the tree, whatever form it came in, with the path of
// each for errors. For the source files of mime/sidecar only. The first error is kept and later calls give empty
// values, so that a reader is a plain list of fields.
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/sidecar/flat.hpp"
#include "mime/sidecar/sidecar.hpp"

namespace mime::sidecar::detail {
enum class presence { required, optional };

// Shared by all objects of one file.
struct reading {
    const sidecar_defaults& defaults;
    const flat_file* flat = nullptr;  // where the tree came from, unless it was JSON: numbers are texts there
    std::optional<sidecar_error> error = {};
    void fail(sidecar_errc code, std::string field, std::string text)
    {
        if (error) return;
        error = sidecar_error{code, std::move(field), std::move(text)};
        if (flat != nullptr) error = flat->named(std::move(*error));
    }
};

class fields {
public:
    // A null object reads as one without members. Members that keys.hpp does not list are errors.
    fields(reading& state, const boost::json::object* object, std::string path);

    [[nodiscard]] bool has(std::string_view key) const;  // present and not null
    [[nodiscard]] std::string path_of(std::string_view key) const;
    void fail(sidecar_errc code, std::string_view key, std::string text);

    [[nodiscard]] std::string text(std::string_view key, presence need);
    [[nodiscard]] std::string one_of(std::string_view key, presence need,
                                     std::initializer_list<std::string_view> allowed);
    [[nodiscard]] std::optional<timestamp> instant(std::string_view key, presence need, time_precision at_least);
    [[nodiscard]] std::string date(std::string_view key, presence need);  // gives YYYYMMDD
    [[nodiscard]] std::string rpps(std::string_view key, presence need);
    [[nodiscard]] std::string finess(std::string_view key, presence need);
    [[nodiscard]] std::string oid(std::string_view key, presence need);
    [[nodiscard]] std::string phone(std::string_view key);    // gives tel:…
    [[nodiscard]] std::string address(std::string_view key);  // of mail
    [[nodiscard]] std::optional<std::uint32_t> positive(std::string_view key);
    [[nodiscard]] std::vector<std::string> texts(std::string_view key, std::size_t at_most);
    [[nodiscard]] const boost::json::object* object(std::string_view key, presence need);
    [[nodiscard]] const boost::json::array* array(std::string_view key);
    [[nodiscard]] reading& state() noexcept { return state_; }

private:
    [[nodiscard]] const boost::json::value* find(std::string_view key, presence need);
    // As ISO 8601 or HL7, else an error; empty: none given.
    [[nodiscard]] std::string date_text(std::string_view key, presence need);
    [[nodiscard]] std::string checked_text(const boost::json::value& value, std::string_view key, presence need);

    reading& state_;
    const boost::json::object* object_;
    std::string path_;
};
}
