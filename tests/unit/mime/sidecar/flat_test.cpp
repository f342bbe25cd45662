// The flat forms: the same letter as JSON, errors in the words of the file, character sets and dates that are never
// guessed. The published examples and the schema are read here too.
#include <catch2/catch.hpp>

#include <boost/json.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "mime/sidecar/keys.hpp"
#include "mime/sidecar/sidecar.hpp"
#include "tests/unit/mime/cda/sample.hpp"

using namespace mime::sidecar;

namespace {
std::string file_of(const std::string& name)
{
    std::ifstream in(TESTS_DATA "/../../conf/" + name, std::ios::binary);
    REQUIRE(in.good());
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}

sidecar_defaults defaults()
{
    sidecar_defaults out;
    const auto paris = mime::find_zone("Europe/Paris");
    REQUIRE(paris.has_value());
    out.zone = *paris;
    return out;
}

const std::string& lines()
{
    static const std::string text = file_of("examples/letter.txt");
    return text;
}

std::string accepted(std::string_view text, sidecar_form form)
{
    const auto read = read_sidecar(text, defaults(), form);
    if (!read.has_value()) FAIL(read.error().field << ": " << read.error().text);
    return write_n1(*read, sample::pdf);
}

sidecar_error refused(std::string_view text, sidecar_form form, const sidecar_defaults& site = defaults())
{
    const auto read = read_sidecar(text, site, form);
    REQUIRE_FALSE(read.has_value());
    return read.error();
}

// The example with one line more, or one line's value changed.
std::string with(std::string_view line)
{
    return lines() + std::string(line) + "\n";
}
std::string changed(std::string_view key, std::string_view value)
{
    const std::string start = "\n" + std::string(key) + " = ";
    const std::size_t at = lines().find(start) + start.size();
    REQUIRE(at >= start.size());
    std::string out = lines();
    return out.replace(at, out.find('\n', at) - at, value);
}

void schema_keys(const boost::json::value& schema, const std::string& path, std::set<std::string>& into)
{
    const auto& object = schema.as_object();
    if (const auto* items = object.if_contains("items")) return schema_keys(*items, path + "[]", into);
    const auto* properties = object.if_contains("properties");
    if (properties == nullptr) {
        into.insert(path);
        return;
    }
    for (const auto& member : properties->as_object())
        schema_keys(member.value(), path.empty() ? std::string(member.key()) : path + "." + std::string(member.key()),
                    into);
}
}

TEST_CASE("the three published examples are one letter", "[sidecar][flat]")
{
    const std::string json = accepted(file_of("examples/letter.json"), sidecar_form::json);
    CHECK(accepted(lines(), sidecar_form::key_value) == json);
    CHECK(accepted(file_of("examples/letter.csv"), sidecar_form::csv) == json);
}

TEST_CASE("the published schema has the keys that the reader knows", "[sidecar]")
{
    std::set<std::string> published;
    schema_keys(boost::json::parse(file_of("sidecar.schema.json")), "", published);
    const auto known = sidecar_keys();
    CHECK(published == std::set<std::string>(known.begin(), known.end()));
    CHECK(is_sidecar_key("recipients[12].rpps"));
    CHECK(is_sidecar_key("patient"));
    CHECK_FALSE(is_sidecar_key("patien"));
    CHECK_FALSE(is_sidecar_key("patient.ipp.x"));
}

TEST_CASE("the ending and the first character say which form it is", "[sidecar][flat]")
{
    struct row {
        std::string_view name, text;
        sidecar_form form;
    };
    const auto tc = GENERATE(values<row>({
        {"a.json", "", sidecar_form::json},
        {"a.txt", "\xEF\xBB\xBF \r\n{", sidecar_form::json},
        {"a.txt", "patient.ipp=1", sidecar_form::key_value},
        {"a.Properties", "", sidecar_form::key_value},
        {"a.CSV", "patient.ipp\n1\n", sidecar_form::csv},
        {".csv", "", sidecar_form::key_value},
    }));
    CAPTURE(tc.name);
    CHECK(form_of(tc.name, tc.text) == tc.form);
    CHECK(has_sidecar_ending(tc.name) == (tc.name != ".csv"));
    CHECK_FALSE(has_sidecar_ending("a.pdf"));
}

TEST_CASE("lines end as they like, values may be escaped as Java writes them", "[sidecar][flat]")
{
    const std::string expected = accepted(lines(), sidecar_form::key_value);
    for (const std::string_view ending : {"\r\n", "\r"}) {
        std::string other;
        for (const char c : lines()) c == '\n' ? other.append(ending) : other += c;
        CHECK(accepted(other, sidecar_form::key_value) == expected);
    }
    CHECK(accepted("\xEF\xBB\xBF" + lines(), sidecar_form::key_value) == expected);
    CHECK(accepted(lines().substr(0, lines().size() - 1), sidecar_form::key_value) == expected);
    CHECK(accepted(changed("stay.admission", "16/11/2026 08\\:05"), sidecar_form::key_value) == expected);
    CHECK(accepted(changed("patient.first_given_name", "\\u00c9LODIE"), sidecar_form::key_value) == expected);
    CHECK(accepted(with("! comment\n; other\n   \n"), sidecar_form::key_value) == expected);
    CHECK(accepted(with("recipients.3.address ="), sidecar_form::key_value) == expected);
    CHECK(accepted(changed("operation", ""), sidecar_form::key_value) == expected);
}

TEST_CASE("a flat file is refused with the key as written, its line and its column", "[sidecar][flat]")
{
    struct row {
        std::string text;
        sidecar_errc code;
        std::string_view field;
        std::size_t line, column;
    };
    const auto last = static_cast<std::size_t>(std::count(lines().begin(), lines().end(), '\n')) + 1;
    const row rows[] = {
        {changed("patient.ins.matricule", "285076900000094"), sidecar_errc::check_digit, "patient.ins.matricule", 7,
         25},
        {changed("recipients.2.address", "cardio"), sidecar_errc::ill_formed, "recipients.2.address", 47, 24},
        {changed("document.version", "un"), sidecar_errc::wrong_type, "document.version", 53, 20},
        {changed("document.version", "0"), sidecar_errc::ill_formed, "document.version", 53, 20},
        {changed("document.version", "12345678"), sidecar_errc::wrong_type, "document.version", 53, 20},
        {changed("patient.birth_name", ""), sidecar_errc::missing, "patient.birth_name", 0, 0},
        {changed("recipients.2.address", ""), sidecar_errc::missing, "recipients.2.address", 0, 0},
        {with("patient.ippp = 1"), sidecar_errc::unknown_key, "patient.ippp", last, 16},
        {with("patient.ipp.x = 1"), sidecar_errc::unknown_key, "patient.ipp.x", last, 17},
        {with("MARTEL ELODIE=1"), sidecar_errc::unknown_key, "?", last, 15},
        {with("patient.285076900000095=1"), sidecar_errc::unknown_key, "?", last, 25},
        {with("=1"), sidecar_errc::unknown_key, "?", last, 2},
        {with("recipients.0.rpps=1"), sidecar_errc::unknown_key, "recipients.0.rpps", last, 19},
        {with("recipients.01.rpps=1"), sidecar_errc::unknown_key, "recipients.01.rpps", last, 20},
        {with("recipients.x.rpps=1"), sidecar_errc::unknown_key, "recipients.x.rpps", last, 19},
        {with("recipients=1"), sidecar_errc::inconsistent, "recipients", last, 12},
        {with("author=VIDAL"), sidecar_errc::wrong_type, "author", last, 8},
        {with("patient.ipp = 885214"), sidecar_errc::duplicate, "patient.ipp", last, 15},
        {with("  une phrase"), sidecar_errc::not_flat, "", last, 3},
        {changed("patient.ipp", "88\\x"), sidecar_errc::not_flat, "patient.ipp", 9, 15},
        {changed("patient.ipp", "88\\"), sidecar_errc::not_flat, "patient.ipp", 9, 15},
        {changed("patient.ipp", "88\\ud800"), sidecar_errc::not_flat, "patient.ipp", 9, 15},
        {changed("patient.ipp", "88\\u00"), sidecar_errc::not_flat, "patient.ipp", 9, 15},
        {changed("patient.ipp", "88\x01"), sidecar_errc::ill_formed, "patient.ipp", 9, 15},
        {with("date_format = MM/JJ/AAAA"), sidecar_errc::duplicate, "date_format", last, 15},
        {changed("operation", "annuler"), sidecar_errc::ill_formed, "operation", 5, 13},
        {std::string("a\0=", 3), sidecar_errc::encoding, "", 0, 0},
        {"", sidecar_errc::missing, "establishment.finess", 0, 0},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.field, tc.line);
        const sidecar_error why = refused(tc.text, sidecar_form::key_value);
        CHECK(name_of(why.code) == name_of(tc.code));
        CHECK(why.field == tc.field);
        CHECK(why.at.line == tc.line);
        CHECK(why.at.column == tc.column);
        CHECK((why.text.find("ligne " + std::to_string(tc.line)) != std::string::npos) == (tc.line != 0));
        CHECK(why.text.find("MARTEL") == std::string::npos);
    }
}

TEST_CASE("a CSV file has one header, one row and one separator", "[sidecar][flat]")
{
    const std::string good = file_of("examples/letter.csv");
    const std::string expected = accepted(good, sidecar_form::csv);
    const std::size_t middle = good.find("\r\n");
    const std::string header = good.substr(0, middle);
    const std::string data = good.substr(middle + 2, good.size() - middle - 4);
    std::string commas = good;
    std::replace(commas.begin(), commas.end(), ';', ',');
    const auto quoted = [](const std::string& row) { return "\"" + sample::replaced(row, ";", "\";") + ";"; };

    CHECK(accepted(commas, sidecar_form::csv) == expected);
    CHECK(accepted("\xEF\xBB\xBF\r\n" + header + "\n\n" + data + "\n \n", sidecar_form::csv) == expected);
    CHECK(accepted(quoted(header) + "\r\n" + quoted(data), sidecar_form::csv) == expected);
    CHECK(accepted(header + ";author.rpps;author.family\r\n" + data + ";;", sidecar_form::csv) == expected);

    struct row {
        std::string text;
        sidecar_errc code;
        std::string_view field;
        std::size_t line, column;
    };
    const row rows[] = {
        {"", sidecar_errc::not_flat, "", 0, 0},
        {header + "\r\n", sidecar_errc::not_flat, "", 0, 0},
        {header + "\r\n" + data + ";x\r\n", sidecar_errc::not_flat, "", 2, 55},
        {header + "\r\n" + data + "\r\n" + data, sidecar_errc::too_many, "", 3, 1},
        {header + ";patient.ippp\r\n" + data + ";1", sidecar_errc::unknown_key, "patient.ippp", 2, 55},
        {header + ";\r\n" + data + ";1", sidecar_errc::unknown_key, "?", 2, 55},
        {header + "\n" + sample::replaced(data, "885214", "88\"5"), sidecar_errc::not_flat, "", 2, 5},
        {header + "\n" + sample::replaced(data, "885214", "\"88\"5"), sidecar_errc::not_flat, "", 2, 5},
        {header + "\n" + sample::replaced(data, "885214", "\"885"), sidecar_errc::not_flat, "", 2, 5},
        {header + "\n" + sample::replaced(data, "885214", "\"8\n8\""), sidecar_errc::ill_formed, "patient.ipp", 2, 5},
        {header + "\n" + sample::replaced(data, ";F;", ";X;"), sidecar_errc::ill_formed, "patient.sex", 2, 11},
        {sample::replaced(header, ";", ",") + "\n" + data, sidecar_errc::not_flat, "", 2, 1},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.text.substr(0, 20), tc.field, tc.line, tc.column);
        const sidecar_error why = refused(tc.text, sidecar_form::csv);
        CHECK(name_of(why.code) == name_of(tc.code));
        CHECK(why.field == tc.field);
        CHECK(why.at.line == tc.line);
        CHECK(why.at.column == tc.column);
    }
    const auto cell = read_sidecar(header + "\n" + sample::replaced(data, "MARTEL", "\"MAR\"\"TEL;\""), defaults(),
                                   sidecar_form::csv);
    REQUIRE(cell.has_value());
    CHECK(cell->patient.birth_family.reveal() == "MAR\"TEL;");
}

TEST_CASE("a character set is declared, marked or proved", "[sidecar][flat]")
{
    struct row {
        std::string_view octets, declared, expected;  // expected empty: refused
    };
    const auto tc = GENERATE(values<row>({
        {"\xC3\x89LODIE", "", "ÉLODIE"},
        {"\xC3\x89LODIE", "utf-8", "ÉLODIE"},
        {"\xC9LODIE", "", "ÉLODIE"},
        {"\xC9LODIE", "ISO-8859-15", "ÉLODIE"},
        {"\xC9LODIE", "windows-1252", "ÉLODIE"},
        {"C\xBDUR", "", ""},  // œ or ½
        {"C\xBDUR", "latin9", "CœUR"},
        {"C\xBDUR", "cp1252", "C½UR"},
        {"C\x9CUR", "", "CœUR"},
        {"C\x9CUR \xBD", "", "CœUR ½"},
        {"C\x9CUR", "iso-8859-15", ""},  // a control
        {"C\x81UR", "", ""},
        {"C\x81UR", "windows-1252", ""},
        {"\xC9LODIE", "utf-8", ""},
        {"\xC9LODIE", "ebcdic", ""},
    }));
    CAPTURE(tc.octets, tc.declared);
    // Nothing else in the file tells one set from another.
    std::string plain;
    for (const char c : lines())
        if (static_cast<unsigned char>(c) < 0x80) plain += c;
    const std::string start = "first_given_name = ";
    const std::size_t at = plain.find(start) + start.size();
    plain.replace(at, plain.find('\n', at) - at, tc.octets);
    if (!tc.declared.empty()) plain += "encoding = " + std::string(tc.declared) + "\n";
    const auto read = read_sidecar(plain, defaults(), sidecar_form::key_value);
    REQUIRE(read.has_value() == !tc.expected.empty());
    if (read.has_value()) {
        CHECK(read->patient.birth_given.reveal() == tc.expected);
    } else if (tc.declared == "ebcdic") {
        CHECK(read.error().field == "encoding");
    } else {
        CHECK(read.error().field == "patient.first_given_name");
        CHECK(read.error().at.line == 11);
    }
}

TEST_CASE("two character sets in one file are refused, a mark is believed", "[sidecar][flat]")
{
    CHECK(refused(changed("patient.used_name", "H\xC9NARD"), sidecar_form::key_value).code == sidecar_errc::encoding);
    const std::string marked = "\xEF\xBB\xBF" + changed("patient.used_name", "H\xC9NARD");
    CHECK(refused(marked, sidecar_form::key_value).field == "patient.used_name");
    CHECK(refused("\xEF\xBB\xBF" + with("encoding = cp1252"), sidecar_form::key_value).field == "encoding");
}

TEST_CASE("03/04/2026 needs the file to say which is the day", "[sidecar][flat]")
{
    const auto read = [](std::string_view admission, bool stated) {
        std::string text = changed("stay.admission", admission);
        if (!stated) text = sample::replaced(text, "date_format = JJ/MM/AAAA", "");
        return read_sidecar(text, defaults(), sidecar_form::key_value);
    };
    struct row {
        std::string_view text;
        bool stated;
        std::string_view expected;  // empty: refused
    };
    const auto tc = GENERATE(values<row>({
        {"03/04/2026", true, "20260403"},
        {"03/04/2026", false, ""},
        {"12/11/2026", false, ""},
        {"13/11/2026", false, "20261113"},
        {"11/11/2026", false, "20261111"},
        {"13/11/2026 08:05:09", false, "20261113080509+0100"},
        {"11/13/2026", true, ""},
        {"11/13/2026", false, ""},
        {"31/02/2026", true, ""},
        {"3/4/2026", true, ""},
        {"03/04/26", true, ""},
        {"2026-04-03", false, "20260403"},
        {"20260403", false, "20260403"},
    }));
    CAPTURE(tc.text, tc.stated);
    const auto found = read(tc.text, tc.stated);
    REQUIRE(found.has_value() == !tc.expected.empty());
    if (found.has_value()) {
        CHECK(mime::write_timestamp(found->stay.admission) == tc.expected);
    } else {
        CHECK(found.error().field == "stay.admission");
        CHECK(found.error().at.line == 20);
    }
}

TEST_CASE("an operation agrees with the version", "[sidecar]")
{
    struct row {
        std::string_view lines;
        std::optional<operation> what;
        std::string_view field;
    };
    const auto tc = GENERATE(values<row>({
        {"", operation::initial, ""},
        {"operation=initial", operation::initial, ""},
        {"operation=delete", operation::remove, ""},
        {"operation=replace", std::nullopt, "operation"},
        {"document.version=2", operation::replace, ""},
        {"document.version=2\noperation=replace", operation::replace, ""},
        {"document.version=2\noperation=delete", operation::remove, ""},
        {"document.version=2\noperation=initial", std::nullopt, "operation"},
        {"document.version=2\noperation=replace\ndocument.id=2.999.5.2", std::nullopt, "document.replaces"},
        {"document.version=2\noperation=replace\ndocument.id=2.999.5.2\ndocument.replaces=2.999.5.1",
         operation::replace, ""},
        {"operation=delete\ndocument.replaces=2.999.5.1", std::nullopt, "document.replaces"},
    }));
    CAPTURE(tc.lines);
    const std::string base =
        sample::replaced(sample::replaced(lines(), "operation = initial", ""), "document.version = 1", "");
    const auto read = read_sidecar(base + std::string(tc.lines) + "\n", defaults(), sidecar_form::key_value);
    REQUIRE(read.has_value() == tc.what.has_value());
    if (tc.what) {
        CHECK(read->what == *tc.what);
    } else {
        CHECK(read.error().field == tc.field);
    }
}

TEST_CASE("a flat file cut anywhere neither crashes nor is read past its end", "[sidecar][flat]")
{
    const std::string csv = file_of("examples/letter.csv");
    for (std::size_t size = 0; size < lines().size(); ++size)
        (void)read_sidecar(std::string_view(lines()).substr(0, size), defaults(), sidecar_form::key_value);
    for (std::size_t size = 0; size < csv.size() - 6; ++size)
        if (read_sidecar(std::string_view(csv).substr(0, size), defaults(), sidecar_form::csv).has_value())
            FAIL("cut at " << size);
}

TEST_CASE("limits of the flat forms, at and one past", "[sidecar][flat]")
{
    auto site = defaults();
    const std::string csv = file_of("examples/letter.csv");
    std::size_t keys = 0;
    for (std::size_t at = lines().find(" = "); at != std::string::npos; at = lines().find(" = ", at + 1)) ++keys;
    site.limits.max_flat_keys = keys;
    CHECK(read_sidecar(lines(), site, sidecar_form::key_value).has_value());
    CHECK(read_sidecar(csv, site, sidecar_form::csv).has_value());
    site.limits.max_flat_keys = keys - 1;
    CHECK(refused(lines(), sidecar_form::key_value, site).code == sidecar_errc::too_many);
    CHECK(refused(csv, sidecar_form::csv, site).code == sidecar_errc::too_many);

    site = defaults();
    site.limits.max_octets = lines().size();
    CHECK(read_sidecar(lines(), site, sidecar_form::key_value).has_value());
    site.limits.max_octets = lines().size() - 1;
    CHECK(refused(lines(), sidecar_form::key_value, site).code == sidecar_errc::too_large);

    site = defaults();
    site.limits.max_recipients = 1;
    const sidecar_error why = refused(lines(), sidecar_form::key_value, site);
    CHECK(why.code == sidecar_errc::too_many);
    CHECK(why.field == "recipients");
}
