#include <catch2/catch.hpp>

#include "relay/store/errc.hpp"
#include "relay/store/facts.hpp"

using namespace relay;
using namespace relay::pipeline;
using namespace relay::store;

namespace {
event_facts full()
{
    event_facts facts;
    facts.why = cause::mailbox_full;
    facts.smtp_code = 452;
    facts.enhanced_status = "4.2.2";
    facts.peer = "mx.operateur.test";
    facts.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
    facts.attempt = 3;
    facts.discharge = instant(std::chrono::milliseconds(1790000000123));
    facts.quality = discharge_quality::document;
    facts.flags = "ambiguous_time mt_assumed";
    facts.evidence = "abcdefghijklmnopqrstuvwxyz";
    facts.peer_text = std::string("452 bo\xeete pleine\0!", 19);
    facts.actor = "secretaire";
    facts.movement.id = "M77^HOP_DEMO";
    facts.movement.action = movement_action::update;
    facts.movement.recorded = instant(std::chrono::milliseconds(1790000000124));
    facts.movement.at = instant(std::chrono::milliseconds(-1));
    facts.movement.patient_class = "I";
    facts.movement.service = "4410";
    facts.movement.treating_rpps = "99900000029";
    facts.movement.identity_key = std::string(64, 'a');
    facts.movement.traits_key = std::string(64, 'b');
    facts.said.to = "m.dupont";
    facts.said.at = instant(std::chrono::milliseconds(1790000000125));
    facts.said.reason = "CALLED";
    facts.said.about = "held NO_MAILBOX";
    return facts;
}
}

TEST_CASE("facts come back as they went in", "[store][facts]")
{
    for (const auto& facts : {event_facts{}, full()}) {
        const auto back = read_facts(write_facts(facts));
        REQUIRE(back.has_value());
        CHECK(*back == facts);
    }
    CHECK(write_facts({}).size() == 1);
}

TEST_CASE("facts cut anywhere but between fields are refused", "[store][facts]")
{
    const std::string bytes = write_facts(full());
    std::size_t accepted = 0;
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        accepted += read_facts(bytes.substr(0, cut)).has_value() ? 1 : 0;
    CHECK(accepted == 25);  // twenty-five fields: an end after the version or after any but the last is a whole record
}

TEST_CASE("unknown fields are skipped, unknown causes stay causes, nonsense is refused", "[store][facts]")
{
    std::string newer = write_facts(full());
    put_field(newer, 200, "of a newer program");
    CHECK(*read_facts(newer) == full());

    std::string cause_of_tomorrow(1, '\1');
    put_field(cause_of_tomorrow, 1, "QUOTA_OF_DOMAIN");
    CHECK(read_facts(cause_of_tomorrow)->why == cause::unknown);

    for (const auto& [tag, value] : {std::pair{2, "4x2"}, {2, ""}, {6, "99999999999"}, {7, "-"}, {8, "sometimes"}}) {
        std::string bytes(1, '\1');
        put_field(bytes, static_cast<unsigned char>(tag), value);
        CAPTURE(tag, value);
        CHECK(read_facts(bytes).error() == store_errc::damaged);
    }
    CHECK(read_facts("").error() == store_errc::damaged);
    CHECK(read_facts("\2").error() == store_errc::damaged);
    CHECK(read_facts(std::string("\1\1\xff\xff\xff\xff", 6)).error() == store_errc::damaged);
}
