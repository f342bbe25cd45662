// mime/message/address.hpp: mail addresses (RFC 5321 §4.1.2, RFC 5322 §3.4). Pure, safe from any thread.
// Two strictnesses on purpose: what goes into an envelope must be a plain ASCII addr-spec; what stands in somebody
// else's header is read as libetpan does (comments, groups, obsolete forms). A full address may be patient identity:
// not for logs. Errors: message_errc::{bad_address, bad_header_value, bad_encoding}.
#pragma once

#include "mime/message/errc.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mime::message {
struct address {
    std::string local;   // as written: its case may matter to its own server
    std::string domain;  // lower case; an A-label (xn--…) stays as it is
    [[nodiscard]] std::string text() const { return local + '@' + domain; }
    friend bool operator==(const address&, const address&) = default;
};

// Strict: dot-atom or quoted-string local part ≤ 64 octets, domain of letters, digits and hyphens ≤ 255 octets, labels
// ≤ 63; no address literal, no source route, no blank, no octet above 127 (SMTPUTF8 is not spoken here). One label is
// accepted
// ("localhost"); a domain is refused elsewhere, by the trust list.
[[nodiscard]] result<address> read_address(std::string_view addr_spec);

struct mailbox {
    std::string display_name;  // UTF-8, may be empty
    std::string address;       // addr-spec as written
    friend bool operator==(const mailbox&, const mailbox&) = default;
};

struct address_group {
    std::string name;  // UTF-8; empty: mailboxes outside any group
    std::vector<mailbox> members;
    bool is_group = false;
};

struct address_limits {
    std::size_t max_octets = 256 * 1024;
    std::size_t max_mailboxes = 10'000;
    std::size_t max_comment_depth = 32;
};

// A From, To, Reply-To … value, folded or not. `words` says whether display names are RFC 2047-decoded or left as
// written (IMAP's ENVELOPE wants them as written).
enum class display_names { decoded, as_written };
[[nodiscard]] result<std::vector<address_group>> read_address_list(std::string_view value,
                                                                   display_names words = display_names::decoded,
                                                                   const address_limits& limits = {});

// All mailboxes, in or out of groups.
[[nodiscard]] result<std::vector<mailbox>> read_mailboxes(std::string_view value, const address_limits& limits = {});

// `Display <local@domain>`, ASCII: quoted where needed, encoded words where the name is not ASCII. The address is
// checked.
[[nodiscard]] result<std::string> write_mailbox(const mailbox& box);
}
