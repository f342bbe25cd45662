// Target report: a mail that came back, then its words and machine parts by their own readers. Success: it is of a
// known kind. Seeds: the corpus of tests/data/returns.
#include "mime/report/plain_text.hpp"
#include "mime/report/reply_text.hpp"
#include "mime/report/returned_mail.hpp"
#include "tests/fuzz/harness.hpp"
#include "tests/support/returns_corpus.hpp"

#include <algorithm>
#include <set>

namespace report = mime::report;

std::vector<std::string> fuzz::seeds()
{
    std::vector<std::string> all;
    for (const auto& each : tests::returned_cases(TESTS_DATA "/returns"))
        if (!each.expected.starts_with("other")) all.push_back(each.mail);
    return all;
}

bool fuzz::reads(std::string_view input)
{
    const report::return_limits limits;
    const report::returned_mail mail = report::read_returned_mail(input, limits);
    promise(mail.originals.size() <= limits.max_originals && mail.recipients.size() <= limits.dsn.max_recipients);
    std::set<std::string> ids;
    for (const auto& original : mail.originals) promise(!original.id.empty() && ids.insert(original.id).second);
    promise(std::is_sorted(mail.doubts.begin(), mail.doubts.end()));
    const bool lists = mail.kind == report::return_kind::dsn || mail.kind == report::return_kind::bounce;
    promise(lists == !mail.recipients.empty());
    promise((mail.kind == report::return_kind::mdn) == mail.disposition.has_value());
    promise(mail.kind == report::return_kind::reply || mail.wording == report::reply_wording::plain);
    for (const auto& one : mail.recipients) {
        promise(one.diagnostic.size() <= limits.dsn.max_field_octets);
        promise(!one.smtp_code || (*one.smtp_code >= 200 && *one.smtp_code <= 599));
    }
    promise(report::html_text(input).size() <= input.size() + 1);
    promise(report::own_words(input).size() <= 4000);
    (void)report::disputes_patient(input);
    (void)report::read_delivery_status(input);
    (void)report::read_disposition_notification(input);
    return mail.kind != report::return_kind::other;
}
