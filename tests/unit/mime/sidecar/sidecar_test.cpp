#include "mime/sidecar/sidecar.hpp"

#include <catch2/catch.hpp>

#include "mime/cda/document.hpp"
#include "mime/sidecar/local_id.hpp"
#include "tests/unit/mime/cda/sample.hpp"

using namespace mime::sidecar;

namespace {
const std::string good = R"({
  "patient": {"ins": {"matricule": "285076900000095", "oid": "1.2.250.1.213.1.4.10"}, "ipp": "885214",
    "birth_name": "MARTEL", "first_given_name": "ELODIE", "given_names": "ELODIE ANNE", "used_name": "BRUNEL",
    "birth_date": "1985-07-14", "sex": "F", "birthplace_cog": "69381"},
  "stay": {"number": "S-1", "admission": "2026-11-16T08:05:00+01:00", "discharge": "2026-11-20T14:10:00",
    "service": {"code": "CARD", "label": "Cardiologie"}, "class": "I"},
  "signatory": {"rpps": "99900000011", "family": "VIDAL", "given": "Paul", "phone": "04 00 00 00 00", "title": "DR",
    "signed_at": "2026-11-20T14:25:00+01:00"},
  "treating_doctor": {"rpps": "99900000029", "family": "LENOIR", "given": "Claire", "address": "claire.lenoir@doctor.example"},
  "recipients": [{"address": "claire.lenoir@doctor.example", "rpps": "99900000029", "family": "LENOIR", "given": "Claire",
    "role": "treating_doctor"}],
  "document": {"type": "11490-0", "title": "Lettre de liaison", "set_id": "2.999.7.417", "version": 1}
})";

sidecar_defaults defaults()
{
    sidecar_defaults out;
    out.site.finess = "990000010";
    out.site.name = "HOPITAL DEMO";
    out.site.oid_root = "2.999.1";
    const auto paris = mime::find_zone("Europe/Paris");
    REQUIRE(paris.has_value());
    out.zone = *paris;
    return out;
}
}

TEST_CASE("a full sidecar becomes a CDA that says the same", "[sidecar]")
{
    const auto read = read_sidecar(good, defaults());
    if (!read.has_value()) FAIL(name_of(read.error().code) << " " << read.error().field);
    CHECK(read->document.id == "2.999.7.417.1");
    CHECK(read->stay.discharge == sample::time("20261120141000+0100"));  // no offset: the site's clock
    CHECK(read->treating_doctor->address == "claire.lenoir@doctor.example");
    CHECK(read->recipients.at(0).role == recipient_role::treating_doctor);
    CHECK(read->signatory.telecoms.at(0).value == "tel:0400000000");

    const std::string bytes = write_n1(*read, sample::pdf);
    const auto document = mime::cda::read_document(bytes);
    REQUIRE(document.has_value());
    const auto& head = document->header();
    CHECK(head.id.root == "2.999.7.417.1");
    CHECK(head.patient.birth_family.reveal() == "MARTEL");
    CHECK(head.patient.birth_date.reveal() == "19850714");
    CHECK(head.patient.ipp()->root == "2.999.1.1");
    CHECK(head.encounter->ids.at(0).text() == "2.999.1.2^S-1");
    CHECK(head.encounter->when.low == sample::time("20261116080500+0100"));
    CHECK(head.encounter->facility_name == "Cardiologie");
    CHECK(head.legal_authenticator->id.extension == "899900000011");
    CHECK(head.legal_authenticator->at == sample::time("20261120142500+0100"));
    CHECK(head.treating_doctor()->who.telecoms.at(0).value == "mailto:claire.lenoir@doctor.example");
    CHECK(head.author_finess() == "990000010");
    CHECK(*mime::cda::extract_body(*document) == sample::pdf);
}

TEST_CASE("bad sidecars have a code and the path of the field", "[sidecar]")
{
    struct row {
        std::string_view from, to;
        sidecar_errc code;
        std::string_view field;
    };
    const auto tc = GENERATE(values<row>({
        {"\"ipp\"", "\"ippp\"", sidecar_errc::unknown_key, "patient.ippp"},
        {"\"patient\"", "\"1985 MARTEL\"", sidecar_errc::unknown_key, "?"},
        {"\"role\"", "\"rool\"", sidecar_errc::unknown_key, "recipients[0].rool"},
        {"\"label\"", "\"libelle\"", sidecar_errc::unknown_key, "stay.service.libelle"},
        {"\"285076900000095\"", "\"285076900000094\"", sidecar_errc::check_digit, "patient.ins.matricule"},
        {"\"285076900000095\"", "\"28507690000009\"", sidecar_errc::ill_formed, "patient.ins.matricule"},
        {"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.2", sidecar_errc::ill_formed, "patient.ins.oid"},
        {"\"MARTEL\"", "\"  \"", sidecar_errc::missing, "patient.birth_name"},
        {"\"MARTEL\"", "null", sidecar_errc::missing, "patient.birth_name"},
        {"\"MARTEL\"", "7", sidecar_errc::wrong_type, "patient.birth_name"},
        {"\"MARTEL\"", "\"MAR\\u0000TEL\"", sidecar_errc::ill_formed, "patient.birth_name"},
        {"\"given_names\": \"ELODIE ANNE\",", "", sidecar_errc::missing, "patient.given_names"},
        {"\"1985-07-14\"", "\"1985-02-30\"", sidecar_errc::ill_formed, "patient.birth_date"},
        {"\"1985-07-14\"", "\"14/07/1985\"", sidecar_errc::ill_formed, "patient.birth_date"},
        {"\"F\"", "\"X\"", sidecar_errc::ill_formed, "patient.sex"},
        {"\"69381\"", "\"6938\"", sidecar_errc::ill_formed, "patient.birthplace_cog"},
        {"\"S-1\"", "\"\"", sidecar_errc::missing, "stay.number"},
        {"2026-11-16T08:05:00+01:00", "hier", sidecar_errc::ill_formed, "stay.admission"},
        {"2026-11-20T14:10:00", "2026-11-16T08:04:00", sidecar_errc::inconsistent, "stay.discharge"},
        {"\"class\": \"I\"", "\"class\": \"Z\"", sidecar_errc::ill_formed, "stay.class"},
        {"99900000011", "99900000012", sidecar_errc::check_digit, "signatory.rpps"},
        {"99900000011", "999", sidecar_errc::ill_formed, "signatory.rpps"},
        {"04 00 00 00 00", "poste douze", sidecar_errc::ill_formed, "signatory.phone"},
        {"\"DR\"", "\"Docteur\"", sidecar_errc::ill_formed, "signatory.title"},
        {"2026-11-20T14:25:00+01:00", "2026-11-20", sidecar_errc::ill_formed, "signatory.signed_at"},
        {"claire.lenoir@doctor.example", "claire.lenoir", sidecar_errc::ill_formed, "treating_doctor.address"},
        {"\"recipients\": [{", "\"recipients\": [7, {", sidecar_errc::wrong_type, "recipients[0]"},
        {"\"11490-0\"", "\"99999-9\"", sidecar_errc::ill_formed, "document.type"},
        {"\"version\": 1", "\"version\": \"1\"", sidecar_errc::wrong_type, "document.version"},
        {"\"version\": 1", "\"version\": 0", sidecar_errc::ill_formed, "document.version"},
        {"\"version\": 1", "\"version\": 2, \"id\": \"2.999.5\"", sidecar_errc::missing, "document.replaces"},
        {"\"version\": 1", "\"version\": 1, \"replaces\": \"2.999.5\"", sidecar_errc::inconsistent,
         "document.replaces"},
        {"\"version\": 1", "\"language\": \"french\"", sidecar_errc::ill_formed, "document.language"},
        {"\"version\": 1", "\"confidentiality\": \"U\"", sidecar_errc::ill_formed, "document.confidentiality"},
        {"\"document\":", "\"establishment\": {\"finess\": \"120456789\"}, \"document\":", sidecar_errc::check_digit,
         "establishment.finess"},
        {"\"document\": {", "\"document\": [{", sidecar_errc::not_json, ""},
    }));
    CAPTURE(tc.from, tc.to);
    const auto read = read_sidecar(sample::replaced(good, tc.from, tc.to), defaults());
    REQUIRE_FALSE(read.has_value());
    CHECK(name_of(read.error().code) == name_of(tc.code));
    CHECK(read.error().field == tc.field);
    CHECK(read.error().text.find("MARTEL") == std::string::npos);
}

TEST_CASE("a hospital number alone is enough, nothing at all is not", "[sidecar]")
{
    const std::string ins = R"("ins": {"matricule": "285076900000095", "oid": "1.2.250.1.213.1.4.10"}, )";
    const std::string without =
        sample::replaced(sample::replaced(sample::replaced(good, ins, ""), "\"given_names\": \"ELODIE ANNE\",", ""),
                         ", \"birthplace_cog\": \"69381\"", "");
    const auto read = read_sidecar(without, defaults());
    REQUIRE(read.has_value());
    CHECK(read->patient.ins() == nullptr);
    const auto none = read_sidecar(sample::replaced(without, "\"ipp\": \"885214\",", ""), defaults());
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().field == "patient.ins");
}

TEST_CASE("settings may not have what the sidecar lacks", "[sidecar]")
{
    auto none = defaults();
    none.site = {};
    const auto read = read_sidecar(good, none);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == sidecar_errc::missing);
    CHECK(read.error().field == "establishment.finess");
}

TEST_CASE("lenient keys accept official test identities", "[sidecar]")
{
    auto lenient = defaults();
    lenient.keys = key_checks::lenient;
    CHECK(read_sidecar(sample::replaced(good, "285076900000095", "285076900000094"), lenient).has_value());
    CHECK_FALSE(read_sidecar(sample::replaced(good, "285076900000095", "2850769000000"), lenient).has_value());
}

TEST_CASE("a local set id is the same OID in every version", "[sidecar]")
{
    const std::string local = sample::replaced(good, "2.999.7.417", "LDL/2026/417");
    const auto first = read_sidecar(local, defaults());
    const auto second = read_sidecar(sample::replaced(local, "\"version\": 1", "\"version\": 2"), defaults());
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->document.set_id.substr(0, 5) == "2.25.");
    CHECK(first->document.set_id == second->document.set_id);
    CHECK(first->document.id != second->document.id);
    REQUIRE(second->document.replaces);
    CHECK(*second->document.replaces == first->document.id);
    CHECK(oid_of_name("2.999.1", "a") != oid_of_name("2.999.2", "a"));
    CHECK(oid_of_name("2.999.1", "a") != oid_of_name("2.999.1", "b"));
}

TEST_CASE("a sidecar cut anywhere is refused", "[sidecar]")
{
    for (std::size_t size = 0; size < good.size(); ++size) {
        if (read_sidecar(std::string_view(good).substr(0, size), defaults()).has_value()) FAIL("cut at " << size);
    }
}

TEST_CASE("limits of a sidecar, at and one past", "[sidecar]")
{
    auto site = defaults();
    site.limits.max_octets = good.size();
    CHECK(read_sidecar(good, site).has_value());
    site.limits.max_octets = good.size() - 1;
    REQUIRE_FALSE(read_sidecar(good, site).has_value());
    CHECK(read_sidecar(good, site).error().code == sidecar_errc::too_large);

    site = defaults();
    site.limits.max_recipients = 1;
    CHECK(read_sidecar(good, site).has_value());
    site.limits.max_recipients = 0;
    REQUIRE_FALSE(read_sidecar(good, site).has_value());
    CHECK(read_sidecar(good, site).error().code == sidecar_errc::too_many);

    site = defaults();
    site.limits.max_depth = 3;
    CHECK(read_sidecar(good, site).has_value());
    site.limits.max_depth = 2;
    REQUIRE_FALSE(read_sidecar(good, site).has_value());
    CHECK(read_sidecar(good, site).error().code == sidecar_errc::not_json);

    site = defaults();
    site.limits.max_text_octets = 28;  // the longest text is the address
    CHECK(read_sidecar(good, site).has_value());
    site.limits.max_text_octets = 27;
    CHECK_FALSE(read_sidecar(good, site).has_value());
}
