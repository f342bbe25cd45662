#include "relay/pipeline/intake_answer.hpp"

#include <boost/json.hpp>

#include "mime/hl7/acknowledgement.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
constexpr std::size_t control_id_octets = 20;  // MSH-10

std::string new_control_id()
{
    return base::random_token().substr(0, control_id_octets);
}

std::string json(std::string_view code, std::string_view field, std::string_view message, std::string_view letter)
{
    return boost::json::serialize(
               boost::json::object{{"code", code}, {"field", field}, {"message", message}, {"letter", letter}}) +
           "\n";
}
}

submission_result answer_text::accepted(const letter_id& letter, std::string_view what) const
{
    if (header)
        return {verdict::accepted, ".ack.hl7", hl7::write_ack(*header, {new_control_id(), now, hl7::ack_code::AA, {}})};
    return {verdict::accepted, ".ack.json", json("ACCEPTED", "", what, letter.text())};
}

submission_result answer_text::repeated(const ports::submission_answer& before) const
{
    obs::info(obs::event::letter_repeated, "id={}", before.letter.text());
    return {verdict::accepted, header ? ".ack.hl7" : ".ack.json", before.answer};
}

submission_result answer_text::refused(const refusal& why) const
{
    if (header && !why.hl7.empty())
        return {verdict::refused, ".ack.hl7", hl7::write_ack(*header, hl7::refusal(new_control_id(), now, why.hl7))};
    return {verdict::refused, ".ack.json", json(why.code, why.field, why.message, "")};
}

submission_result answer_text::busy() const
{
    if (!header) return {verdict::busy, "", ""};
    const hl7::hl7_error full{hl7::condition::application, "", "stockage indisponible : renvoyer le message plus tard",
                              hl7::ack_code::AR};
    return {verdict::busy, ".ack.hl7", hl7::write_ack(*header, hl7::refusal(new_control_id(), now, {full}))};
}

std::string content_digest(const submission& from)
{
    std::string both = mime::hex(mime::sha256(from.bytes));
    if (from.attachment) both += mime::hex(mime::sha256(*from.attachment));
    if (from.size == size_class::beyond_keeping) both += from.name;  // the rest of it was not read
    return both;
}

submission_keys submission_keys::of(const ports::vault& vault, const submission& from,
                                    const std::optional<hl7::message_header>& header)
{
    submission_keys keys{vault.match_key("submission", content_digest(from)), {}};
    if (header)
        keys.message =
            vault.match_key("message", header->sending_application + '|' + header->sending_facility + '|' +
                                           header->control_id + '|' + header->message_code + '^' + header->event);
    return keys;
}

bool submission_keys::is_message_known(ports::reader& store) const
{
    return !message.empty() && store.answered(message).has_value();
}

void submission_keys::remember(ports::transaction& tx, const ports::submission_answer& answer) const
{
    tx.add_answer(content, answer);
    if (!message.empty()) tx.add_answer(message, answer);
}
}
