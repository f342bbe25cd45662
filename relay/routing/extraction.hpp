// relay/routing/extraction.hpp: reads the national extraction Extraction_Correspondance_MSSante (mssante.md §7.2):
// UTF-8, one header line, separator '|', no quoting, 31 columns, read by header name; added columns are tolerated, one
// of them, ours, is "Certificat" (base64 of a DER certificate). Pure; errors name the place, never the value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/pipeline/ports/directory.hpp"

namespace relay::routing {
struct extraction_limits {
    std::size_t max_line_octets = 64 * 1024;
    std::size_t max_columns = 256;
    std::size_t max_warnings = 50;
};

struct extraction_row {
    pipeline::ports::directory_entry entry;
    std::string certificate;  // DER; empty when there is none
};

class extraction_reader {
public:
    // The header line, without its line end. routing_errc::header_not_understood.
    [[nodiscard]] static result<extraction_reader> from_header(std::string_view line,
                                                               const extraction_limits& limits = {});

    // One further line, without its line end. A bad row gives nullopt and a warning; an empty one nullopt alone. A
    // certificate that does not decode is dropped with a warning, the row is kept.
    [[nodiscard]] std::optional<extraction_row> read(std::string_view line);

    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    [[nodiscard]] std::size_t bad_rows() const noexcept { return bad_rows_; }
    void warn(std::string_view what);  // about the current line

private:
    struct columns {
        std::optional<std::size_t> type, address, id_type, id, structure, family, given, label, sign, service,
            profession, department, certificate;
    };
    extraction_reader(const columns& found, std::size_t count, const extraction_limits& limits)
        : columns_(found), count_(count), limits_(limits)
    {
    }
    [[nodiscard]] std::optional<extraction_row> refuse(std::string_view why);
    [[nodiscard]] std::string_view field(const std::optional<std::size_t>& column) const;

    columns columns_;
    std::size_t count_;
    extraction_limits limits_;
    std::size_t line_ = 1;
    std::size_t bad_rows_ = 0;
    std::vector<std::string_view> fields_;
    std::vector<std::string> warnings_;
};
}
