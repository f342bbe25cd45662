// relay/imap/wire/command.hpp: reads one client command (RFC 3501 §9, server side of IMAP4rev1; initial response of RFC
// 4959). Input: a complete command as command_reader hands it out, literals included, without the last CRLF. Pure, any
// thread. Errors: syntax_error, with the tag if one could be read. No input whatever throws or is read past its end.
// Error texts are fixed and never repeat what the client sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/imap/wire/fetch_item.hpp"
#include "relay/imap/wire/search_key.hpp"
#include "relay/imap/wire/sequence_set.hpp"

namespace relay::imap {
enum class verb {
    capability,
    noop,
    logout,
    starttls,
    check,
    close,
    expunge,
    login,
    authenticate,
    select,
    examine,
    list,
    lsub,
    status,
    fetch,
    store,
    search,
    unsupported  // a command of RFC 3501 that this server does not carry out; its arguments are not read
};
enum class addressing { sequence_numbers, uids };
enum class status_item { messages, recent, uid_next, uid_validity, unseen };
enum class store_operation { replace, add, remove };
enum class store_reply { rows, silent };

struct login_arguments {
    std::string user;
    std::string password;
};
struct authenticate_arguments {
    std::string mechanism;                        // upper case
    std::optional<std::string> initial_response;  // still base64; "=" stands for an empty one
};
struct mailbox_arguments {
    std::string mailbox;  // "INBOX" in capitals whatever the client wrote, other names untouched
};
struct list_arguments {
    std::string reference;
    std::string pattern;
};
struct status_arguments {
    std::string mailbox;
    std::vector<status_item> items;
};
struct fetch_arguments {
    sequence_set messages;
    std::vector<fetch_item> items;
};
struct store_arguments {
    sequence_set messages;
    store_operation operation = store_operation::replace;
    store_reply reply = store_reply::rows;
    std::vector<std::string> flags;  // as written
};
struct search_arguments {
    search_key key;
};

struct command {
    std::string tag;
    verb name = verb::noop;
    addressing by = addressing::sequence_numbers;  // UID FETCH, UID STORE, UID SEARCH
    std::variant<std::monostate, login_arguments, authenticate_arguments, mailbox_arguments, list_arguments,
                 status_arguments, fetch_arguments, store_arguments, search_arguments>
        arguments;
};

enum class syntax_errc { bad_syntax = 1, unknown_command, unknown_charset, too_complex };

struct syntax_error {
    syntax_errc code = syntax_errc::bad_syntax;
    std::string tag;        // empty if even the tag was unreadable: then the answer is untagged
    std::string_view text;  // fixed English text for the client
};

struct command_limits {
    std::size_t max_search_depth = 32;
    std::size_t max_search_keys = 256;
    std::size_t max_fetch_items = 64;
    std::size_t max_header_fields = 128;  // of one HEADER.FIELDS list
    std::size_t max_part_depth = 32;
};

[[nodiscard]] boost::system::result<command, syntax_error> read_command(std::string_view text,
                                                                        const command_limits& limits = {});

// Tag and command word only, of a command that may still lack its literals; used to refuse APPEND before its message is
// sent.
struct command_head {
    std::string tag;
    std::string word;  // upper case
};
[[nodiscard]] std::optional<command_head> read_command_head(std::string_view text);
}
