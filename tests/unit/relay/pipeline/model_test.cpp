#include <catch2/catch.hpp>

#include "relay/pipeline/model.hpp"

using namespace relay::pipeline;

namespace {
template <class Enum>
void check_words(Enum last)
{
    for (int index = 0; index <= static_cast<int>(last); ++index) {
        const auto value = static_cast<Enum>(index);
        CAPTURE(index, name(value));
        const auto back = from_name<Enum>(name(value));
        REQUIRE(back.has_value());
        CHECK(*back == value);
    }
    CHECK_FALSE(from_name<Enum>("").has_value());
    CHECK_FALSE(from_name<Enum>("no such word").has_value());
}
}

TEST_CASE("every enumerator has one word and comes back from it", "[pipeline][model]")
{
    check_words(delivery_state::other_channel);
    check_words(cause::unknown);
    check_words(event_kind::work_done);
    check_words(discharge_quality::date_only);
    check_words(delivery_kind::mail);
    check_words(recipient_role::patient);
    check_words(submission_form::hl7_adt);
    check_words(movement_action::update);
    check_words(match_state::person);
    check_words(letter_operation::remove);
}

TEST_CASE("words that are kept in the store stay what they are", "[pipeline][model]")
{
    CHECK(name(delivery_state::rejected_by_software) == "rejected_by_software");
    CHECK(name(cause::no_certificate) == "NO_CERTIFICATE");
    CHECK(name(cause::disputed) == "DISPUTED");
    CHECK(name(event_kind::report_delayed) == "report_delayed");
    CHECK(name(discharge_quality::date_only) == "date_only");
    CHECK(name(submission_form::pdf_sidecar) == "pdf_sidecar");
}

TEST_CASE("a deletion comes right after its version and before the next", "[pipeline][model]")
{
    for (const int version : {-1, 0, 1, 2, 1'000'000}) {
        CHECK(turn_of(version, letter_operation::initial) == turn_of(version, letter_operation::replace));
        CHECK(turn_of(version, letter_operation::remove) > turn_of(version, letter_operation::initial));
        CHECK(turn_of(version + 1, letter_operation::replace) > turn_of(version, letter_operation::remove));
    }
}
