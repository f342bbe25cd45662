// What poppler's own tools find in the PDF of a structured letter, and how large hostile narratives can make it.
#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include <stdlib.h>

#include "mime/render/letter_pdf.hpp"
#include "tests/component/mime/render/structured_letter.hpp"

using namespace mime;
namespace fs = std::filesystem;

namespace {
const zone& paris()
{
    static const auto found = find_zone("Europe/Paris");
    REQUIRE(found.has_value());
    return *found;
}

std::string rendered(const std::string& document, const render::render_limits& limits = {})
{
    const auto read = cda::read_document(document);
    REQUIRE(read.has_value());
    return render::letter_pdf(*read, paris(), limits);
}

// What a tool prints about the file; `command` holds FILE where its path goes.
std::string told_by(std::string command, const std::string& bytes)
{
    std::string pattern = (fs::temp_directory_path() / "liaison-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    const fs::path folder = pattern;
    std::ofstream(folder / "letter.pdf", std::ios::binary) << bytes;
    command.replace(command.find("FILE"), 4, (folder / "letter.pdf").string());
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string out;
    std::array<char, 4096> buffer{};
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        out.append(buffer.data(), got);
    CHECK(::pclose(pipe) == 0);  // a missing tool fails, never skips
    fs::remove_all(folder);
    return out;
}

bool has(const std::string& text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}

std::size_t times(const std::string& text, std::string_view part)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

std::size_t pages_of(const std::string& bytes)
{
    return times(bytes, "/Type /Page /Parent");
}

const std::string& rich()
{
    static const std::string bytes = rendered(sample::structured(sample::rich_sections()));
    return bytes;
}
}

TEST_CASE("every word of the letter can be read, in its order", "[render]")
{
    const std::string text = told_by("pdftotext -nopgbrk FILE -", rich());
    std::size_t at = 0;
    for (const char* part : {"Lettre de liaison",
                             "20/11/2026 14:30",
                             "MARTEL Élodie Anne, nom utilisé BRUNEL & \"FILS\", née le 14/07/1985",
                             "285076900000095",
                             "du 16/11/2026 08:05 au 20/11/2026 14:10",
                             "Paul VIDAL",
                             "Médecin - Qualifié en Médecine Générale (SM)",
                             "HOPITAL DEMO",
                             "LENOIR",
                             "Motif d'hospitalisation",
                             "Douleur thoracique aiguë, œdème ≥ 2 cm.",
                             "Évolution favorable sous traitement.",
                             "Deuxième ligne.",
                             "surveillance de la kaliémie",
                             "le matin",
                             "Ordonnance",
                             "Médicament n° 1",
                             "Médicament n° 60",
                             "Ionogramme",
                             "Prélèvement du 20/11/2026",
                             "[image du document, non reproduite ici]",
                             "α-bloquant, 5 µg → ≤ 10 €, œuvre \uFFFD signe \uFFFD"}) {
        CAPTURE(part);
        const std::size_t found = text.find(part, at);
        CHECK(found != std::string::npos);
        if (found != std::string::npos) at = found;
    }
    CHECK(times(text, "Posologie") == pages_of(rich()));  // the table goes through all of them
}

TEST_CASE("the file is tagged, in French, with its fonts, and says no more than its title", "[render]")
{
    const std::string info = told_by("pdfinfo FILE", rich());
    CHECK(has(info, "Title:           Lettre de liaison\n"));
    CHECK(has(info, "Tagged:          yes"));
    CHECK(has(info, "Metadata Stream: yes"));
    CHECK(has(info, "JavaScript:      no"));
    CHECK(has(info, "Page size:       595.28 x 841.89 pts (A4)"));
    CHECK(has(info, "PDF version:     1.7"));
    CHECK_FALSE(has(info, "MARTEL"));
    const std::string meta = told_by("pdfinfo -meta FILE", rich());
    CHECK(has(meta, "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>"));
    CHECK_FALSE(has(meta, "MARTEL"));
    CHECK(has(rich(), "/Lang <FEFF00660072002D00460052>"));  // fr-FR

    const std::string fonts = told_by("pdffonts FILE", rich());
    CHECK(times(fonts, "CID TrueType      Identity-H       yes yes yes") == 2);  // embedded, subset, Unicode
    const std::string words = told_by("pdfinfo -struct-text FILE", rich());
    for (const char* part :
         {"H1 (block)\n    \"Lettre de liaison\"", "H2 (block)\n    \"Motif d'hospitalisation\"", "Caption", "THead",
          "/Scope /Column", "/Scope /Row", "/RowSpan 2", "/ColSpan 3", "L (block)",
          "poids quotidien\"\n        L (block)", "sous traitement. Deuxième ligne.\""}) {
        CAPTURE(part);
        CHECK(has(words, part));
    }
    CHECK_FALSE(has(words, "page 1 /"));  // feet and repeated heads are artifacts
    CHECK(times(words, "\"Posologie\"") == 1);
}

TEST_CASE("the same letter has the same bytes, from any thread", "[render]")
{
    const std::string document = sample::structured(sample::rich_sections());
    std::array<std::string, 4> made;
    std::vector<std::thread> threads;
    for (std::string& one : made)
        threads.emplace_back([&] { one = render::letter_pdf(*cda::read_document(document), paris()); });
    for (std::thread& one : threads) one.join();
    for (const std::string& one : made) CHECK(one == rich());
    CHECK(rendered(sample::structured(sample::section("A", "<paragraph>b</paragraph>"))) != rich());
}

TEST_CASE("an N1 of plain text is a letter too", "[render]")
{
    std::string document = cda::write_n1(sample::letter(), sample::pdf);
    document = sample::replaced(document, "application/pdf", "text/plain");
    const std::size_t from = document.find('>', document.find("representation=\"B64\"")) + 1;
    document.replace(from, document.find('<', from) - from, "QmlsYW4KIMOgIHJldm9pcg==");  // Bilan LF à revoir
    const std::string text = told_by("pdftotext FILE -", rendered(document));
    CHECK(has(text, "Bilan\n"));
    CHECK(has(text, "à revoir"));
}

TEST_CASE("hostile narratives stay bounded, and the last page says that something is missing", "[render]")
{
    struct row {
        const char* what;
        std::string sections;
        bool cut;
    };
    std::string words, rows, deep, end, wide, tall;
    while (words.size() < 1'000'000) words += "mot ";
    for (int i = 0; i < 10'001; ++i) rows += "<tr><td>a</td><td>ligne</td></tr>";
    for (int i = 0; i < 20; ++i) deep += "<list><item>n", end += "</item></list>";
    for (int i = 0; i < 25; ++i) wide += "<td>c</td>";
    for (int i = 0; i < 3000; ++i) tall += "ligne<br/>";
    const std::string head = "<thead><tr><th>" + std::string(500, 'W') + "</th></tr></thead>";
    const row all[] = {
        {"a paragraph of 1 MB", sample::section("A", "<paragraph>" + words + "</paragraph>"), true},
        {"a word of 1 MB", sample::section("A", "<paragraph>" + std::string(1'000'000, '_') + "</paragraph>"), true},
        {"10 001 rows", sample::section("A", "<table><tbody>" + rows + "</tbody></table>"), true},
        {"lists in lists", sample::section("A", deep + end), false},
        {"25 columns", sample::section("A", "<table><tbody><tr>" + wide + "</tr></tbody></table>"), true},
        {"one row of many pages",
         sample::section("A", "<table>" + head + "<tbody><tr><td>" + tall + "</td></tr></tbody></table>"), false},
        {"spans beyond the table",
         sample::section("A",
                         "<table><tbody><tr><td colspan=\"9999\" rowspan=\"9999\">a</td></tr><tr><td "
                         "rowspan=\"x\" colspan=\"0\">b</td></tr></tbody></table>"),
         true},
        {"a title of many lines", sample::section(std::string(20'000, 'T'), ""), false},
        {"nothing", sample::section("", ""), false},
        {"controls and broken marks", sample::section("\u200B", "<paragraph>\u202Ea\u0301\u00AD</paragraph>"), false},
    };
    for (const row& tc : all) {
        CAPTURE(tc.what);
        const std::string bytes = rendered(sample::structured(tc.sections));
        CHECK(bytes.size() < 5'000'000);
        CHECK(pages_of(bytes) <= 101);
        const std::string text = told_by("pdftotext FILE -", bytes);
        CHECK(has(text, "La suite de ce document n'est pas reproduite ici") == tc.cut);
        CHECK_FALSE(has(text, "Error"));
    }
}

TEST_CASE("limits of rendering, at and one past", "[render]")
{
    render::render_limits limits;
    limits.max_pages = pages_of(rich());
    const std::string document = sample::structured(sample::rich_sections());
    CHECK(rendered(document, limits) == rich());
    --limits.max_pages;
    CHECK(pages_of(rendered(document, limits)) == pages_of(rich()));  // the last one says what is missing
    CHECK(rendered(document, limits) != rich());
    limits.max_pages = 1;
    CHECK(pages_of(rendered(document, limits)) == 2);
}
