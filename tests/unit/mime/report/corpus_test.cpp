// Every mail of tests/data/returns against its expected reading: what each kind of server, operator and person sends
// back, and what one broken place makes of it.
#include "mime/report/returned_mail.hpp"
#include "mime/text/ascii.hpp"
#include "tests/support/returns_corpus.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace mime::report;

namespace {
// What the bases have in common.
const std::string roux = "anne.roux@medecin.example";
const std::string envid = "e4c1b2a900f14d2e8f7a6b5c3d2e1f00";
const std::string letter = "5f1e9c3ab0d24c66a1b2c3d4e5f60718@relais.hopital.example";

std::string short_address(const std::string& address)
{
    return mime::same_text(address, roux) ? "roux" : address.empty() ? "nobody" : address;
}

std::string text_of(const recipient_status& one)
{
    constexpr const char* actions[] = {"failed", "delayed", "delivered", "relayed", "expanded"};
    std::string out = " " + short_address(one.final_recipient);
    if (!one.original_recipient.empty() && !mime::same_text(one.original_recipient, one.final_recipient))
        out += "<" + short_address(one.original_recipient);
    out += std::string(" ") + actions[static_cast<int>(one.action)];
    if (one.status) out += " " + write_enhanced_status(*one.status);
    if (one.smtp_code) out += " " + std::to_string(*one.smtp_code);
    return out + ",";
}

std::string text_of(const disposition_notification& said)
{
    constexpr const char* types[] = {"displayed", "dispatched", "processed", "deleted", "denied", "failed"};
    std::string out = std::string(" ") + types[static_cast<int>(said.type)];
    if (said.is_error) out += " error";
    if (said.error_code) out += " " + std::to_string(*said.error_code);
    return out + " by " + short_address(said.final_recipient) + ",";
}

// "dsn roux failed 5.1.1 550, envid, id:returned (from_text)"
std::string text_of(const returned_mail& read)
{
    constexpr const char* sources[] = {"field", "returned", "references"};
    std::string out(name(read.kind));
    if (read.recipients.size() > 5)
        out += " " + std::to_string(read.recipients.size()) + " recipients,";
    else
        for (const auto& one : read.recipients) out += text_of(one);
    if (read.disposition) out += text_of(*read.disposition);
    if (!read.envelope_id.empty()) out += read.envelope_id == envid ? " envid," : " other envid,";
    for (const auto& one : read.originals)
        out += std::string(one.id == letter ? " id:" : " other:") + sources[static_cast<int>(one.source)] + ",";
    if (read.wording == reply_wording::not_my_patient) out += " disputed,";
    if (read.message_id.empty()) out += " anonymous,";
    if (out.ends_with(',')) out.pop_back();
    for (std::size_t n = 0; n < read.doubts.size(); ++n)
        out += (n == 0 ? " (" : " ") + std::string(name(read.doubts[n])) + (n + 1 == read.doubts.size() ? ")" : "");
    return out;
}
const std::string folder = TESTS_DATA "/returns";
}

TEST_CASE("each mail of the corpus has its reading", "[report][returned][corpus]")
{
    std::set<std::string> bases, names;
    const auto all = tests::returned_cases(folder);
    for (const auto& each : all) {
        CAPTURE(each.base, each.name);
        CHECK(text_of(read_returned_mail(each.mail)) == each.expected);
        CHECK(names.insert(each.base + ": " + each.name).second);
        bases.insert(each.base);
    }
    CHECK(all.size() - bases.size() >= 150);
}

TEST_CASE("a mail of the corpus reads however it is cut", "[report][returned][corpus]")
{
    std::set<std::string> done;
    for (const auto& each : tests::returned_cases(folder)) {
        if (!done.insert(each.base).second) continue;  // the base itself
        for (std::size_t cut = 0; cut <= each.mail.size(); cut += 7) {
            const auto read = read_returned_mail(std::string(each.mail, 0, cut));
            for (const auto& id : read.originals) CHECK_FALSE(id.id.empty());
        }
    }
}
