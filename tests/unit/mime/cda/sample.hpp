// A synthetic letter for the suites of mime/cda, mime/sidecar and mime/xdm.
#pragma once

#include <string>
#include <string_view>

#include "mime/cda/n1_writer.hpp"

namespace sample {
inline constexpr std::string_view pdf = "%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n";

inline mime::timestamp time(std::string_view text)
{
    return *mime::read_timestamp(text);
}

inline mime::cda::professional doctor(std::string_view rpps, std::string_view family)
{
    mime::cda::professional who;
    who.id = {"1.2.250.1.71.4.2.1", "8" + std::string(rpps)};
    who.name = {"", std::string(family), "Paul", "DR"};
    who.telecoms = {{"tel:+33400000000", "WP"}};
    who.place.id = {"1.2.250.1.71.4.2.2", "1990000010"};
    who.place.name = "HOPITAL DEMO";
    return who;
}

inline mime::cda::n1_input letter()
{
    mime::cda::n1_input in;
    in.id = "2.999.7.417.1";
    in.set_id = "2.999.7.417";
    in.title = "Lettre de liaison";
    in.created = time("20261120143000+0100");
    in.patient.ids = {{"1.2.250.1.213.1.4.10", mime::patient_text("285076900000095")},
                      {"2.999.1.1", mime::patient_text("885214")}};
    in.patient.birth_family = mime::patient_text("MARTEL");
    in.patient.birth_given = mime::patient_text("Élodie");
    in.patient.given_list = mime::patient_text("Élodie Anne");
    in.patient.used_family = mime::patient_text("BRUNEL & \"FILS\"");
    in.patient.birth_date = mime::patient_text("19850714");
    in.patient.gender = mime::patient_text("F");
    in.patient.birthplace_cog = mime::patient_text("69381");
    in.author = doctor("99900000011", "VIDAL");
    in.author.speciality = {"G15_10/SM26", "1.2.250.1.213.1.1.4.5", "Médecin - Qualifié en Médecine Générale (SM)"};
    in.signatory = doctor("99900000011", "VIDAL");
    in.signatory.at = time("20261120142500+0100");
    in.custodian = in.signatory.place;
    in.treating_doctor = doctor("99900000029", "LENOIR");
    in.recipients.push_back({{"1.2.250.1.71.4.2.1", "899900000029"}, {"MME", "LENOIR", "Claire", "DR"}, {}, {}});
    in.stay.number = {"2.999.1.2", "S-1"};
    in.stay.when = {time("20261116080500+0100"), time("20261120141000+0100")};
    return in;
}

// `text` with the first `from` replaced; fails loudly when it is not there.
inline std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    return text.replace(text.find(from), from.size(), to);  // throws std::out_of_range if absent
}
}
