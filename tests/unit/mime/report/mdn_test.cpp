#include "mime/report/mdn.hpp"
#include "mime/report/returned_mail.hpp"

#include <catch2/catch.hpp>

using namespace mime::report;

namespace {
std::string body(std::string_view disposition, std::string_view more = {})
{
    return "Reporting-UA: logiciel; 1.0\r\nOriginal-Recipient: rfc822; d@medecin.test\r\nFinal-Recipient: "
           "rfc822;app@medecin.test\r\n"
           "Original-Message-ID: <letter1@hopital.test>\r\nDisposition:" +
           std::string(disposition) + "\r\n" + std::string(more);
}
}

TEST_CASE("dispositions in the standard and both national forms", "[report][mdn]")
{
    struct row {
        std::string text;
        disposition_type type;
        bool error;
        std::optional<int> code;
        bool automatic;
    };
    const std::string automatic = " automatic-action/MDN-sent-automatically; ";
    for (const auto& row : std::vector<row>{
             {body(automatic + "processed"), disposition_type::processed, false, std::nullopt, true},
             {body("automatic-action/MDN-sent-automatically;processed"), disposition_type::processed, false,
              std::nullopt, true},
             {body(automatic + "processed/Error: 902^Patient inconnu^messageErrorCondition| E^Error^errorSeverity"),
              disposition_type::processed, true, 902, true},
             {body(automatic + "processed / error",
                   "Error: 905^INS^applicationErrorCondition| E^Error^errorSeverity\r\n"),
              disposition_type::processed, true, 905, true},
             {body(automatic + "processed/error"), disposition_type::processed, true, std::nullopt, true},
             {body(" manual-action/MDN-sent-manually; displayed"), disposition_type::displayed, false, std::nullopt,
              false},
             {body(" Manual-Action / MDN-sent-manually ; DELETED"), disposition_type::deleted, false, std::nullopt,
              false},
             {body(" manual-action/MDN-sent-manually; dispatched/warning"), disposition_type::dispatched, false,
              std::nullopt, false},
             {body(automatic + "failed"), disposition_type::failed, true, std::nullopt, true},
             {body(automatic + "denied"), disposition_type::denied, false, std::nullopt, true}}) {
        CAPTURE(row.text);
        const auto read = read_disposition_notification(row.text);
        REQUIRE(read.has_value());
        CHECK(read->type == row.type);
        CHECK(read->is_error == row.error);
        CHECK(read->error_code == row.code);
        CHECK(read->automatic_action == row.automatic);
        CHECK(read->original_message_id == "letter1@hopital.test");
        CHECK(read->final_recipient == "app@medecin.test");
        for (std::size_t cut = 0; cut <= row.text.size(); ++cut)
            (void)read_disposition_notification(std::string(row.text, 0, cut));
    }
}

TEST_CASE("what is no disposition is refused", "[report][mdn]")
{
    for (const auto* bad : {"", "Final-Recipient: rfc822; a@b.test\r\n", "Disposition: processed\r\n",
                            "Disposition: a/b; eaten\r\n", "Disposition: ;\r\n", "Disposition:\r\n"})
        CHECK(read_disposition_notification(bad).error() == report_errc::malformed);
    mdn_limits limits;
    const std::string good = body(" a/b; displayed");
    limits.max_octets = good.size();
    CHECK(read_disposition_notification(good, limits).has_value());
    --limits.max_octets;
    CHECK(read_disposition_notification(good, limits).error() == report_errc::too_large);
    limits = {};
    limits.max_field_octets = 21;  // "rfc822; d@medecin.test" has 22
    CHECK(read_disposition_notification(good, limits).error() == report_errc::too_large);
    CHECK(read_disposition_notification(body(" a/b; processed/error", "Error: 12345678901234567890\r\n"))->error_code ==
          123456);
}

TEST_CASE("an MDN with a broken end is still found", "[report][mdn][find]")
{
    const std::string mail =
        "Message-ID: <mdn1@medecin.test>\r\nSubject: [KO]\r\nContent-Type: multipart/report;\r\n "
        "report-type=disposition-notification; boundary=\"b\"\r\n\r\n"
        "--b\r\n\r\nErreur 902\r\n--b\r\nContent-Type: message/disposition-notification\r\nContent-Transfert-Encoding: "
        "7bit\r\n\r\n" +
        body("automatic-action/MDN-sent-automatically; processed/Error: 902^x^y| E^Error^errorSeverity") +
        "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <other@hopital.test>\r\n\r\n\xE2\x80\x94\x62--\r\n";
    const auto found = read_returned_mail(mail);
    REQUIRE(found.kind == return_kind::mdn);
    CHECK(found.disposition->error_code == 902);
    CHECK(found.originals.at(0) == original_id{"letter1@hopital.test", id_source::report_field});
    CHECK(found.message_id == "mdn1@medecin.test");
    for (std::size_t cut = 0; cut <= mail.size(); ++cut) (void)read_returned_mail(std::string(mail, 0, cut));
}
