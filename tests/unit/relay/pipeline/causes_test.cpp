// The cause table, held against domain.md §8 row by row, and the evidence that makes each cause.
#include <catch2/catch.hpp>

#include <set>

#include "mime/hl7/smtp_error_code.hpp"
#include "relay/pipeline/evidence.hpp"

using namespace relay::pipeline;
using mime::report::enhanced_status;

namespace {
struct said {
    stage at;
    int code;  // 0: none
    std::optional<enhanced_status> status;
};
cause why(const said& reply)
{
    return cause_of(classify(reply.at, reply.code, reply.status));
}
next_step next(const said& reply)
{
    return static_cast<next_step>(
        make_error_code(classify(reply.at, reply.code, reply.status)).default_error_condition().value());
}
const auto silent = std::nullopt;
}

TEST_CASE("every row of domain.md §8 has its words and its first actor", "[causes]")
{
    struct row {
        std::set<std::string_view> words;
        std::string_view first_actor;
    };
    const std::vector<row> domain{
        {{"NO_DOCTOR", "DOCTOR_UNKNOWN"}, "ward / admissions"},
        {{"NO_MAILBOX", "AMBIGUOUS", "CLOSED"}, "service secretary, directory keeper"},
        {{"NO_CERTIFICATE"}, "directory keeper"},
        {{"MAILBOX_FULL"}, "directory keeper; other mailbox"},
        {{"TOO_BIG"}, "sender"},
        {{"UNTRUSTED_DOMAIN", "TLS_REFUSED"}, "operator; never fall back to clear text"},
        {{"PEER_DOWN", "EXPIRED"}, "operator, then other channel"},
        {{"CONTENT_REFUSED"}, "operator"},
        {{"FILING_902", "FILING_904"}, "identity cell"},
        {{"FILING_903", "FILING_905"}, "sender software team"},
        {{"FILING_900", "FILING_901", "FILING_906"}, "sender software team"},
        {{"DISPUTED"}, "service, identity cell, DPO"},
    };
    std::set<std::string_view> named;
    for (const row& one : domain)
        for (const std::string_view word : one.words) {
            CAPTURE(word);
            const auto code = from_name<cause>(word);
            REQUIRE(code.has_value());
            CHECK(name(*code) == word);
            CHECK(facts_of(*code).first_actor == one.first_actor);
            named.insert(word);
        }
    // What is not in domain.md §8, and nothing else.
    std::set<std::string_view> further;
    for (const cause_facts& one : all_causes())
        if (!named.contains(one.word)) further.insert(one.word);
    CHECK(further == std::set<std::string_view>{"NONE", "REPLY_LOST", "MINOR_PATIENT", "ADDRESS_REFUSED", "UNKNOWN"});
}

TEST_CASE("the evidence of domain.md §8 makes its cause", "[causes]")
{
    struct row {
        said reply;
        cause why;
        next_step next;
    };
    for (const auto& tc : {
             row{{stage::rcpt, 550, enhanced_status{5, 1, 1}}, cause::no_mailbox, next_step::fail},
             row{{stage::rcpt, 550, enhanced_status{5, 1, 10}}, cause::no_mailbox, next_step::fail},
             row{{stage::final_reply, 550, enhanced_status{5, 1, 1}}, cause::no_mailbox, next_step::fail},
             row{{stage::rcpt, 550, silent}, cause::no_mailbox, next_step::fail},
             row{{stage::report, 550, silent}, cause::no_mailbox, next_step::fail},
             row{{stage::report, 0, enhanced_status{5, 1, 1}}, cause::no_mailbox, next_step::fail},
             row{{stage::report, 0, enhanced_status{5, 1, 10}}, cause::no_mailbox, next_step::fail},
             row{{stage::rcpt, 550, enhanced_status{5, 2, 1}}, cause::closed, next_step::fail},
             row{{stage::rcpt, 551, enhanced_status{5, 1, 6}}, cause::closed, next_step::fail},
             row{{stage::rcpt, 452, enhanced_status{4, 2, 2}}, cause::mailbox_full, next_step::retry},
             row{{stage::rcpt, 552, enhanced_status{5, 2, 2}}, cause::mailbox_full, next_step::fail},
             row{{stage::rcpt, 452, silent}, cause::mailbox_full, next_step::retry},
             row{{stage::rcpt, 552, silent}, cause::mailbox_full, next_step::fail},
             row{{stage::final_reply, 552, silent}, cause::mailbox_full, next_step::fail},
             row{{stage::final_reply, 552, enhanced_status{5, 0, 0}}, cause::mailbox_full, next_step::fail},
             row{{stage::report, 0, enhanced_status{5, 2, 2}}, cause::mailbox_full, next_step::fail},
             row{{stage::report, 0, enhanced_status{4, 2, 2}}, cause::mailbox_full, next_step::retry},
             // 552 alone is ambiguous: the enhanced code decides
             row{{stage::final_reply, 552, enhanced_status{5, 3, 4}}, cause::too_big, next_step::fail},
             row{{stage::rcpt, 552, enhanced_status{5, 2, 3}}, cause::too_big, next_step::fail},
             row{{stage::final_reply, 552, enhanced_status{5, 7, 0}}, cause::content_refused, next_step::fail},
             row{{stage::mail, 552, silent}, cause::too_big, next_step::fail},
             row{{stage::final_reply, 523, silent}, cause::too_big, next_step::fail},
             row{{stage::report, 0, enhanced_status{5, 3, 4}}, cause::too_big, next_step::fail},
             row{{stage::rcpt, 550, enhanced_status{5, 7, 1}}, cause::content_refused, next_step::fail},
             row{{stage::final_reply, 541, silent}, cause::content_refused, next_step::fail},
             row{{stage::final_reply, 554, silent}, cause::content_refused, next_step::fail},
             row{{stage::final_reply, 550, silent}, cause::content_refused, next_step::fail},
             row{{stage::rcpt, 550, enhanced_status{5, 1, 8}}, cause::content_refused, next_step::fail},
             row{{stage::start_tls, 454, enhanced_status{4, 7, 0}}, cause::tls_refused, next_step::retry},
             row{{stage::mail, 530, enhanced_status{5, 7, 0}}, cause::tls_refused, next_step::tell},
             row{{stage::greeting, 554, silent}, cause::peer_down, next_step::tell},
             row{{stage::greeting, 421, silent}, cause::peer_down, next_step::retry},
             row{{stage::rcpt, 450, enhanced_status{4, 7, 1}}, cause::peer_down, next_step::retry},
             row{{stage::rcpt, 450, silent}, cause::peer_down, next_step::retry},
             row{{stage::rcpt, 452, enhanced_status{4, 3, 1}}, cause::peer_down, next_step::retry},
             row{{stage::rcpt, 499, enhanced_status{4, 9, 9}}, cause::peer_down, next_step::retry},  // unknown 4yz
             row{{stage::report, 0, enhanced_status{4, 4, 7}}, cause::expired, next_step::fail},
             row{{stage::report, 0, enhanced_status{5, 4, 7}}, cause::expired, next_step::fail},
             row{{stage::report, 0, enhanced_status{5, 4, 1}}, cause::peer_down, next_step::fail},
             row{{stage::rcpt, 550, enhanced_status{5, 4, 1}}, cause::no_mailbox, next_step::fail},
             // unknown 5yz: failed, and a person looks into it
             row{{stage::final_reply, 599, silent}, cause::unknown, next_step::fail},
             row{{stage::rcpt, 500, enhanced_status{5, 9, 9}}, cause::unknown, next_step::fail},
             row{{stage::report, 0, enhanced_status{5, 0, 0}}, cause::unknown, next_step::fail},
             row{{stage::report, 0, silent}, cause::unknown, next_step::fail},
             // behind the dot a reply that has no place tells nothing about the mail
             row{{stage::final_reply, 354, silent}, cause::reply_lost, next_step::retry},
             row{{stage::rcpt, 354, silent}, cause::peer_down, next_step::retry},
         }) {
        CAPTURE(name(tc.reply.at), tc.reply.code, tc.reply.status ? write_enhanced_status(*tc.reply.status) : "");
        CHECK(name(why(tc.reply)) == name(tc.why));
        CHECK(name(next(tc.reply)) == name(tc.next));
    }
}

TEST_CASE("failures without a reply", "[causes]")
{
    struct row {
        delivery_errc code;
        cause why;
        next_step next;
        site_effect site;
    };
    for (const auto& tc : {
             row{delivery_errc::peer_unreachable, cause::peer_down, next_step::retry, site_effect::unreachable},
             row{delivery_errc::reply_lost, cause::reply_lost, next_step::retry, site_effect::unreachable},
             row{delivery_errc::certificate_untrusted, cause::tls_refused, next_step::tell, site_effect::unreachable},
             row{delivery_errc::tls_refused, cause::tls_refused, next_step::tell, site_effect::unreachable},
             row{delivery_errc::too_big, cause::too_big, next_step::fail, site_effect::worked},
             row{delivery_errc::peer_overloaded, cause::peer_down, next_step::retry, site_effect::pushed_back},
             row{delivery_errc::domain_takes_no_mail, cause::no_mailbox, next_step::fail, site_effect::none},
             row{delivery_errc::cancelled, cause::peer_down, next_step::retry, site_effect::none},
             row{delivery_errc::not_sendable, cause::content_refused, next_step::tell, site_effect::none},
         }) {
        const auto ec = make_error_code(tc.code);
        CAPTURE(ec.message());
        CHECK(cause_of(ec) == tc.why);
        CHECK(ec == tc.next);
        CHECK(effect_of(ec) == tc.site);
    }
    // an unknown internal cause: a person, and the letter is not dropped
    const boost::system::error_code foreign(5, boost::system::generic_category());
    CHECK(cause_of(foreign) == cause::unknown);
    CHECK(foreign == next_step::tell);
    CHECK_FALSE(foreign == next_step::fail);
    CHECK_FALSE(boost::system::error_code() == next_step::tell);
    CHECK(effect_of({}) == site_effect::worked);
}

TEST_CASE("an MDN in error names its filing code", "[causes]")
{
    for (int code = 900; code <= 906; ++code) {
        const cause filed = cause_of_filing(code);
        CHECK(name(filed) == "FILING_" + std::to_string(code));
        CHECK(facts_of(filed).next == next_step::tell);
        CHECK(facts_of(filed).reading_code == code);
    }
    for (const std::optional<int> other :
         {std::optional<int>(), std::optional(0), std::optional(899), std::optional(907)})
        CHECK(cause_of_filing(other) == cause::filing_906);
}

TEST_CASE("each cause is told to everybody it concerns", "[causes]")
{
    std::set<std::string_view> words, labels;
    for (const cause_facts& one : all_causes()) {
        CAPTURE(one.word);
        CHECK(words.insert(one.word).second);
        if (one.code == cause::none) continue;
        CHECK(labels.insert(one.label).second);
        for (const auto text : {one.label, one.actor_label, one.action, one.action_en, one.first_actor})
            CHECK_FALSE(text.empty());
        CHECK(one.status.klass == 5);
        if (one.reception_code) CHECK(mime::hl7::find_smtp_error_code(*one.reception_code).has_value());
        const bool after_arrival = one.reading_code || one.code == cause::disputed;
        CHECK(one.reception_code.has_value() != after_arrival);
    }
    CHECK(from_name<cause>("FILING_REFUSED") == cause::filing_906);
    CHECK(name(static_cast<cause>(999)) == "UNKNOWN");
}
