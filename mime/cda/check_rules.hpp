// mime/cda/check_rules.hpp: one function per check, and what it sees and says. For the source files of mime/cda only:
// others use checks.hpp.
#pragma once

#include <string>
#include <utility>

#include "mime/cda/checks.hpp"
#include "mime/cda/structured_body.hpp"

namespace mime::cda::detail {
struct check_subject {
    const cda_document& document;
    const cda_result<std::string>& content;
    const check_context& context;
    const structured_body& sections;  // empty for N1
    [[nodiscard]] const header& head() const noexcept { return document.header(); }
    [[nodiscard]] bool is_n1() const noexcept { return document.body().kind == body_kind::non_xml; }
    // The letter of R.1112-1-2, or the report that may stand in its place (domain.md §2).
    [[nodiscard]] bool is_discharge_letter() const noexcept;
};

class check_report {
public:
    explicit check_report(std::string_view id) : outcome_{std::string(id), check_state::satisfied, {}, {}} {}
    void block(std::string field, std::string text);
    void warn(std::string field, std::string text);
    void note(std::string field, std::string text);
    void not_assessable() noexcept { outcome_.state = check_state::not_assessable; }
    void not_applicable() noexcept { outcome_.state = check_state::not_applicable; }
    [[nodiscard]] check_outcome take();

private:
    check_outcome outcome_;
};

using check_rule = void (*)(const check_subject&, check_report&);

// check_readable.cpp
void check_content(const check_subject& what, check_report& out);     // C01
void check_templates(const check_subject& what, check_report& out);   // T02
void check_references(const check_subject& what, check_report& out);  // T07
// check_parties.cpp
void check_signature(const check_subject& what, check_report& out);        // C03
void check_treating_doctor(const check_subject& what, check_report& out);  // C06
void check_referrer(const check_subject& what, check_report& out);         // C07
void check_identifiers(const check_subject& what, check_report& out);      // T05
void check_recipients(const check_subject& what, check_report& out);       // T06
void check_names_of_one_id(const check_subject& what, check_report& out);  // T10
// check_identity.cpp
void check_traits(const check_subject& what, check_report& out);         // C04
void check_ins(const check_subject& what, check_report& out);            // C05
void check_test_identity(const check_subject& what, check_report& out);  // T08
// check_dates.cpp
void check_discharge_day(const check_subject& what, check_report& out);  // C02
void check_stay_dates(const check_subject& what, check_report& out);     // C08
void check_version(const check_subject& what, check_report& out);        // T03
void check_history(document_history history, check_report& out);         // T04
void check_future(const check_subject& what, check_report& out);         // T09
// check_sections.cpp
void check_modes(const check_subject& what, check_report& out);       // C09
void check_reason(const check_subject& what, check_report& out);      // C10
void check_synthesis(const check_subject& what, check_report& out);   // C11
void check_risks(const check_subject& what, check_report& out);       // C12
void check_acts(const check_subject& what, check_report& out);        // C13
void check_treatments(const check_subject& what, check_report& out);  // C14
void check_pending(const check_subject& what, check_report& out);     // C15
void check_follow_up(const check_subject& what, check_report& out);   // C16
void check_status(const check_subject& what, check_report& out);      // C17
}
