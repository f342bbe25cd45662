#include "relay/track/polled_record.hpp"

#include <charconv>

#include "relay/pipeline/services.hpp"

namespace relay::track {
using namespace pipeline;
namespace {
std::string text_of(const ports::mailbox_place& place)
{
    return std::to_string(place.uid_validity) + ' ' + std::to_string(place.last_uid);
}

std::optional<ports::mailbox_place> read_place(std::string_view text)
{
    ports::mailbox_place place;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, place.uid_validity);
    if (first.ec != std::errc{} || first.ptr == end) return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, place.last_uid);
    if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
    return place;
}
}

result<std::optional<ports::mailbox_place>> polled_record::place(std::string_view mailbox)
{
    std::optional<ports::mailbox_place> found;
    const auto read = store_.read([&](ports::reader& rows) {
        if (const auto known = rows.answered(vault_.match_key("polled", mailbox))) found = read_place(known->answer);
    });
    if (!read.has_value()) return read.error();
    return found;
}

result<void> polled_record::save(std::string_view mailbox, const ports::mailbox_place& place)
{
    return store_.write([&](ports::transaction& tx) {
        tx.add_answer(vault_.match_key("polled", mailbox), {{}, text_of(place)});
    });
}

result<void> polled_record::tell_left(std::string_view mailbox, const ports::mailbox_place& which, std::uint64_t octets,
                                      ports::left_because why)
{
    refusal_row row;
    row.at = clock_.now();
    row.form = "mail";
    row.code = why == ports::left_because::too_large ? "LEFT_TOO_LARGE" : "LEFT_UNREADABLE";
    row.field = "boîte des retours, UID " + std::to_string(which.last_uid);
    row.message =
        why == ports::left_because::too_large
            ? "courriel de " + std::to_string(octets) +
                  " octets, au-delà de [limits] received_octets : laissé sur le serveur, à lire par une personne"
            : "courriel que le serveur ne donne pas : laissé sur le serveur, à lire par une personne";
    row.source_name = vault_.seal_field(field::source_name, "");
    row.source_name_key = vault_.match_key(
        "left", std::string(mailbox) + '|' + text_of(which) + '|' + std::to_string(octets) + '|' + row.code);
    return store_.write([&](ports::transaction& tx) {
        if (tx.answered(row.source_name_key)) return;
        tx.add_refusal(row);
        tx.add_answer(row.source_name_key, {});
    });
}
}
