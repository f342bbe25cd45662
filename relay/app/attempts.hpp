// relay/app/attempts.hpp: an attempt to hand a mail over, between the words of the queue and those of the SMTP client:
// the envelope to send, and what the conversation came to (RFC 5321 §4.2, RFC 3461). Pure, safe from any thread.
#pragma once

#include "relay/pipeline/outbound.hpp"
#include "relay/smtp/connection/smtp_client.hpp"

namespace relay::app {
// Shares the bytes of `mail`.
[[nodiscard]] smtp::outgoing_mail outgoing(const pipeline::prepared_mail& mail);
// `host`: where it was to go, named where nobody was reached.
[[nodiscard]] pipeline::attempt_result result_of(const smtp::delivery_report& report, const std::string& host,
                                                 pipeline::delivery_kind kind);
}
