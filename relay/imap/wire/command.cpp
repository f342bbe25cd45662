#include "relay/imap/wire/command.hpp"

#include <algorithm>

#include "relay/imap/wire/cursor.hpp"
#include "relay/imap/wire/grammar.hpp"

namespace relay::imap {
namespace {
using grammar::bad;
using grammar::problem;
template <class T>
using read = grammar::read<T>;

enum class shape { nothing, login, authenticate, mailbox, list, status, fetch, store, search, not_read };

struct verb_word {
    std::string_view word;
    verb name;
    shape arguments;
};
constexpr verb_word verbs[] = {
    {"CAPABILITY", verb::capability, shape::nothing},
    {"NOOP", verb::noop, shape::nothing},
    {"LOGOUT", verb::logout, shape::nothing},
    {"STARTTLS", verb::starttls, shape::nothing},
    {"CHECK", verb::check, shape::nothing},
    {"CLOSE", verb::close, shape::nothing},
    {"EXPUNGE", verb::expunge, shape::nothing},
    {"LOGIN", verb::login, shape::login},
    {"AUTHENTICATE", verb::authenticate, shape::authenticate},
    {"SELECT", verb::select, shape::mailbox},
    {"EXAMINE", verb::examine, shape::mailbox},
    {"LIST", verb::list, shape::list},
    {"LSUB", verb::lsub, shape::list},
    {"STATUS", verb::status, shape::status},
    {"FETCH", verb::fetch, shape::fetch},
    {"STORE", verb::store, shape::store},
    {"SEARCH", verb::search, shape::search},
    {"APPEND", verb::unsupported, shape::not_read},
    {"COPY", verb::unsupported, shape::not_read},
    {"CREATE", verb::unsupported, shape::not_read},
    {"DELETE", verb::unsupported, shape::not_read},
    {"RENAME", verb::unsupported, shape::not_read},
    {"SUBSCRIBE", verb::unsupported, shape::not_read},
    {"UNSUBSCRIBE", verb::unsupported, shape::not_read},
};

const verb_word* find_verb(std::string_view word)
{
    const auto* const found = std::find_if(std::begin(verbs), std::end(verbs), [word](const verb_word& each) {
        return equals_ignoring_case(each.word, word);
    });
    return found == std::end(verbs) ? nullptr : found;
}

std::string_view accept_tag(cursor& in)
{
    return in.accept_while([](char c) { return is_astring_char(c) && c != '+'; });  // RFC 3501 §9 tag
}

read<login_arguments> read_login(cursor& in)
{
    auto user = in.accept_astring();
    if (!user || !in.accept(' ')) return bad("Invalid user name");
    auto password = in.accept_astring();
    if (!password) return bad("Invalid password syntax");
    return login_arguments{std::move(*user), std::move(*password)};
}

read<authenticate_arguments> read_authenticate(cursor& in)
{
    authenticate_arguments out;
    out.mechanism = upper(in.accept_while(is_atom_char));
    if (out.mechanism.empty()) return bad("Invalid mechanism");
    if (in.accept(' ')) {
        const auto initial = in.accept_while([](char c) { return c > ' ' && c < 0x7f; });
        if (initial.empty()) return bad("Invalid initial response");
        out.initial_response = std::string(initial);
    }
    return out;
}

read<mailbox_arguments> read_mailbox(cursor& in)
{
    auto name = in.accept_mailbox();
    if (!name) return bad("Invalid mailbox name");
    return mailbox_arguments{std::move(*name)};
}

read<list_arguments> read_list(cursor& in)
{
    auto reference = in.accept_mailbox();
    if (!reference || !in.accept(' ')) return bad("Invalid reference name");
    auto pattern = in.accept_list_mailbox();
    if (!pattern) return bad("Invalid mailbox pattern");
    return list_arguments{std::move(*reference), std::move(*pattern)};
}

std::optional<status_item> accept_status_item(cursor& in)
{
    const std::string word = upper(in.accept_while(is_atom_char));
    if (word == "MESSAGES") return status_item::messages;
    if (word == "RECENT") return status_item::recent;
    if (word == "UIDNEXT") return status_item::uid_next;
    if (word == "UIDVALIDITY") return status_item::uid_validity;
    if (word == "UNSEEN") return status_item::unseen;
    return std::nullopt;
}

read<status_arguments> read_status(cursor& in)
{
    auto name = in.accept_mailbox();
    if (!name || !in.accept(' ') || !in.accept('(')) return bad("Invalid mailbox name");
    status_arguments out;
    out.mailbox = std::move(*name);
    do {
        const auto item = accept_status_item(in);
        if (!item) return bad("Unknown status item");
        if (std::find(out.items.begin(), out.items.end(), *item) == out.items.end()) out.items.push_back(*item);
    } while (in.accept(' '));
    if (!in.accept(')')) return bad("Expected ) after status items");
    return out;
}

read<fetch_arguments> read_fetch(cursor& in, const command_limits& limits)
{
    auto messages = grammar::read_sequence_set(in);
    if (messages.has_error()) return messages.error();
    if (!in.accept(' ')) return bad("Expected fetch items");
    auto items = grammar::read_fetch_items(in, limits);
    if (items.has_error()) return items.error();
    return fetch_arguments{std::move(*messages), std::move(*items)};
}

read<std::vector<std::string>> read_flags(cursor& in)
{
    std::vector<std::string> flags;
    const bool in_list = in.accept('(');
    if (in_list && in.accept(')')) return flags;
    do {
        std::string flag = in.accept('\\') ? "\\" : "";
        const auto name = in.accept_while(is_atom_char);
        if (name.empty()) return bad("Invalid flag");
        flag += name;
        flags.push_back(std::move(flag));
    } while (in.accept(' '));
    if (in_list && !in.accept(')')) return bad("Expected ) after flags");
    return flags;
}

read<store_arguments> read_store(cursor& in)
{
    auto messages = grammar::read_sequence_set(in);
    if (messages.has_error()) return messages.error();
    if (!in.accept(' ')) return bad("Expected FLAGS");
    store_arguments out;
    out.messages = std::move(*messages);
    if (in.accept('+'))
        out.operation = store_operation::add;
    else if (in.accept('-'))
        out.operation = store_operation::remove;
    const std::string word = upper(in.accept_while(is_atom_char));
    if (word == "FLAGS.SILENT")
        out.reply = store_reply::silent;
    else if (word != "FLAGS")
        return bad("Expected FLAGS");
    if (!in.accept(' ')) return bad("Expected flags");
    auto flags = read_flags(in);
    if (flags.has_error()) return flags.error();
    out.flags = std::move(*flags);
    return out;
}

read<search_arguments> read_search_arguments(cursor& in, const command_limits& limits)
{
    auto key = grammar::read_search(in, limits);
    if (key.has_error()) return key.error();
    return search_arguments{std::move(*key)};
}

template <class T>
read<void> keep(command& out, read<T> arguments)
{
    if (arguments.has_error()) return arguments.error();
    out.arguments = std::move(*arguments);
    return {};
}

read<void> read_arguments(command& out, shape wanted, cursor& in, const command_limits& limits)
{
    if (wanted == shape::nothing || wanted == shape::not_read) return {};
    if (!in.accept(' ')) return bad("Missing arguments");
    switch (wanted) {
        case shape::login: return keep(out, read_login(in));
        case shape::authenticate: return keep(out, read_authenticate(in));
        case shape::mailbox: return keep(out, read_mailbox(in));
        case shape::list: return keep(out, read_list(in));
        case shape::status: return keep(out, read_status(in));
        case shape::fetch: return keep(out, read_fetch(in, limits));
        case shape::store: return keep(out, read_store(in));
        case shape::search: return keep(out, read_search_arguments(in, limits));
        case shape::nothing:
        case shape::not_read: break;
    }
    return {};
}

read<void> read_rest(command& out, cursor& in, const command_limits& limits)
{
    std::string_view word = in.accept_while(is_atom_char);
    if (equals_ignoring_case(word, "UID") && in.accept(' ')) {
        out.by = addressing::uids;
        word = in.accept_while(is_atom_char);
        constexpr std::string_view with_uid[] = {"FETCH", "STORE", "SEARCH", "COPY"};
        if (std::none_of(std::begin(with_uid), std::end(with_uid),
                         [word](std::string_view each) { return equals_ignoring_case(each, word); }))
            return problem{syntax_errc::unknown_command, "Unknown command"};
    }
    const verb_word* const known = find_verb(word);
    if (known == nullptr) return problem{syntax_errc::unknown_command, "Unknown command"};
    out.name = known->name;
    if (const auto done = read_arguments(out, known->arguments, in, limits); done.has_error()) return done.error();
    if (known->arguments != shape::not_read && !in.at_end()) return bad("Unexpected text after the command");
    return {};
}
}

boost::system::result<command, syntax_error> read_command(std::string_view text, const command_limits& limits)
{
    cursor in(text);
    command out;
    const auto tag = accept_tag(in);
    if (tag.empty() || !in.accept(' ')) return syntax_error{syntax_errc::bad_syntax, "", "Invalid tag"};
    out.tag = tag;
    if (const auto done = read_rest(out, in, limits); done.has_error())
        return syntax_error{done.error().code, out.tag, done.error().text};
    return out;
}

std::optional<command_head> read_command_head(std::string_view text)
{
    cursor in(text);
    const auto tag = accept_tag(in);
    if (tag.empty() || !in.accept(' ')) return std::nullopt;
    const auto word = in.accept_while(is_atom_char);
    if (word.empty()) return std::nullopt;
    return command_head{std::string(tag), upper(word)};
}

namespace grammar {
read<sequence_set> read_sequence_set(cursor& in)
{
    const auto read_bound = [&in](sequence_bound& bound) {
        bound.reset();
        if (in.accept('*')) return true;
        bound = in.accept_nonzero();
        return bound.has_value();
    };
    sequence_set out;
    do {
        sequence_range range;
        if (!read_bound(range.first)) return bad("Invalid message set");
        range.last = range.first;
        if (in.accept(':') && !read_bound(range.last)) return bad("Invalid message set");
        out.push_back(range);
    } while (in.accept(','));
    return out;
}
}
}
