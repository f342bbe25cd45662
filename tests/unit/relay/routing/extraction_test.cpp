#include <catch2/catch.hpp>

#include "relay/routing/address.hpp"
#include "relay/routing/errc.hpp"
#include "relay/routing/extraction.hpp"

using namespace relay::routing;
using relay::pipeline::ports::mailbox_type;

namespace {
constexpr std::string_view national_header =
    "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification nationale PP|Type identifiant structure|"
    "Identification Structure|Service de rattachement|Civilité d'exercice|Nom d'exercice|Prénom d'exercice|"
    "Catégorie profession|Libellé de catégorie profession|Code Profession|Libellé Profession|Code savoir-faire|"
    "Libellé savoir-faire|Dématérialisation|Raison Sociale structure BAL|Enseigne commerciale structure BAL|"
    "L2COMPLEMENTLOCALISATION|L3COMPLEMENTDISTRIBUTION|L4NUMEROVOIE|L4COMPLEMENTNUMEROVOIE|NL4TYPEVOIE|L4LIBELLEVOIE|"
    "L5LIEUDITMENTION|L6LIGNEACHEMINEMENT|Code postal|Département|Pays";

constexpr std::string_view short_header = "Adresse BAL|Type de BAL|Type Identifiant PP|Identifiant PP";
}

TEST_CASE("the national header and a row of it", "[routing][extraction]")
{
    auto reader = extraction_reader::from_header(national_header);
    REQUIRE(reader.has_value());
    CHECK(reader->warnings().empty());
    const auto row = reader->read(
        "PER| Camille.Essai@MEDECIN.exemple.test |8|99900000011|899900000011|1|990000010||DR|ESSAI|Camille|C|Civil|10|"
        "Médecin|SM54|Médecine générale|O|CABINET ESSAI||||||||||75001|75|FR\r");
    REQUIRE(row.has_value());
    CHECK(row->entry.type == mailbox_type::personal);
    CHECK(row->entry.address == "Camille.Essai@medecin.exemple.test");
    CHECK(row->entry.rpps == "99900000011");
    CHECK(row->entry.structure == "990000010");
    CHECK(row->entry.family == "ESSAI");
    CHECK(row->entry.given == "Camille");
    CHECK(row->entry.label == "CABINET ESSAI");
    CHECK(row->certificate.empty());
}

TEST_CASE("columns are found by name, in any order, with others between", "[routing][extraction]")
{
    auto reader = extraction_reader::from_header(
        "\xef\xbb\xbf Nouvelle colonne | adresse bal |TYPE DE BAL|Identifiant PP|Type Identifiant PP|Nom d\xe2\x80\x99"
        "exercice|Certificat\r");
    REQUIRE(reader.has_value());
    CHECK(reader->warnings().size() == 5);  // optional columns that are missing are named
    const auto row = reader->read("x|a@b.test|ORG||0|NOM|aGVsbG8=");
    REQUIRE(row.has_value());
    CHECK(row->entry.type == mailbox_type::organisation);
    CHECK(row->entry.rpps.empty());
    CHECK(row->entry.family == "NOM");
    CHECK(row->certificate == "hello");
    const auto damaged = reader->read("x|a@b.test|ORG||0|NOM|%%%");
    REQUIRE(damaged.has_value());
    CHECK(damaged->certificate.empty());
    CHECK(reader->warnings().back() == "ligne 3 : certificat illisible, ignoré");
}

TEST_CASE("a header without the needed columns is refused", "[routing][extraction]")
{
    const auto header = GENERATE(values<std::string_view>({"", "a|b|c", "Type de BAL|Adresse BAL",
                                                           "Type de BAL;Adresse BAL;Type Identifiant PP;Identifiant PP",
                                                           "Adresse BAL|Type Identifiant PP|Identifiant PP"}));
    CHECK(extraction_reader::from_header(header).error() == routing_errc::header_not_understood);
}

TEST_CASE("bad rows are left out and named by line, never by value", "[routing][extraction]")
{
    const auto line = GENERATE(values<std::string_view>({
        "a@b.test|XYZ|8|99900000011",
        "a@b.test||8|99900000011",
        "|PER|8|99900000011",
        "sans-arobase|PER|8|99900000011",
        "a@b@c.test|PER|8|99900000011",
        "a b@c.test|PER|8|99900000011",
        "a@localhost|PER|8|99900000011",
        "a@-b.test|PER|8|99900000011",
        "a@b..test|PER|8|99900000011",
        "a@b.test\r\nRCPT|PER|8|99900000011",
        "a@b.test|PER|8|9990000001",
        "a@b.test|PER|8|999000000111",
        "a@b.test|PER|8|9990000001a",
        "a@b.test|PER|8",
        "a@b.test|PER|8|99900000011|surplus",
    }));
    CAPTURE(line);
    auto reader = extraction_reader::from_header(short_header);
    REQUIRE(reader.has_value());
    const std::size_t before = reader->warnings().size();
    CHECK_FALSE(reader->read(line).has_value());
    CHECK(reader->bad_rows() == 1);
    REQUIRE(reader->warnings().size() == before + 1);
    CHECK(reader->warnings().back().starts_with("ligne 2 : "));
    CHECK(reader->warnings().back().find("b.test") == std::string::npos);
}

TEST_CASE("tolerated: empty lines, a separator at the end, ADELI numbers", "[routing][extraction]")
{
    auto reader = extraction_reader::from_header(short_header);
    REQUIRE(reader.has_value());
    CHECK_FALSE(reader->read("").has_value());
    CHECK_FALSE(reader->read(" \r").has_value());
    CHECK(reader->bad_rows() == 0);
    CHECK(reader->read("a@b.test|PER|8|99900000011|").has_value());
    const auto adeli = reader->read("a@b.test|CAB|0|759999999");
    REQUIRE(adeli.has_value());
    CHECK(adeli->entry.rpps.empty());
    CHECK(adeli->entry.type == mailbox_type::cabinet);
}

TEST_CASE("limits of the extraction, at and past", "[routing][extraction]")
{
    extraction_limits limits;
    limits.max_warnings = 7;
    limits.max_columns = 4;
    limits.max_line_octets = short_header.size();
    auto reader = extraction_reader::from_header(short_header, limits);
    REQUIRE(reader.has_value());
    CHECK(reader->warnings().size() == 6);
    for (int turn = 0; turn < 5; ++turn) CHECK_FALSE(reader->read("x").has_value());
    CHECK(reader->warnings().size() == 7);
    CHECK(reader->bad_rows() == 5);
    const std::string row = "a@b.test|PER|8|99900000011";
    CHECK(reader->read(row + std::string(limits.max_line_octets - row.size(), ' ')).has_value());
    CHECK_FALSE(reader->read(row + std::string(limits.max_line_octets - row.size() + 1, ' ')).has_value());

    CHECK(extraction_reader::from_header(std::string(short_header) + " ", limits).error() ==
          routing_errc::header_not_understood);
    limits.max_line_octets = 1000;
    CHECK(extraction_reader::from_header(std::string(short_header) + "|E", limits).error() ==
          routing_errc::header_not_understood);
}

TEST_CASE("addresses in one form", "[routing][address]")
{
    CHECK(normal_address("Jean.Essai@MSS.Exemple.TEST") == "Jean.Essai@mss.exemple.test");
    CHECK(normal_address(std::string(64, 'a') + "@b.test").has_value());
    CHECK_FALSE(normal_address(std::string(65, 'a') + "@b.test").has_value());
    CHECK(normal_address("a@" + std::string(63, 'b') + ".test").has_value());
    CHECK_FALSE(normal_address("a@" + std::string(64, 'b') + ".test").has_value());
    for (const char* bad :
         {"", "@", "a@", "@b.test", "a@b", "a@b.test.", "a@b_c.test", "a\x01@b.test", "<a@b.test>", "a,b@c.test"})
        CHECK_FALSE(normal_address(bad).has_value());
    CHECK(domain_of("a@b.test") == "b.test");
    CHECK(domain_of("b.test") == "b.test");
}
