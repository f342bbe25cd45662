#include "mime/report/bounce_text.hpp"

#include "mime/report/auto_reply.hpp"
#include "mime/report/fields.hpp"
#include "mime/report/plain_text.hpp"
#include "mime/text/ascii.hpp"

#include <array>

namespace mime::report {
namespace {
constexpr std::string_view qmail_greeting = "hi. this is the ";
// Everything folded and in lower case. What is only late is looked for first: its words often hold those of a failure.
constexpr std::array<std::string_view, 17> late_in_text{"warning only",
                                                        "warning message only",
                                                        "will be retried",
                                                        "has not yet been delivered",
                                                        "not yet been delivered",
                                                        "will continue to be made",
                                                        "still being retried",
                                                        "has been delayed",
                                                        "is delayed",
                                                        "transient non-fatal errors",
                                                        "n'a pas encore ete",
                                                        "sera retente",
                                                        "nouvelles tentatives",
                                                        "remise est retardee",
                                                        "remise differee",
                                                        "a ete retardee",
                                                        "a ete differee"};
constexpr std::array<std::string_view, 40> failed_in_text{"could not be delivered",
                                                          "couldn't be delivered",
                                                          "could not deliver",
                                                          "cannot be delivered",
                                                          "can't be delivered",
                                                          "unable to deliver",
                                                          "wasn't able to deliver",
                                                          "undeliverable",
                                                          "undelivered",
                                                          "did not reach the following recipient",
                                                          "did not reach some or all",
                                                          "could not be reached",
                                                          "delivery has failed",
                                                          "delivery failed",
                                                          "delivery to the following recipient",
                                                          "permanent fatal errors",
                                                          "this is a permanent error",
                                                          "was not delivered",
                                                          "wasn't delivered",
                                                          "not be delivered",
                                                          "has been rejected",
                                                          "was rejected",
                                                          "n'a pas pu etre remis",
                                                          "n'a pas pu etre distribue",
                                                          "n'a pas pu etre delivre",
                                                          "n'a pas pu etre envoye",
                                                          "n'a pu etre remis",
                                                          "n'a pu etre distribue",
                                                          "n'a pas ete remis",
                                                          "n'a pas ete distribue",
                                                          "n'a pas ete delivre",
                                                          "ne peut etre remis",
                                                          "ne peut pas etre remis",
                                                          "ne peut pas etre distribue",
                                                          "non distribue",
                                                          "non remis",
                                                          "la remise a echoue",
                                                          "echec de la remise",
                                                          "impossible de remettre",
                                                          "impossible de distribuer"};
constexpr std::array<std::string_view, 8> late_in_subject{
    "delayed mail",    "status notification (delay)",     "message delayed",
    "delayed",         "could not send message for past", "remise differee",
    "message retarde", "etat de remise (retard)"};
constexpr std::array<std::string_view, 17> failed_in_subject{"undelivered mail returned",
                                                             "undeliverable",
                                                             "mail delivery failed",
                                                             "mail delivery failure",
                                                             "status notification (failure)",
                                                             "failure notice",
                                                             "returned mail",
                                                             "delivery failure",
                                                             "mail system error",
                                                             "undelivered",
                                                             "non remis",
                                                             "non-remise",
                                                             "message non distribue",
                                                             "echec de la remise",
                                                             "echec de remise",
                                                             "echec de distribution",
                                                             "etat de remise (echec)"};
// Local parts and names of mail systems.
constexpr std::array<std::string_view, 6> daemons{"mailer-daemon", "mail-daemon",       "postmaster",
                                                  "mailsystem",    "microsoftexchange", "mdaemon"};
constexpr std::array<std::string_view, 10> given_back_below{
    "copy of the message", "copy of your message", "original message",       "message d'origine",   "message original",
    "unsent message",      "message header",       "header of the original", "en-tetes du message", "message headers"};

template <std::size_t N>
bool holds_one(std::string_view text, const std::array<std::string_view, N>& of)
{
    for (const auto words : of)
        if (text.find(words) != std::string_view::npos) return true;
    return false;
}

bool is_from_daemon(const message::header_view& header)
{
    for (const auto* field : {"From", "Sender"})
        if (const auto value = header.find(field)) {
            const std::string from = lower(*value);
            for (const auto daemon : daemons)
                for (auto at = from.find(daemon); at != std::string::npos; at = from.find(daemon, at + 1))
                    if (at == 0 || !is_alnum(from[at - 1])) return true;
            if (from.find("<>") != std::string::npos) return true;
        }
    return false;
}

bool has_null_sender(const message::header_view& header)
{
    const auto path = header.find("Return-Path");
    return path && trim(*path) == "<>";
}

constexpr bool is_address_character(char c)
{
    return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.@").find(c) != std::string_view::npos;
}

// An address at the start of a line, in brackets, quotes or bare, as all these mails list their recipients.
std::string_view leading_address(std::string_view line)
{
    line = trim(line);
    if (const auto link = line.find("<mailto:"); link != std::string_view::npos) line.remove_prefix(link + 8);
    while (!line.empty() && (line[0] == '<' || line[0] == '"' || line[0] == '\'')) line.remove_prefix(1);
    std::size_t size = 0;
    while (size < line.size() && is_address_character(line[size]) && line[size] != '\'') ++size;
    std::string_view word = line.substr(0, size);
    while (word.ends_with('.')) word.remove_suffix(1);
    const auto at = word.find('@');
    if (at == 0 || at == std::string_view::npos || at + 1 == word.size() ||
        word.find('@', at + 1) != std::string_view::npos)
        return {};
    return word.size() <= 254 ? word : std::string_view();
}

// "550", "550-5.1.1", "#5.1.1": the first of each kind in the words about one recipient.
void read_codes(std::string_view words, recipient_status& into)
{
    for (std::size_t at = 0; at < words.size() && !(into.status && into.smtp_code); ++at) {
        if (!is_digit(words[at]) || (at > 0 && (is_alnum(words[at - 1]) || words[at - 1] == '.'))) continue;
        std::size_t end = at;
        while (end < words.size() && (is_digit(words[end]) || words[end] == '.')) ++end;
        std::string_view number = words.substr(at, end - at);
        while (number.ends_with('.')) number.remove_suffix(1);
        if (number.size() == 3 && (number[0] == '4' || number[0] == '5') &&
            number.find('.') == std::string_view::npos && (end == words.size() || !is_alnum(words[end]))) {
            if (!into.smtp_code) into.smtp_code = (number[0] - '0') * 100 + (number[1] - '0') * 10 + (number[2] - '0');
        } else if (auto status = read_enhanced_status(number); status && status->klass != 2 && !into.status) {
            into.status = status;
        }
        at = end;
    }
}

void add_detail(recipient_status& to, std::string_view words, const dsn_limits& limits)
{
    words = trim(words);
    if (words.empty() || to.diagnostic.size() >= limits.max_field_octets) return;
    if (!to.diagnostic.empty()) to.diagnostic += ' ';
    to.diagnostic += words.substr(0, limits.max_field_octets - to.diagnostic.size());
}

// Up to where the mail is given back; the lines of one recipient follow the one that names it.
void read_recipients(std::string_view text, bounce_words& out, const dsn_limits& limits)
{
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (trim(line).starts_with("---") && holds_one(lower(line), given_back_below)) return;
        if (const auto address = leading_address(line); !address.empty()) {
            if (out.recipients.size() == limits.max_recipients) return;
            out.recipients.emplace_back();
            out.recipients.back().action = out.action;
            out.recipients.back().final_recipient = address;
            const auto behind = static_cast<std::size_t>(address.data() + address.size() - line.data());
            const std::string_view rest = line.substr(behind);
            add_detail(out.recipients.back(), rest.substr(std::min(rest.find_first_not_of(">\"':,; \t"), rest.size())),
                       limits);
        } else if (!out.recipients.empty()) {
            add_detail(out.recipients.back(), line, limits);
        }
    }
}

void read_failed_recipients_field(const message::header_view& header, bounce_words& out, const dsn_limits& limits)
{
    for (const std::string& value : header.find_all("X-Failed-Recipients"))
        for (std::string_view left = value; !left.empty();) {
            const auto comma = left.find(',');
            const auto address = leading_address(left.substr(0, comma));
            left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
            bool known = address.empty() || out.recipients.size() == limits.max_recipients;
            for (const auto& each : out.recipients) known = known || same_text(each.final_recipient, address);
            if (known) continue;
            out.recipients.emplace_back();
            out.recipients.back().action = out.action;
            out.recipients.back().final_recipient = address;
        }
}

// One recipient and no code beside it: the mail may tell it above (Exchange's human form).
void finish_codes(std::string_view text, bounce_words& out)
{
    for (auto& each : out.recipients) read_codes(each.diagnostic, each);
    if (out.recipients.size() == 1 && !out.recipients[0].status && !out.recipients[0].smtp_code)
        read_codes(text, out.recipients[0]);
}

void read_returned_ids(std::string_view text, bounce_words& out)
{
    bool below = false;
    while (!text.empty() && out.message_ids.size() < 5) {
        const std::string_view line = take_line(text);
        below = below || trim(line).starts_with("---");
        if (!below || !starts_with_text(trim(line), "message-id:")) continue;
        if (auto id = message::read_message_id(line)) out.message_ids.push_back(std::move(*id));
    }
}

// Lower case, each run of blanks one space: mail systems break their sentences where they like.
std::string one_line(std::string_view text)
{
    std::string out;
    for (const char c : trim(text)) {
        const bool blank = is_wsp(c) || c == '\n' || c == '\r';
        if (!blank)
            out += to_lower(c);
        else if (!out.ends_with(' '))
            out += ' ';
    }
    return out;
}

// Which words, if any, say that it is a bounce, and of which kind.
bool read_words(const std::string& subject, const std::string& words, bounce_words& out)
{
    const bool late = holds_one(words, late_in_text), failed = holds_one(words, failed_in_text);
    out.in_body = late || failed || words.starts_with(qmail_greeting);
    if (late) out.action = dsn_action::delayed;
    if (out.in_body) return true;
    if (holds_one(subject, late_in_subject)) out.action = dsn_action::delayed;
    return out.action == dsn_action::delayed || holds_one(subject, failed_in_subject);
}
}

std::optional<bounce_words> read_bounce(const message::header_view& header, std::string_view text, given_back original,
                                        const dsn_limits& limits)
{
    bounce_words out;
    const std::string words = one_line(text);
    const bool listed = header.find("X-Failed-Recipients").has_value();
    const bool says_so = read_words(folded_subject(header), words, out);
    if (!says_so && !listed) return std::nullopt;
    // A person may write the same words: a mail system says who it is, or sends from <> and gives the mail back.
    const bool by_machine =
        listed || is_from_daemon(header) || words.starts_with(qmail_greeting) ||
        (original == given_back::as_part && (has_null_sender(header) || is_automatic(header) == automatic::by_field));
    if (!by_machine) return std::nullopt;
    read_recipients(text, out, limits);
    read_failed_recipients_field(header, out, limits);
    finish_codes(text, out);
    read_returned_ids(text, out);
    return out;
}
}
