#include "tests/unit/mime/hl7/sample.hpp"

#include "mime/hl7/movement_message.hpp"

#include <catch2/catch.hpp>

using namespace mime::hl7;
using namespace hl7_test;

namespace {
hl7_result<movement_message> read(const std::string& text, const profile& rules = {})
{
    auto m = read_message(text, rules.ending);
    if (!m.has_value()) return m.error();
    const auto form = form_of(*m, rules);
    if (!form.has_value()) return form.error();
    REQUIRE(*form == message_form::movement);
    return read_movement_message(*m, rules);
}
}

TEST_CASE("a discharge says who, when, where and which doctor", "[hl7][movement]")
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
    CHECK(mime::write_timestamp(got->when->value) == "20261120141000");
    CHECK(got->when->source == time_source::exact);
    CHECK(got->kind == movement_kind::discharge);
    CHECK(got->movement_id == "M77^HOP_DEMO");
    CHECK(got->action == movement_action::insert);
    CHECK(mime::write_timestamp(got->recorded) == "20261120141200");
    REQUIRE(got->moved.has_value());
    CHECK(mime::write_timestamp(*got->moved) == "20261120140500");
    CHECK_FALSE(got->historic);
    CHECK(got->nature == "S");
    REQUIRE(got->medical_unit.has_value());
    CHECK(got->medical_unit->id == "4410");
    CHECK_FALSE(got->nursing_unit.has_value());
    CHECK(got->visit.patient_class == "I");
    CHECK_FALSE(got->attending.has_value());
    REQUIRE(got->treating_doctor.has_value());
    CHECK(got->treating_doctor->rpps == "99900000029");
    CHECK(got->warnings.empty());
}

TEST_CASE("the discharge time comes from the best source there is", "[hl7][movement]")
{
    std::string text = with_field(discharge_text(), "PV1", 45, "");
    auto got = read(text);
    REQUIRE(got.has_value());
    CHECK(got->when->source == time_source::movement);
    CHECK(mime::write_timestamp(got->when->value) == "20261120140500");
    text = without(text, "ZBE");
    got = read(text);
    REQUIRE(got.has_value());
    CHECK(got->when->source == time_source::event);
    CHECK(mime::write_timestamp(got->when->value) == "20261120141100");
    CHECK(got->visit.service == "MED1");
    got = read(with_field(discharge_text(), "PV1", 45, "20261120"));
    REQUIRE(got.has_value());
    CHECK(got->when->source == time_source::exact);
    CHECK(got->when->value.precision == mime::time_precision::day);
}

TEST_CASE("faulty discharges are refused with their place", "[hl7][movement]")
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
        {with_field(base, "MSH", 9, "ADT^A08^ADT_A01"), 201, "MSH^1^9"},
        {with_field(base, "MSH", 9, "ADT^A12^ADT_A12"), 201, "MSH^1^9"},
        {with_field(base, "MSH", 9, "ADT^A03^ADT_A01"), 103, "MSH^1^9^1^3"},
    }));
    CAPTURE(tc.text);
    const auto got = read(tc.text);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().front().code == tc.code);
    CHECK(got.error().front().location == tc.location);
}

TEST_CASE("roles and actions of a discharge", "[hl7][movement]")
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

TEST_CASE("profiles of discharges are free unless listed", "[hl7][movement]")
{
    profile rules;
    rules.discharge_profiles = {"2.11^IHE_FRANCE-2.11-PAM"};
    CHECK(read(discharge_text(), rules).has_value());
    rules.discharge_profiles = {"2.10^IHE_FRANCE-2.10-PAM"};
    CHECK_FALSE(read(discharge_text(), rules).has_value());
}

TEST_CASE("a discharge cut at any octet never crashes", "[hl7][movement]")
{
    const std::string whole = discharge_text();
    profile loose;
    loose.ending = last_segment::any;
    for (std::size_t cut = 0; cut < whole.size(); ++cut) (void)read(whole.substr(0, cut), loose);
}

TEST_CASE("each event of a stay is a kind and an action", "[hl7][movement]")
{
    struct row {
        std::string_view event;
        movement_kind kind;
        movement_action action;
        std::string_view when;
        time_source source;
    };
    using k = movement_kind;
    using a = movement_action;
    using s = time_source;
    const auto tc = GENERATE(values<row>({
        {"A01", k::admission, a::insert, "20261116090500", s::exact},
        {"A02", k::transfer, a::insert, "20261118110000", s::movement},
        {"A03", k::discharge, a::insert, "20261120141000", s::exact},
        {"A11", k::admission, a::cancel, "20261116090500", s::exact},
        {"A13", k::discharge, a::cancel, "20261120141000", s::exact},
        {"Z99", k::discharge, a::update, "20261120141000", s::exact},
    }));
    CAPTURE(tc.event);
    const std::string base = movement_text(tc.event);
    const auto got = read(base);
    REQUIRE(got.has_value());
    CHECK(got->kind == tc.kind);
    CHECK(got->action == tc.action);
    REQUIRE(got->when.has_value());
    CHECK(mime::write_timestamp(got->when->value) == tc.when);
    CHECK(got->when->source == tc.source);
    CHECK(got->patient.file_number->value.reveal() == "26011234");
    CHECK(read(with_field(base, "MSH", 9, "ADT^" + std::string(tc.event))).has_value());
    CHECK_FALSE(read(with_field(base, "MSH", 9, "ADT^" + std::string(tc.event) + "^ADT_A99")).has_value());
    // No time at all: only what cancels can do without.
    std::string timeless = with_field(with_field(base, "PV1", 44, ""), "PV1", 45, "");
    timeless = with_field(with_field(timeless, "ZBE", 2, ""), "EVN", 6, "");
    CHECK(read(timeless).has_value() == (tc.action == a::cancel));
}

TEST_CASE("what an event says and what its movement says must agree", "[hl7][movement]")
{
    struct row {
        std::string text;
        int code;  // 0: accepted
        std::string_view location;
    };
    const auto of = [](std::string_view event, std::size_t field, std::string_view value) {
        return with_field(movement_text(event), "ZBE", field, value);
    };
    const auto timeless = [](std::string_view event, std::size_t exact) {
        return with_field(with_field(with_field(movement_text(event), "PV1", exact, ""), "ZBE", 2, ""), "EVN", 6, "");
    };
    const auto tc = GENERATE_COPY(values<row>({
        {timeless("A01", 44), 101, "PV1^1^44"},
        {timeless("A02", 44), 101, "ZBE^1^2"},
        {without(with_field(movement_text("A02"), "EVN", 6, ""), "ZBE"), 101, "ZBE^1^2"},
        {timeless("Z99", 45), 101, "PV1^1^45"},
        {of("A01", 2, "demain"), 102, "ZBE^1^2"},
        {with_field(movement_text("A01"), "PV1", 44, "demain"), 102, "PV1^1^44"},
        {with_field(movement_text("A01"), "PV1", 2, "X"), 103, "PV1^1^2"},
        {with_field(movement_text("A01"), "PV1", 19, ""), 101, "PV1^1^19"},
        {of("A01", 4, "AUTRE"), 103, "ZBE^1^4"},
        {of("A02", 4, "UPDATE"), 0, ""},
        {of("A02", 4, "CANCEL"), 0, ""},
        {of("A11", 4, "INSERT"), 207, "ZBE^1^4"},
        {of("A13", 4, "UPDATE"), 207, "ZBE^1^4"},
        {of("A13", 4, ""), 0, ""},
        {of("A13", 6, ""), 0, ""},
        {of("A13", 6, "A01"), 207, "ZBE^1^6"},
        {of("A13", 6, "A99"), 207, "ZBE^1^6"},
        {of("A11", 6, "A03"), 207, "ZBE^1^6"},
        {of("A11", 6, "A04"), 0, ""},
        {of("A03", 6, "A01"), 0, ""},  // of an insertion ZBE-6 says nothing
        {without(movement_text("A11"), "ZBE"), 0, ""},
        {without(movement_text("Z99"), "ZBE"), 100, "ZBE^1"},
        {with_line_after(movement_text("A01"), "ZBE", "ZBE|M99"), 198, "ZBE^2"},
        {of("Z99", 1, ""), 101, "ZBE^1^1"},
        {of("Z99", 4, ""), 101, "ZBE^1^4"},
        {of("Z99", 4, "INSERT"), 103, "ZBE^1^4"},
        {of("Z99", 4, "CANCEL"), 0, ""},
        {of("Z99", 6, ""), 101, "ZBE^1^6"},
        {of("Z99", 6, "A21"), 0, ""},
        {with_field(movement_text("A02"), "MSH", 12, "2.6"), 203, "MSH^1^12"},
        {with_field(movement_text("A02"), "MSH", 11, "T"), 202, "MSH^1^11"},
    }));
    CAPTURE(tc.text);
    const auto got = read(tc.text);
    REQUIRE(got.has_value() == (tc.code == 0));
    if (tc.code == 0) return;
    CHECK(got.error().front().code == tc.code);
    CHECK(got.error().front().location == tc.location);
}

TEST_CASE("an update is about the movement that it names", "[hl7][movement]")
{
    struct row {
        std::string_view original;
        movement_kind kind;
    };
    const auto tc = GENERATE(values<row>({{"A01", movement_kind::admission},
                                          {"A02", movement_kind::transfer},
                                          {"A03", movement_kind::discharge},
                                          {"A13", movement_kind::other},
                                          {"A21", movement_kind::other}}));
    CAPTURE(tc.original);
    const auto got = read(with_field(movement_text("Z99"), "ZBE", 6, tc.original));
    REQUIRE(got.has_value());
    CHECK(got->kind == tc.kind);
    CHECK(got->original_event == tc.original);
    CHECK(read(with_field(movement_text("Z99"), "ZBE", 4, "CANCEL"))->action == movement_action::cancel);
}

TEST_CASE("units, doctors and history of a movement", "[hl7][movement]")
{
    constexpr std::string_view vidal = "899900000011^VIDAL^PAUL", roux = "899900000029^ROUX^ANNE";
    std::string text = with_field(with_field(movement_text("A02"), "PV1", 7, vidal), "PV1", 8, roux);
    text = with_field(with_field(text, "ZBE", 8, "Soins B^^^^^HOP_DEMO&2.999.1.3&ISO^UF^^^5520"), "ZBE", 5, "Y");
    auto got = read(text);
    REQUIRE(got.has_value());
    CHECK(got->historic);
    CHECK(got->nursing_unit->id == "5520");
    CHECK(got->visit.service == "4410");
    CHECK(got->attending->rpps == "99900000011");
    CHECK(got->referring->rpps == "99900000029");
    CHECK(got->treating_doctor->rpps == "99900000029");  // by ROL
    text = without(without(text, "ROL"), "ROL");
    CHECK_FALSE(read(text)->treating_doctor.has_value());  // attending is not treating
    profile rules;
    rules.treating_doctor_fields = {"PV1-7", "PV1-8"};
    CHECK(read(text, rules)->treating_doctor->rpps == "99900000011");
    rules.treating_doctor_fields = {"PV1-8"};
    CHECK(read(text, rules)->treating_doctor->rpps == "99900000029");
    got = read(with_field(text, "ZBE", 7, ""));
    REQUIRE(got.has_value());
    CHECK(got->visit.service == "5520");
    CHECK(read(with_field(text, "PID", 32, "VALI"))->patient.reliability == "VALI");
}

TEST_CASE("a movement cut at any octet never crashes", "[hl7][movement]")
{
    profile loose;
    loose.ending = last_segment::any;
    for (const char* event : {"A01", "A02", "A11", "A13", "Z99"}) {
        const std::string whole = movement_text(event);
        for (std::size_t cut = 0; cut < whole.size(); ++cut) (void)read(whole.substr(0, cut), loose);
    }
}
