#include "mime/text/charset.hpp"
#include "mime/text/cursor.hpp"
#include "mime/text/sensitive.hpp"

#include <catch2/catch.hpp>

using namespace mime;

TEST_CASE("UTF-8 is checked as RFC 3629 says", "[text][charset]")
{
    struct row {
        std::string_view octets;
        bool good;
    };
    const auto tc = GENERATE(values<row>({{"", true},
                                          {"plain text of more than eight octets", true},
                                          {"plain text, \xc3\xa9t\xc3\xa9, \xe2\x82\xac, \xf0\x9f\x98\x80", true},
                                          {std::string_view("\0", 1), true},
                                          {"\xed\x9f\xbf", true},
                                          {"\xf4\x8f\xbf\xbf", true},
                                          {"\xc0\x80", false},
                                          {"\xc1\xbf", false},
                                          {"\xe0\x9f\xbf", false},
                                          {"\xed\xa0\x80", false},
                                          {"\xf0\x8f\xbf\xbf", false},
                                          {"\xf4\x90\x80\x80", false},
                                          {"\xf5\x80\x80\x80", false},
                                          {"\x80", false},
                                          {"\xc3", false},
                                          {"\xe2\x82", false},
                                          {"\xe2\x82x", false},
                                          {"12345678\xff", false},
                                          {"caf\xe9 au lait", false}}));
    CAPTURE(tc.octets);
    CHECK(is_utf8(tc.octets) == tc.good);
}

TEST_CASE("wherever in a long text a sequence stands or is damaged, it is seen", "[text][charset]")
{
    for (std::size_t place = 0; place < 100; ++place) {
        CAPTURE(place);
        for (const std::string_view good : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
            std::string text(100, 'a');
            text.insert(place, good);
            CHECK(is_utf8(text));
            CHECK_FALSE(is_utf8(text.substr(0, place + good.size() - 1)));  // cut inside the sequence
            text[place] = '\xff';
            CHECK_FALSE(is_utf8(text));
        }
        std::string latin(100, 'a');
        latin[place] = '\xe9';
        std::string expected(100, 'a');
        CHECK(latin9_to_utf8(latin) == expected.replace(place, 1, "é"));
    }
}

TEST_CASE("ISO-8859-15 becomes UTF-8", "[text][charset]")
{
    CHECK(latin9_to_utf8("\xe9\xe0\xc7") == "éàÇ");
    CHECK(latin9_to_utf8("\xa4\xa6\xa8\xb4\xb8\xbc\xbd\xbe") == "€ŠšŽžŒœŸ");
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    CHECK(is_utf8(latin9_to_utf8(all)));
}

TEST_CASE("text folds to ASCII", "[text][charset]")
{
    struct row {
        std::string_view text, plain;
    };
    const auto tc = GENERATE(values<row>({{"ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸ", "AAACEEEEIIOOUUUY"},
                                          {"àâäçéèêëîïôöùûüÿ", "aaaceeeeiioouuuy"},
                                          {"Œuvre, œil, Ævar, ægir", "OEuvre, oeil, AEvar, aegir"},
                                          {"L’été « froid » – 3 €…", "L'ete \" froid \" - 3 EUR..."},
                                          {"e\xcc\x81t\xc3\xa9", "ete"},
                                          {"Łódź Şahin Ñuñez Øre ßa", "Lodz Sahin Nunez Ore ssa"},
                                          {"名 😀", "? ?"},
                                          {"a\xff\xc3", "a??"}}));
    CHECK(ascii_fold(tc.text) == tc.plain);
}

TEST_CASE("controls are found", "[text][charset]")
{
    CHECK_FALSE(has_control("Élodie à Œ"));
    CHECK(has_control("a\tb"));
    CHECK(has_control("a\r\nb"));
    CHECK(has_control("\x7f"));
    CHECK(has_control("a\xc2\x85"));
    CHECK_FALSE(has_control("\xc2\xa0"));
}

TEST_CASE("XML text is escaped", "[text][charset]")
{
    CHECK(xml_escape("a<b & \"c\" 'd'>é\n") == "a&lt;b &amp; &quot;c&quot; &apos;d&apos;&gt;é\n");
    CHECK(xml_escape("\x01") == "\xef\xbf\xbd");
}

TEST_CASE("a cursor moves only on a match", "[text][cursor]")
{
    cursor in("abc12345;rest");
    CHECK_FALSE(in.accept('b'));
    CHECK_FALSE(in.accept_literal("abd"));
    CHECK(in.offset() == 0);
    CHECK(in.accept_literal("abc"));
    CHECK_FALSE(in.accept_number(6, 8).has_value());
    CHECK(in.offset() == 3);
    CHECK(in.accept_number(1, 3) == 123U);
    CHECK(in.take_until(';') == "45");
    CHECK(in.accept(';'));
    CHECK(in.take(2) == "re");
    CHECK(in.take_until('?') == "st");
    CHECK(in.at_end());
    CHECK_FALSE(in.accept('s'));
    CHECK_FALSE(in.accept_number(0, 3).has_value());
    CHECK(cursor("18446744073709551615").accept_number(1, 20).has_value());
    CHECK_FALSE(cursor("18446744073709551616").accept_number(1, 20).has_value());
}

TEST_CASE("patient text compares but does not print", "[text]")
{
    CHECK(patient_text("A").reveal() == "A");
    CHECK(patient_text("A") == patient_text("A"));
    CHECK(patient_text().empty());
}
