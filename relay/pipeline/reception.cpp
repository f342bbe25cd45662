#include "relay/pipeline/reception.hpp"

#include <algorithm>

#include "mime/hl7/acknowledgement.hpp"
#include "mime/text/ascii.hpp"
#include "relay/pipeline/causes.hpp"
#include "relay/pipeline/letter_details.hpp"
#include "relay/pipeline/submission.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
// The national table of DMP_ERROR_CODE is in none of the texts at hand (mssante.md §3.3): a code of our own, and words.
constexpr std::string_view no_shared_record_code = "LIAISON_NO_DMP";
constexpr std::string_view no_shared_record_text =
    "Ce relais n'alimente pas le DMP : document envoyé par MSSanté seulement";

constexpr std::string_view number_of(ack_kind kind)
{
    return kind == ack_kind::shared_record ? "1" : kind == ack_kind::reception ? "2" : "3";
}

// One acknowledgement about one letter; `delivery` is empty for what is about the message as a whole.
class teller {
public:
    teller(ports::transaction& tx, const services& with, const letter_id& letter, const delivery_id& delivery,
           ack_kind kind)
        : tx_(tx), with_(with), delivery_(delivery), kind_(kind)
    {
        letter_ = tx.letter(letter);
        if (!letter_) return;
        const auto opened = with.vault.open_field(field::letter_details, letter_->details);
        if (opened.has_value()) details_ = read_details(*opened);
    }

    // Of the message; its control id is empty if the letter did not come by HL7.
    [[nodiscard]] const letter_details& details() const noexcept { return details_; }
    [[nodiscard]] bool by_hl7() const noexcept { return !details_.control_id.empty(); }

    [[nodiscard]] hl7::message_header received() const
    {
        hl7::message_header header;
        header.sending_application = details_.sending_application;
        header.sending_facility = details_.sending_facility;
        header.receiving_application = details_.receiving_application;
        header.receiving_facility = details_.receiving_facility;
        header.processing_id = details_.processing_id;
        header.control_id = details_.control_id;
        return header;
    }

    // MSH-10 of the acknowledgement that tells this; nullopt when it has been told, and nothing else since. Made of
    // letter or delivery, kind and outcome: a repeat of the same news could not be stored under a second name.
    [[nodiscard]] std::optional<std::string> control_id(ack_outcome outcome, reading_proof proof) const
    {
        int before = 0;
        std::optional<ack_outcome> last;
        for (const ack_row& row : tx_.acks_of(letter_->id)) {
            if (row.kind != kind_ || row.delivery != delivery_) continue;
            last = row.outcome;
            if (row.outcome == outcome) ++before;
        }
        if (last == outcome || (last && proof == reading_proof::weak)) return std::nullopt;
        const std::string& about = delivery_.empty() ? letter_->id.text() : delivery_.text();
        std::string id =
            about.substr(about.size() - std::min<std::size_t>(about.size(), 15)) + "-";  // random to its end
        id.append(number_of(kind_)).append(outcome == ack_outcome::positive ? "Y" : "N");
        return before == 0 ? id : id + std::to_string(before + 1);
    }

    void tell(std::string control_id, ack_outcome outcome, std::string_view zam)
    {
        const std::string ending = ".z0" + std::string(number_of(kind_)) + "-" + control_id + ".hl7";
        ack_row ack;
        ack.file_name = with_.vault.seal_field(field::ack_name, acknowledgement_name(details_.source_name, ending));
        ack.content = with_.vault.seal_field(field::ack_content, zam);
        ack.kind = kind_;
        ack.outcome = outcome;
        ack.control_id = std::move(control_id);
        ack.letter = letter_->id;
        ack.delivery = delivery_;
        ack.next_try = with_.clock.now();
        tx_.add_ack(ack);
    }

private:
    ports::transaction& tx_;
    const services& with_;
    const delivery_id delivery_;
    ack_kind kind_;
    std::optional<letter_row> letter_;
    letter_details details_;
};

std::optional<recipient> recipient_of(const services& with, const delivery_row& row)
{
    const auto named = with.vault.open_field(field::recipient, row.recipient);
    if (!named.has_value()) return std::nullopt;
    return read_recipient(*named);
}
}

reception_failure failure_without_reply(cause why)
{
    return {facts_of(why).reception_code, ""};
}

reception_failure failure_by_reply(int smtp_code, std::string enhanced_status)
{
    return {smtp_code == 0 ? std::nullopt : std::optional(smtp_code), std::move(enhanced_status)};
}

void queue_reception(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                     const std::optional<reception_failure>& failure, const mime::zone& zone)
{
    teller to_hospital(tx, with, row.letter, row.id, ack_kind::reception);
    if (!to_hospital.by_hl7() || !to_hospital.details().wants_reception) return;
    const auto to = recipient_of(with, row);
    const ack_outcome outcome = failure ? ack_outcome::negative : ack_outcome::positive;
    auto id = to_hospital.control_id(outcome, reading_proof::certain);
    if (!to || !id) return;
    hl7::delivery_acknowledgement said;
    said.control_id = *id;
    said.written = mime::local_timestamp(with.clock.now(), zone);
    said.happened = mime::local_timestamp(happened, zone);
    said.address = mime::patient_text(to->address);
    said.recipient_id = to->rpps;
    if (failure) said.failure = hl7::smtp_error_code_for(failure->smtp_code, failure->enhanced_status);
    to_hospital.tell(std::move(*id), outcome, hl7::write_zam_z02(to_hospital.received(), said));
}

void correct_reception(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                       const mime::zone& zone)
{
    std::optional<ack_outcome> last;
    for (const ack_row& told : tx.acks_of(row.letter))
        if (told.kind == ack_kind::reception && told.delivery == row.id) last = told.outcome;
    if (last == ack_outcome::negative) queue_reception(tx, with, row, happened, std::nullopt, zone);
}

void queue_reading(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                   const reading_report& report, const mime::zone& zone)
{
    teller to_hospital(tx, with, row.letter, row.id, ack_kind::reading);
    if (!to_hospital.by_hl7() || !to_hospital.details().wants_reading) return;
    const auto to = recipient_of(with, row);
    const ack_outcome outcome = report.error ? ack_outcome::negative : ack_outcome::positive;
    auto id = to_hospital.control_id(outcome, report.proof);
    if (!to || !id) return;
    const bool own = report.reader.empty() || mime::same_text(report.reader, to->address);
    hl7::reading_acknowledgement said;
    said.control_id = *id;
    said.written = mime::local_timestamp(with.clock.now(), zone);
    said.happened = mime::local_timestamp(happened, zone);
    said.address = mime::patient_text(own ? to->address : report.reader);
    if (own) said.recipient_id = to->rpps;
    said.error_code = report.error;
    to_hospital.tell(std::move(*id), outcome, hl7::write_zam_z03(to_hospital.received(), said));
}

void queue_shared_record_refusal(ports::transaction& tx, const services& with, const letter_row& letter,
                                 instant happened, const mime::zone& zone)
{
    teller to_hospital(tx, with, letter.id, {}, ack_kind::shared_record);
    if (!to_hospital.by_hl7() || !to_hospital.details().wants_reception) return;
    auto id = to_hospital.control_id(ack_outcome::negative, reading_proof::certain);
    if (!id) return;
    hl7::shared_record_acknowledgement said;
    said.control_id = *id;
    said.written = mime::local_timestamp(with.clock.now(), zone);
    said.happened = mime::local_timestamp(happened, zone);
    said.error_code = no_shared_record_code;
    said.error_label = no_shared_record_text;
    to_hospital.tell(std::move(*id), ack_outcome::negative, hl7::write_zam_z01(to_hospital.received(), said));
}
}
