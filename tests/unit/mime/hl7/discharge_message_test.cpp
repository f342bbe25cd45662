#include "tests/unit/mime/hl7/sample.hpp"

#include "mime/hl7/discharge_message.hpp"

#include <catch2/catch.hpp>

using namespace mime::hl7;
using namespace hl7_test;

namespace {
hl7_result<discharge_message> read(const std::string& text, const profile& rules = {})
{
    auto m = read_message(text, rules.ending);
    if (!m.has_value()) return m.error();
    const auto form = form_of(*m, rules);
    if (!form.has_value()) return form.error();
    REQUIRE(*form == message_form::discharge);
    return read_discharge_message(*m, rules);
}
}

TEST_CASE("a discharge says who, when, where and which doctor", "[hl7][discharge]")
{
    const auto got = read(discharge_text());
    REQUIRE(got.has_value());
    CHECK(got->header.control_id == "ADT0001");
    CHECK(got->patient.birth_name.family.reveal() == "MARTEL");
    CHECK(got->patient.local->value.reveal() == "885214");
    CHECK(got->patient.file_number->value.reveal() == "26011234");
    CHECK(got->visit.number->value.reveal() == "26011234");
    CHECK(got->visit.service == "4410");
    CHECK(got->visit.service_name == "Médecine A");
    CHECK(mime::write_timestamp(got->discharged.value) == "20261120141000");
    CHECK(got->discharged.source == discharge_source::exact);
    CHECK(got->movement_id == "M77^HOP_DEMO");
    CHECK(got->action == movement_action::insert);
    REQUIRE(got->treating_doctor.has_value());
    CHECK(got->treating_doctor->rpps == "99900000029");
    CHECK(got->warnings.empty());
}

TEST_CASE("the discharge time comes from the best source there is", "[hl7][discharge]")
{
    std::string text = with_field(discharge_text(), "PV1", 45, "");
    auto got = read(text);
    REQUIRE(got.has_value());
    CHECK(got->discharged.source == discharge_source::movement);
    CHECK(mime::write_timestamp(got->discharged.value) == "20261120140500");
    text = without(text, "ZBE");
    got = read(text);
    REQUIRE(got.has_value());
    CHECK(got->discharged.source == discharge_source::event);
    CHECK(mime::write_timestamp(got->discharged.value) == "20261120141100");
    CHECK(got->visit.service == "MED1");
    got = read(with_field(discharge_text(), "PV1", 45, "20261120"));
    REQUIRE(got.has_value());
    CHECK(got->discharged.source == discharge_source::exact);
    CHECK(got->discharged.value.precision == mime::time_precision::day);
}

TEST_CASE("faulty discharges are refused with their place", "[hl7][discharge]")
{
    struct row {
        std::string text;
        int code;
        std::string_view location;
    };
    const std::string base = discharge_text();
    const std::string no_times = with_field(with_field(with_field(base, "PV1", 45, ""), "ZBE", 2, ""), "EVN", 6, "");
    const auto tc = GENERATE_COPY(values<row>({
        {no_times, 101, "PV1^1^45"},
        {with_field(base, "PV1", 45, "demain"), 102, "PV1^1^45"},  // not a reason to take ZBE-2
        {with_field(base, "PV1", 45, "202611"), 102, "PV1^1^45"},
        {with_field(with_field(base, "PV1", 45, ""), "ZBE", 2, "20261131"), 102, "ZBE^1^2"},
        {with_field(base, "PV1", 19, ""), 101, "PV1^1^19"},
        {with_field(base, "EVN", 2, ""), 101, "EVN^1^2"},
        {with_field(base, "PID", 3, ""), 101, "PID^1^3"},
        {with_field(base, "ZBE", 4, "AUTRE"), 103, "ZBE^1^4"},
        {without(base, "EVN"), 100, "EVN^1"},
        {without(base, "PID"), 100, "PID^1"},
        {without(base, "PV1"), 100, "PV1^1"},
        {with_field(base, "MSH", 12, "2.3"), 203, "MSH^1^12"},
        {with_field(base, "MSH", 9, "ADT^A13^ADT_A01"), 201, "MSH^1^9"},
        {with_field(base, "MSH", 9, "ADT^A03^ADT_A01"), 103, "MSH^1^9^1^3"},
    }));
    CAPTURE(tc.text);
    const auto got = read(tc.text);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().front().code == tc.code);
    CHECK(got.error().front().location == tc.location);
}

TEST_CASE("roles and actions of a discharge", "[hl7][discharge]")
{
    auto got = read(with_field(discharge_text(), "ROL", 2, "DE", 2));
    REQUIRE(got.has_value());
    CHECK_FALSE(got->treating_doctor.has_value());
    profile rules;
    rules.treating_doctor_roles = {"FHCP", "ODRP"};
    got = read(discharge_text(), rules);
    REQUIRE(got.has_value());
    CHECK(got->treating_doctor->rpps == "99900000011");
    CHECK(got->warnings.size() == 1);
    CHECK(read(with_field(discharge_text(), "ZBE", 4, "UPDATE"))->action == movement_action::update);
    CHECK(read(with_field(discharge_text(), "ZBE", 4, "CANCEL"))->action == movement_action::cancel);
    CHECK(read(with_field(discharge_text(), "ZBE", 4, ""))->warnings.size() == 1);
    CHECK(read(with_field(discharge_text(), "MSH", 9, "ADT^A03")).has_value());
}

TEST_CASE("profiles of discharges are free unless listed", "[hl7][discharge]")
{
    profile rules;
    rules.discharge_profiles = {"2.11^IHE_FRANCE-2.11-PAM"};
    CHECK(read(discharge_text(), rules).has_value());
    rules.discharge_profiles = {"2.10^IHE_FRANCE-2.10-PAM"};
    CHECK_FALSE(read(discharge_text(), rules).has_value());
}

TEST_CASE("a discharge cut at any octet never crashes", "[hl7][discharge]")
{
    const std::string whole = discharge_text();
    profile loose;
    loose.ending = last_segment::any;
    for (std::size_t cut = 0; cut < whole.size(); ++cut) (void)read(whole.substr(0, cut), loose);
}
