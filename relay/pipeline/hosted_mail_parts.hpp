// relay/pipeline/hosted_mail_parts.hpp: what the parts of hosted_mail share. Private to hosted_mail*.cpp and
// idle_mailboxes.cpp, which puts its warning into a mailbox.
#pragma once

#include "relay/pipeline/hosted_mail.hpp"

namespace relay::pipeline {
// What IMAP serves of it, into the row.
void compute_view(ports::new_message& row, std::string_view content);

struct hosted_mail::arrival {
    const ports::mail_envelope& envelope;
    std::string_view message;  // as received
    std::string content;       // Return-Path, our Received field, the mail
    ports::new_message row;    // but for its mailbox and object
    instant at;
    // As it leaves: whoever delivers at last writes Return-Path (RFC 5321 §4.4).
    [[nodiscard]] std::string_view traced() const { return std::string_view(content).substr(content.find("\r\n") + 2); }
};

// Every recipient once, by what becomes of the mail for him.
struct hosted_mail::addressed {
    recipients here;       // mailboxes of ours, the postmaster
    recipients beside;     // mailboxes that another server keeps for us
    recipients elsewhere;  // at other operators
    recipients clear;      // elsewhere too, but the mail is not encrypted
    recipients untrusted;  // elsewhere too, but the trust space or the routes have changed since RCPT
    std::size_t all = 0;
};

struct hosted_mail::mailbox_copy {
    const ports::envelope_recipient* to;
    ports::new_message row;
    std::optional<made_report> delivered;  // if asked for
};

struct hosted_mail::tally {
    std::size_t newly = 0;
    recipients gone;
};
}
