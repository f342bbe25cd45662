// relay/pipeline/notice_mail.hpp: mails of the node to its own people: alerts and digests. They are no letters
// (design.md §3.5): no patient data, TLS only. They wait in the queue as reports do, from <>, and are never answered
// automatically (RFC 3834 §5 Auto-Submitted). Pure but for sealing.
#pragma once

#include "relay/pipeline/delivery_reports.hpp"

namespace relay::pipeline {
struct notice {
    std::string from;  // address
    std::string to;
    std::string subject;  // UTF-8
    std::string text;     // UTF-8
    std::string html;     // empty: text alone; `cid:chart` is the picture
    std::string picture;  // PNG; empty: none
    std::string picture_name;
    std::string message_id;  // without angle brackets; the same one is queued once
};
[[nodiscard]] result<std::string> write_notice(const notice& what, const mime::message::mail_date& date);
// As it waits for its transaction: queue_report() of delivery_reports.hpp queues it.
[[nodiscard]] result<made_report> make_notice(const services& with, const notice& what, const mime::zone& zone);
}
