// relay/pipeline/submitted_mail.hpp: mail that a person submitted for other operators (RFC 6409), as it waits in the
// queue: one delivery of kind `mail` for each recipient, all of them on one object, and what its sender is told of it
// (RFC 3461 §5.2, §6). The envelope stays sealed in the delivery's recipient field; ids of the sender's choice (ENVID,
// Message-ID) never enter the columns by which reports about letters are matched. Blocking where a transaction is asked
// for, else pure.
#pragma once

#include "mime/message/header.hpp"
#include "relay/pipeline/delivery_reports.hpp"

namespace relay::pipeline {
// RFC 6409 §8.2, §8.3 and RFC 5322 §3.6.3: Date and Message-ID added where there is none, Bcc and a Return-Path of
// somebody else taken out. Everything else stays byte for byte.
struct completion {
    std::string message_id;  // for a mail without one
    std::string date;
};
[[nodiscard]] std::string complete_submitted(std::string_view message, const mime::message::header_view& header,
                                             const completion& with);

// The envelope of one recipient as the sealed field of a delivery. What is read of a damaged text is empty.
[[nodiscard]] std::string write_envelope(const ports::mail_envelope& of, const ports::envelope_recipient& to);
[[nodiscard]] ports::mail_envelope read_envelope(std::string_view text);  // one recipient, always

// A delivery for `to`, queued; its mail is the object `sealed`, which the caller adds once.
delivery_id queue_submitted(ports::transaction& tx, const services& with, const ports::mail_envelope& envelope,
                            const ports::envelope_recipient& to, const ports::sealed_object& sealed);

// Nothing more will be sent: the bytes go once no other recipient needs them.
void forget_bytes(ports::transaction& tx, delivery_row& row);

// Of what a mail came to, in the words of a report. A cause without a reply of the peer still has a status.
struct last_reply {
    cause why = cause::none;
    int smtp_code = 0;
    std::string enhanced_status;
    std::string peer_text;
    std::string peer;
};
[[nodiscard]] last_reply last_reply_of(const std::vector<event>& history);
// nullopt: its sender does not want to hear it, or is nobody. `message` empty: its bytes cannot be read any more.
[[nodiscard]] std::optional<made_report> report_submitted(const services& with, const reporting_options& options,
                                                          const ports::mail_envelope& envelope,
                                                          std::string_view message, instant arrived,
                                                          mime::report::dsn_action action, const last_reply& reply);
}
