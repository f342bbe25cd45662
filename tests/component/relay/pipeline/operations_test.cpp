// Replacement and deletion of letters over a real store, per recipient: what is superseded, what is cancelled, what
// leaves and what it says (domain.md §4, mssante.md §2.1, §4.6).
#include <catch2/catch.hpp>

#include <algorithm>

#include "mime/smime/open.hpp"
#include "mime/text/base64.hpp"
#include "mime/xdm/package.hpp"
#include "relay/pipeline/stay_fold.hpp"
#include "relay/pipeline/version_chain.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using tests::house;

namespace {
const std::string roux = "anne.roux@medecin.example";
const std::string vidal = "paul.vidal@medecin.example";
const std::string set = "2.999.7.417";

std::string id_of(unsigned version)
{
    return set + "." + std::to_string(version);
}

// Messages about one set, each with its own MSH-10 unless told otherwise.
tests::letter_order initial()
{
    tests::letter_order order;
    order.control_id = "T02-1";
    return order;
}

tests::letter_order version(unsigned number)
{
    tests::letter_order order;
    order.document = id_of(number);
    order.version = number;
    order.event = "T10";
    order.control_id = "T10-" + std::to_string(number);
    return order;
}

tests::letter_order deletion_of(tests::letter_order order)
{
    order.event = "T04";
    order.control_id = "T04-" + std::to_string(order.version);
    return order;
}

tests::letter_order to_vidal(tests::letter_order order)
{
    order.address = vidal;
    order.rpps = std::string(tests::first_doctor);
    order.control_id += "V";
    return order;
}

std::string between(const std::string& text, std::string_view from, std::string_view until)
{
    const auto at = text.find(from);
    if (at == std::string::npos) return {};
    const auto end = text.find(until, at + from.size());
    return text.substr(at + from.size(), end - at - from.size());
}

struct opened_mail {
    std::string entity;
    std::vector<std::string> documents;
    std::string body;        // first line
    std::string references;  // In-Reply-To
};

struct operations : house {
    tests::minted doctor = add_doctor(roux, tests::second_doctor);
    tests::minted other = add_doctor(vidal, tests::first_doctor);

    submission_result send(const tests::letter_order& order) { return drop("m.hl7", tests::mdm_file(order)); }
    void accepted(const tests::letter_order& order)
    {
        const auto answer = send(order);
        INFO(answer.content);
        REQUIRE(answer.what == verdict::accepted);
    }
    // The one delivery of this turn (2 × version, +1 for the deletion) to the first doctor's mailbox.
    delivery_row at_turn(int turn)
    {
        for (const auto& row : deliveries())
            if (row.turn == turn) return row;
        throw std::runtime_error("no delivery of this turn");
    }
    delivery_state state(int turn) { return at_turn(turn).state; }
    std::string last_flag(int turn) { return events(at_turn(turn).id).back().facts.flags; }
    std::vector<int> due_turns()
    {
        std::vector<int> turns;
        for (const auto& id : due(10).value())
            for (const auto& row : deliveries())
                if (row.id == id) turns.push_back(row.turn);
        return turns;
    }
    opened_mail open_mail(const prepared_mail& mail)
    {
        const auto& owner = mail.recipient == roux ? doctor : other;
        const auto opened = mime::smime::open(
            *mail.bytes, certs::read_private_key(owner.key).value(), certs::read_certificate(owner.certificate).value(),
            anchors, std::chrono::floor<std::chrono::seconds>(clock.now()), tests::hospital_address);
        REQUIRE(opened.has_value());
        opened_mail made;
        made.entity = opened->entity;
        made.references = between(opened->entity, "\r\nIn-Reply-To: <", ">");
        std::string zip;
        for (const char c : between(between(opened->entity, "filename=\"IHE_XDM.zip\"", "\r\n--"), "\r\n\r\n", "\1"))
            if (c != '\r' && c != '\n') zip += c;
        const auto package = mime::xdm::read_package(mime::base64_decode(zip).value());
        REQUIRE(package.has_value());
        for (const auto& one : package->documents) made.documents.push_back(one.bytes);
        std::string text = between(opened->entity, "Content-Disposition: inline\r\n\r\n", "\r\n--");
        for (auto at = text.find("=\r\n"); at != std::string::npos; at = text.find("=\r\n")) text.erase(at, 3);
        made.body = text.substr(0, text.find("\r\n"));
        return made;
    }
};

// What the delivery of version 1 has come to before the next message.
struct begin {
    const char* name;
    std::optional<attempt_end> end;  // none: never attempted
    bool under_way = false;          // attempted, no answer yet
};
}

TEST_CASE("a replacement: what it meets, what becomes of both", "[operations]")
{
    struct row {
        begin first;
        delivery_state old_state;
        delivery_state new_state;
        mail_role::kind mail;
    };
    using enum delivery_state;
    using kind = mail_role::kind;
    for (const row& tc : {row{{"queued", {}}, superseded, queued, kind::first_mail},
                          row{{"deferred", attempt_end::temporary}, superseded, queued, kind::first_mail},
                          row{{"accepted", attempt_end::accepted}, accepted, queued, kind::replacement},
                          row{{"uncertain", attempt_end::uncertain}, uncertain, queued, kind::replacement},
                          row{{"sending", {}, true}, sending, queued, kind::replacement},
                          row{{"failed", attempt_end::permanent}, failed, queued, kind::first_mail}}) {
        CAPTURE(tc.first.name);
        operations h;
        h.accepted(initial());
        if (tc.first.end) h.attempt(h.only().id, *tc.first.end, 250, cause::none);
        if (tc.first.under_way) REQUIRE(h.outbound->prepare(h.only().id).value().has_value());
        h.accepted(version(2));
        CHECK(h.state(2) == tc.old_state);
        CHECK(h.state(4) == tc.new_state);
        const auto newer = h.at_turn(4);
        const auto role = h.ask([&](auto& r) { return role_of_mail(r, h.vault, *r.letter(newer.letter), newer); });
        CHECK(role.what == tc.mail);
        CHECK(role.carried == newer.letter);
        const bool waits = tc.old_state == sending || tc.old_state == uncertain;
        const auto due = h.due_turns();
        CHECK((std::find(due.begin(), due.end(), 4) == due.end()) == waits);
        const auto letter = h.ask([&](auto& r) { return r.letter(newer.letter); });
        CHECK(letter->operation == letter_operation::replace);
        CHECK(letter->flags.find("target_unknown") == std::string::npos);
    }
}

TEST_CASE("a deletion: what it meets, what becomes of both", "[operations]")
{
    struct row {
        begin first;
        delivery_state old_state;
        delivery_state new_state;
    };
    using enum delivery_state;
    for (const row& tc :
         {row{{"queued", {}}, cancelled, cancelled}, row{{"deferred", attempt_end::temporary}, cancelled, cancelled},
          row{{"accepted", attempt_end::accepted}, accepted, queued},
          row{{"uncertain", attempt_end::uncertain}, uncertain, queued}, row{{"sending", {}, true}, sending, queued},
          row{{"failed", attempt_end::permanent}, failed, cancelled}}) {
        CAPTURE(tc.first.name);
        operations h;
        h.accepted(initial());
        std::optional<prepared_mail> mail;
        if (tc.first.end) h.attempt(h.only().id, *tc.first.end, 250, cause::none);
        if (tc.first.under_way) mail = h.outbound->prepare(h.only().id).value();
        h.accepted(deletion_of(initial()));
        CHECK(h.state(2) == tc.old_state);
        CHECK(h.state(3) == tc.new_state);
        if (tc.old_state == cancelled) CHECK(h.last_flag(2) == flag_deleted);
        if (tc.new_state == cancelled) CHECK(h.last_flag(3) == flag_nothing_to_delete);
        if (mail) {  // decided when sealing: the first mail is refused after all
            attempt_result outcome;
            outcome.end = attempt_end::permanent;
            REQUIRE(h.outbound->finish(*mail, outcome).has_value());
            REQUIRE(h.due_turns() == std::vector{3});
            CHECK_FALSE(h.outbound->prepare(h.at_turn(3).id).value().has_value());
            CHECK(h.state(3) == cancelled);
            CHECK(h.last_flag(3) == flag_nothing_to_delete);
        }
        CHECK_FALSE(h.outbound->requeue(h.at_turn(2).id).value());  // nothing of it leaves any more
    }
}

TEST_CASE("three mails in order: the letter, its replacement, its deletion", "[operations]")
{
    operations h;
    std::vector<opened_mail> mails;
    std::vector<std::string> ids;
    for (const auto& order : {initial(), version(2), deletion_of(version(2))}) {
        h.accepted(order);
        const auto due = h.due(10).value();
        REQUIRE(due.size() == 1);
        mails.push_back(h.open_mail(h.attempt(due[0], attempt_end::accepted)));
        h.clock.advance(std::chrono::minutes(5));
    }
    for (const auto& row : h.deliveries()) ids.push_back(row.message_id);
    CHECK(mails[0].references.empty());
    CHECK(mails[1].references == ids[0]);
    CHECK(mails[2].references == ids[0]);
    CHECK(mails[0].documents == std::vector{tests::cda_file(initial())});
    CHECK(mails[1].documents == std::vector{tests::cda_file(version(2))});
    CHECK(mails[2].documents == std::vector{tests::cda_file(version(2))});
    CHECK(mails[0].body.find("Patient") == 0);
    CHECK(mails[1].body.find("CE DOCUMENT ANNULE ET REMPLACE") == 0);
    CHECK(mails[1].body.find("20/11/2026") != std::string::npos);
    CHECK(mails[2].body.find("LE DOCUMENT JOINT du 20/11/2026") == 0);
    for (const auto& mail : mails) CHECK(mail.entity.find("Subject: XDM/1.0/DDM+") != std::string::npos);
}

TEST_CASE("a hospital's own text is used as it is", "[operations]")
{
    operations h;
    h.accepted(initial());
    h.attempt(h.only().id, attempt_end::accepted);
    auto order = version(2);
    order.body = "Texte du service.";
    h.accepted(order);
    const auto mail = h.open_mail(h.attempt(h.at_turn(4).id, attempt_end::accepted));
    CHECK(mail.entity.find("Texte du service.") != std::string::npos);
    CHECK(mail.body.find("CE DOCUMENT") == std::string::npos);
}

TEST_CASE("the same replacement or deletion again changes nothing", "[operations]")
{
    operations h;
    h.accepted(initial());
    h.attempt(h.only().id, attempt_end::accepted);
    for (auto order : {version(2), deletion_of(version(2))}) {
        CAPTURE(order.control_id);
        const auto first = h.send(order);
        const auto count = h.deliveries().size();
        CHECK(first.what == verdict::accepted);
        CHECK(h.send(order).content == first.content);  // the same file
        if (order.event == "T04") {
            order.control_id = "AGAIN";  // the same request under another MSH-10
            CHECK(h.send(order).what == verdict::accepted);
        }
        order.title = "Autre";  // the same MSH-10, other content
        order.control_id = order.event == "T04" ? "AGAIN" : order.control_id;
        CHECK(h.send(order).what == verdict::refused);
        CHECK(h.deliveries().size() == count);
    }
    CHECK(h.letters().size() == 3);
}

TEST_CASE("what may not be deleted or sent again is refused with its code", "[operations]")
{
    struct row {
        const char* what;
        std::vector<tests::letter_order> before;
        tests::letter_order message;
        std::string_view code;
    };
    auto other_set = deletion_of(initial());
    other_set.set = "2.999.7.555";
    auto again = initial();
    again.control_id = "LATE";
    auto unknown_first = deletion_of(initial());
    for (const row& tc :
         {row{"an old version", {initial(), version(2)}, deletion_of(initial()), "VERSION_NOT_LATEST"},
          row{"an unknown one before a known", {version(2)}, deletion_of(initial()), "VERSION_NOT_LATEST"},
          row{"in another set", {initial()}, other_set, "DOCUMENT_REUSED"},
          row{"again after its deletion", {initial(), deletion_of(initial())}, again, "DOCUMENT_DELETED"},
          row{"after a deletion that overtook it", {unknown_first}, again, "DOCUMENT_DELETED"}}) {
        CAPTURE(tc.what);
        operations h;
        for (const auto& order : tc.before) h.accepted(order);
        const auto letters = h.letters().size();
        const auto answer = h.send(tc.message);
        CHECK(answer.what == verdict::refused);
        CHECK(answer.content.find("MSA|AE|" + tc.message.control_id) != std::string::npos);
        CHECK(answer.content.find("TXA^1^12") != std::string::npos);
        REQUIRE(h.refusals().size() == 1);
        CHECK(h.refusals()[0].code == tc.code);
        CHECK(h.letters().size() == letters);
    }
}

TEST_CASE("a deletion with the document written anew deletes what was sent, and says so", "[operations]")
{
    operations h;
    h.accepted(initial());
    h.attempt(h.only().id, attempt_end::accepted);
    auto anew = deletion_of(initial());
    anew.title = "Lettre de liaison ";
    SECTION("by id and set") {}
    SECTION("by id alone, of an old document")
    {
        anew.without_set = true;
    }
    h.accepted(anew);
    REQUIRE(h.letters().size() == 2);
    CHECK(has_flag(h.letters()[1].flags, flag_content_differs));
    CHECK_FALSE(has_flag(h.letters()[1].flags, flag_target_unknown));
    CHECK(h.letters()[1].set_key == h.letters()[0].set_key);
    const auto received = h.ask([&](auto& r) { return r.events_of(h.letters()[1].id); });
    CHECK(has_flag(received.at(0).facts.flags, flag_content_differs));
    const auto mail = h.open_mail(h.attempt(h.at_turn(3).id, attempt_end::accepted));
    CHECK(mail.body.find("LE DOCUMENT JOINT") == 0);
    CHECK(mail.documents == std::vector{tests::cda_file(initial())});
    anew.control_id = "AGAIN";  // the same request in yet other bytes
    anew.title = "Lettre  de liaison";
    h.accepted(anew);
    CHECK(h.letters().size() == 2);
}

TEST_CASE("a deletion with the document as it was sent has nothing to say", "[operations]")
{
    operations h;
    h.accepted(initial());
    h.accepted(deletion_of(initial()));
    CHECK_FALSE(has_flag(h.letters().at(1).flags, flag_content_differs));
}

TEST_CASE("what never came here is replaced and deleted on the hospital's word", "[operations]")
{
    operations h;
    SECTION("replaced")
    {
        h.accepted(version(2));
        CHECK(has_flag(h.letters()[0].flags, flag_target_unknown));
        const auto mail = h.open_mail(h.attempt(h.only().id, attempt_end::accepted));
        CHECK(mail.body.find("CE DOCUMENT ANNULE ET REMPLACE LA VERSION") == 0);
    }
    SECTION("deleted")
    {
        h.accepted(deletion_of(initial()));
        CHECK(has_flag(h.letters()[0].flags, flag_target_unknown));
        const auto received = h.ask([&](auto& r) { return r.events_of(h.letters()[0].id); });
        CHECK(has_flag(received.at(0).facts.flags, flag_target_unknown));
        const auto mail = h.open_mail(h.attempt(h.only().id, attempt_end::accepted));
        CHECK(mail.body.find("LE DOCUMENT JOINT") == 0);
        CHECK(mail.documents == std::vector{tests::cda_file(initial())});
    }
}

TEST_CASE("a replacement that overtook its initial leaves first and alone", "[operations]")
{
    const bool old_documents = GENERATE(false, true);
    CAPTURE(old_documents);
    operations h;
    auto first = initial();
    auto second = version(2);
    first.without_set = second.without_set = old_documents;
    h.accepted(second);
    h.accepted(first);
    REQUIRE(h.letters().size() == 2);
    CHECK(h.letters()[0].set_key == h.letters()[1].set_key);
    CHECK(h.state(2) == delivery_state::superseded);
    CHECK(h.due_turns() == std::vector{4});
}

TEST_CASE("old documents without setId follow their parents", "[operations]")
{
    operations h;
    for (unsigned number = 1; number <= 4; ++number) {
        auto order = number == 1 ? initial() : version(number);
        order.without_set = true;
        h.accepted(order);
        h.attempt(h.at_turn(2 * static_cast<int>(number)).id, attempt_end::accepted);
    }
    const auto letters = h.letters();
    for (const auto& letter : letters) CHECK(letter.set_key == letters[0].set_key);
    CHECK(letters[3].version == 4);
}

TEST_CASE("after its deletion a letter comes back as a new version, as an ordinary mail", "[operations]")
{
    operations h;
    h.accepted(initial());
    h.attempt(h.at_turn(2).id, attempt_end::accepted);
    h.accepted(deletion_of(initial()));
    h.attempt(h.at_turn(3).id, attempt_end::accepted);
    h.accepted(version(2));
    const auto mail = h.open_mail(h.attempt(h.at_turn(4).id, attempt_end::accepted));
    CHECK(mail.body.find("Patient") == 0);
    CHECK(mail.references == h.at_turn(2).message_id);
}

TEST_CASE("a deletion reaches each mailbox with the version it has", "[operations]")
{
    operations h;
    h.accepted(initial());
    h.attempt(h.at_turn(2).id, attempt_end::accepted);
    h.accepted(version(2));  // never leaves
    h.accepted(deletion_of(version(2)));
    CHECK(h.state(4) == delivery_state::cancelled);
    const auto mail = h.open_mail(h.attempt(h.at_turn(5).id, attempt_end::accepted));
    CHECK(mail.documents == std::vector{tests::cda_file(initial())});
}

TEST_CASE("recipients are told apart", "[operations]")
{
    operations h;
    h.accepted(initial());
    h.attempt(h.only().id, attempt_end::accepted);
    SECTION("a new one of a replacement gets a first mail, a missing one is a warning")
    {
        h.accepted(to_vidal(version(2)));
        const auto letters = h.letters();
        CHECK(has_flag(letters[1].flags, flag_recipient_missing));
        const auto mail = h.open_mail(h.attempt(h.at_turn(4).id, attempt_end::accepted));
        CHECK(mail.body.find("Patient") == 0);
        CHECK(mail.references.empty());
    }
    SECTION("one who got nothing has nothing to delete")
    {
        h.accepted(to_vidal(deletion_of(initial())));
        CHECK(h.state(3) == delivery_state::cancelled);
        CHECK(has_flag(h.letters()[1].flags, flag_recipient_missing));
        auto again = deletion_of(initial());
        again.control_id = "ALSO";  // the missing one, named in a second message
        h.accepted(again);
        const auto rows = h.deliveries();
        CHECK(std::count_if(rows.begin(), rows.end(),
                            [](const auto& row) { return row.turn == 3 && row.state == delivery_state::queued; }) == 1);
    }
    SECTION("nobody is missing")
    {
        h.accepted(version(2));
        CHECK_FALSE(has_flag(h.letters()[1].flags, flag_recipient_missing));
    }
}

TEST_CASE("a held letter that is replaced or deleted never leaves", "[operations]")
{
    house h;  // nobody in the directory
    const auto send = [&](const tests::letter_order& order) {
        REQUIRE(h.drop("m.hl7", tests::mdm_file(order)).what == verdict::accepted);
    };
    send(initial());
    REQUIRE(h.only().state == delivery_state::held);
    SECTION("replaced: the new one leaves alone, as an ordinary mail")
    {
        send(version(2));
        h.add_doctor(roux, tests::second_doctor);
        CHECK(h.intake->route_again().value() == 1);
        const auto due = h.due(10).value();
        REQUIRE(due.size() == 1);
        const auto row = h.ask([&](auto& r) { return r.delivery(due[0]); });
        CHECK(row->turn == 4);
        const auto role = h.ask([&](auto& r) { return role_of_mail(r, h.vault, *r.letter(row->letter), *row); });
        CHECK(role.what == mail_role::kind::first_mail);
    }
    SECTION("deleted, also when it had been given up")
    {
        h.clock.advance(std::chrono::hours(25));
        CHECK(h.outbound->expire().value() == 1);
        send(deletion_of(initial()));
        for (const auto& row : h.deliveries()) CHECK(row.state == delivery_state::cancelled);
        h.add_doctor(roux, tests::second_doctor);
        CHECK(h.intake->route_again().value() == 0);
        CHECK(h.due(10)->empty());
    }
}

TEST_CASE("two documents in one letter", "[operations]")
{
    operations h;
    auto first = initial();
    auto second = initial();
    second.document = "2.999.7.418.1";
    second.set = "2.999.7.418";
    second.title = "Autre niveau";
    second.as_sections = true;
    const std::string message = tests::oru_file(first, second);
    const auto answer = h.drop("oru.hl7", message);
    INFO(answer.content);
    REQUIRE(answer.what == verdict::accepted);
    const auto letters = h.letters();
    REQUIRE(letters.size() == 1);
    CHECK(h.ask([&](auto& r) { return r.further_documents(letters[0].id); }).size() == 1);
    CHECK(h.drop("oru.hl7", message).content == answer.content);
    const auto mail = h.attempt(h.only().id, attempt_end::accepted);
    const auto opened = h.open_mail(mail);
    CHECK(opened.documents == std::vector{tests::cda_file(first), tests::cda_file(second)});
    CHECK(opened.entity.find("Subject: XDM/1.0/DDM+2 documents") != std::string::npos);
    CHECK(opened.entity.find("_2.pdf") != std::string::npos);
    const auto pdfs = [&](std::size_t from = 0, int count = 0) {
        for (; (from = opened.entity.find("Content-Type: application/pdf", from)) != std::string::npos; ++from) ++count;
        return count;
    };
    CHECK(pdfs() == 2);
    CHECK(opened.entity.find("X-MSS-CODECDA: 11490-0\r\n") != std::string::npos);
    SECTION("the second document's id is known")
    {
        second.control_id = "ALONE";
        CHECK(h.send(second).what == verdict::accepted);  // the same document to the same mailbox
        CHECK(h.letters().size() == 1);
        second.title = "Encore autre";
        second.control_id = "REUSED";
        CHECK(h.send(second).what == verdict::refused);
        CHECK(h.refusals().at(0).code == "DOCUMENT_REUSED");
    }
    SECTION("the second document can be replaced")
    {
        auto newer = second;
        newer.event = "T10";
        newer.version = 2;
        newer.document = "2.999.7.418.2";
        newer.control_id = "NEWER";
        h.accepted(newer);
        CHECK(h.letters().at(1).set_key == letters[0].set_key);
        CHECK_FALSE(has_flag(h.letters().at(1).flags, flag_target_unknown));
    }
}
