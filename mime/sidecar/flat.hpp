// mime/sidecar/flat.hpp: the flat forms of a sidecar, key=value lines and CSV (RFC 4180), turned into the tree that a
// JSON file would give, with the line and column of every key for errors. For the source files of mime/sidecar only.
// Forms, escapes, character sets and dates: README.md. No input throws; the result borrows nothing.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/sidecar/errc.hpp"
#include "mime/sidecar/form.hpp"
#include "mime/sidecar/sidecar.hpp"

namespace mime::sidecar::detail {
struct flat_pair {
    std::string key;
    std::string value;  // as in the file until to_utf8() has made it UTF-8
    place at;
};

// What a path of the tree ("recipients[0].rpps") was called in the file ("recipients.1.rpps"), and where.
struct flat_name {
    std::string key;
    place at;
};

enum class date_order { unstated, day_first };  // day_first: date_format=JJ/MM/AAAA was given

struct flat_file {
    boost::json::value tree;
    std::map<std::string, flat_name, std::less<>> names;
    date_order dates = date_order::unstated;

    // What the file calls this path: recipients[1] -> recipients.2.
    [[nodiscard]] std::string key_of(const std::string& path) const;
    // The error in the words of the file: its own key, line and column.
    [[nodiscard]] sidecar_error named(sidecar_error error) const;
};

[[nodiscard]] sidecar_result<flat_file> read_flat(std::string_view octets, sidecar_form form,
                                                  const sidecar_limits& limits);

// One form each, values still in the file's own character set.
[[nodiscard]] sidecar_result<std::vector<flat_pair>> read_key_value(std::string_view text,
                                                                    const sidecar_limits& limits);
[[nodiscard]] sidecar_result<std::vector<flat_pair>> read_csv(std::string_view text, const sidecar_limits& limits);

// Makes all values UTF-8: `declared` (empty: none), else what the octets prove. `with_mark`: the file began with the
// UTF-8 byte order mark.
enum class utf8_mark { absent, present };
[[nodiscard]] sidecar_result<void> to_utf8(std::vector<flat_pair>& pairs, std::string_view declared, utf8_mark mark);

[[nodiscard]] sidecar_error flat_error(sidecar_errc code, std::string field, std::string text, place at);

// 20/11/2026 14:10 -> 2026-11-20 14:10; other text comes back as it is. nullopt: 03/04/2026 may be read two ways, and
// nothing says which.
[[nodiscard]] std::optional<std::string> iso_date(std::string_view text, date_order order);
}
