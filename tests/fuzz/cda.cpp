// Target cda: the scan, the header, the decoded content, the PDF copy, the narrative and every check. Success: the
// document is read and no check blocks it.
#include "mime/cda/checks.hpp"
#include "mime/cda/document.hpp"
#include "mime/text/charset.hpp"
#include "tests/fuzz/harness.hpp"
#include "tests/unit/mime/cda/sample.hpp"

namespace cda = mime::cda;
namespace {
std::string structured()
{
    const std::string n1 = cda::write_n1(sample::letter(), sample::pdf);
    const std::size_t from = n1.find("<nonXMLBody");
    constexpr std::string_view end = "</nonXMLBody>";
    const std::size_t to = n1.find(end) + end.size();
    return n1.substr(0, from) +
           "<structuredBody><component><section><title>Synthèse</title><text><paragraph>Va bien &amp; "
           "sort</paragraph><table><tr><td>a</td><td>b</td></tr></table></text></section></component>"
           "<component><section><templateId root=\"1.2.250.1.213.1.1.2.243\"/><code code=\"55108-5\"/><entry>"
           "<observationMedia><value mediaType=\"application/pdf\" representation=\"B64\">JVBERi0xLjQKJSVFT0YK</value>"
           "</observationMedia></entry></section></component></structuredBody>" +
           n1.substr(to);
}

// Every fact that a check compares with is given, so that each of them is reached.
cda::check_context context(cda::site_environment environment)
{
    static const mime::zone paris = *mime::find_zone("Europe/Paris");
    cda::check_context made{.where = paris, .environment = environment};
    made.now = mime::utc_instant(std::chrono::milliseconds(1'795'181'406'000));
    made.names_referrer = true;
    made.discharge = mime::read_timestamp("20261120141000+0100");
    made.addressees.emplace({cda::addressee{"99900000029", "anne.roux@medecin.example"}});
    made.identity.emplace();
    made.identity->birth_date = mime::patient_text("19850714");
    made.identity->sex = mime::patient_text("F");
    return made;
}
}

std::vector<std::string> fuzz::seeds()
{
    const std::string n1 = cda::write_n1(sample::letter(), sample::pdf);
    std::string enveloped = n1;
    if (const std::size_t end = n1.find("?>"); end != std::string::npos) enveloped.erase(0, end + 2);
    auto second = sample::letter();
    second.version = 2;
    second.replaces = "2.999.7.417.0";
    return {n1, structured(), "<envelope>" + enveloped + "</envelope>", cda::write_n1(second, sample::pdf),
            sample::replaced(n1, "</title>", "</title><!-- note -->")};
}

bool fuzz::reads(std::string_view input)
{
    const auto document = cda::read_document(input);
    if (!document.has_value()) {
        promise(cda::first_block(cda::check_unreadable(document.error())) != nullptr);
        return false;
    }
    promise(cda::scan_xml(input).has_value() && mime::is_utf8(input));
    const cda::header& head = document->header();
    promise(!head.id.root.empty() && !head.type.code.empty());
    (void)head.treating_doctor();
    (void)head.main_event();
    (void)head.author_finess();
    (void)head.author_organisation_name();
    (void)head.patient.ins();
    (void)head.patient.ipp();
    (void)cda::extract_pdf_copy(*document);
    promise(cda::narrative_text(*document, 50).size() <= 50);
    const auto content = cda::extract_body(*document);
    bool blocked = false;
    for (const auto environment : {cda::site_environment::production, cda::site_environment::test}) {
        const auto outcomes = cda::check_document(*document, content, context(environment));
        promise(outcomes.size() == cda::check_catalogue().size());
        for (const cda::check_outcome& each : outcomes)
            promise((each.state == cda::check_state::missing) == !each.gaps.empty());
        blocked = cda::first_block(outcomes) != nullptr;
    }
    return !blocked;
}
