// relay/pipeline/ports/directory.hpp: addresses of doctors and their certificates (design.md §5, mssante.md §7).
// Public data, kept in a database file of its own; implemented by relay/routing. Blocking: worker threads only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/base/result.hpp"

namespace relay::pipeline::ports {
enum class mailbox_type { personal, organisation, application, cabinet };  // PER, ORG, APP, CAB

struct directory_entry {
    mailbox_type type = mailbox_type::personal;
    std::string address;    // lower-case domain
    std::string rpps;       // 11 digits; empty for ORG and APP
    std::string structure;  // FINESS or other structure id; may be empty
    std::string family;
    std::string given;
    std::string label;         // organisation's name; may be empty
    std::string company{};     // registered name of the structure, also of a personal mailbox; may be empty
    std::string profession{};  // code; of personal mailboxes
    std::string department{};  // "75"; may be empty
};

class directory {
public:
    virtual ~directory() = default;
    [[nodiscard]] virtual std::vector<directory_entry> by_address(std::string_view address) = 0;
    [[nodiscard]] virtual std::vector<directory_entry> by_rpps(std::string_view rpps) = 0;
    // DER certificates known for the address, else for its domain; newest first. Not yet checked.
    [[nodiscard]] virtual std::vector<std::string> certificates(std::string_view address) = 0;
};

struct import_summary {
    std::size_t rows = 0;
    std::size_t certificates = 0;
    std::vector<std::string> warnings;  // "ligne 12: ..."; bounded; never more than 50
};

// Changes go through the running server (one writer). Each call is durable before it returns.
class directory_writer {
public:
    virtual ~directory_writer() = default;
    // The national extraction (mssante.md §7.2), read by header name, separator |, plus an optional column "Certificat"
    // (base64 DER). Replaces the table: built beside and swapped in. Refused as a whole when the header is not
    // understood.
    [[nodiscard]] virtual result<import_summary> import_file(const std::string& path) = 0;
    // Keyed by the addresses (SAN rfc822Name) or domain (dNSName) inside; returns what it was filed under.
    [[nodiscard]] virtual result<std::vector<std::string>> add_certificate(std::string_view der) = 0;
};
}
