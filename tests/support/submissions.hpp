// tests/support/submissions.hpp: what a hospital drops, in every form, about one synthetic patient: made here so that a
// test changes one thing at a time. Link to a room that links mime_cda.
#pragma once

#include <string>
#include <string_view>

#include "mime/cda/n1_writer.hpp"
#include "mime/text/base64.hpp"
#include "relay/pipeline/submission.hpp"

namespace tests {
inline constexpr std::string_view pdf = "%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n";
inline constexpr std::string_view first_doctor = "99900000011";
inline constexpr std::string_view second_doctor = "99900000029";

// Everything a test may change; the rest is the same letter again.
struct letter_order {
    std::string document = "2.999.7.417.1";
    std::string set = "2.999.7.417";
    unsigned version = 1;
    std::string type = "11490-0";
    std::string visit = "26011234";
    std::string discharge = "20261120141000+0100";
    std::string treating_doctor = std::string(second_doctor);  // RPPS; empty: none named
    std::string title = "Lettre de liaison";
    std::string control_id = "DEMO000417";              // MDM
    std::string address = "anne.roux@medecin.example";  // MDM: the one recipient
    std::string rpps = std::string(second_doctor);      // MDM: of the recipient
    std::string reception = "Y";                        // MDM: ACK_RECEPTION
    std::string event = "T02";                          // MDM: T10 replaces, T04 deletes
    std::string replaces = "";                          // id; empty: of the version before, if it is not the first
    bool without_set = false;                           // old documents: neither setId nor versionNumber
    std::string body = "";                              // MDM: CORPSMAIL_PS
    std::string reading = "N";                          // MDM: ACK_LECTURE_MSS
    std::string content = std::string(pdf);             // the PDF inside the document
    bool as_sections = false;                           // CDA N3 instead of N1
    std::string signed_at = "20261120142500+0100";
    std::string family = "QUENTRELIN";
    std::string ins = "285076900000095";
};

inline mime::cda::professional professional(std::string_view rpps, std::string_view family)
{
    mime::cda::professional who;
    who.id = {"1.2.250.1.71.4.2.1", "8" + std::string(rpps)};
    who.name = {"", std::string(family), "Anne", "DR"};
    who.telecoms = {{"tel:+33400000000", "WP"}};
    who.place.id = {"1.2.250.1.71.4.2.2", "1990000010"};
    who.place.name = "HOPITAL DEMO";
    return who;
}

// Of the document this one replaces; empty: it replaces none.
inline std::string parent_of(const letter_order& order)
{
    if (!order.replaces.empty() || order.version == 1) return order.replaces;
    return order.set + "." + std::to_string(order.version - 1);
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    return text.replace(text.find(from), from.size(), to);  // throws std::out_of_range if absent
}

// A document of level 1 as one of level 3, under the same id.
inline std::string with_sections(std::string text)
{
    const std::string_view last = "</nonXMLBody>";
    const std::size_t start = text.find("<nonXMLBody>");
    return text.replace(start, text.find(last) + last.size() - start,
                        "<structuredBody><component><section><title>Motif</title><text>Texte de la lettre</text>"
                        "</section></component></structuredBody>");
}

inline std::string cda_file(const letter_order& order = {})
{
    const auto time = [](std::string_view text) { return *mime::read_timestamp(text); };
    mime::cda::n1_input in;
    in.id = order.document;
    in.set_id = order.set;
    in.version = order.version;
    if (const std::string parent = parent_of(order); !parent.empty()) in.replaces = parent;
    in.type.code = order.type;
    in.title = order.title;
    in.created = time("20261120143000+0100");
    in.patient.ids = {{"1.2.250.1.213.1.4.10", mime::patient_text(order.ins)},
                      {"2.999.1.1", mime::patient_text("885214")}};
    in.patient.birth_family = mime::patient_text(order.family);
    in.patient.birth_given = mime::patient_text("Ysoline");
    in.patient.given_list = mime::patient_text("Ysoline Anne");
    in.patient.birth_date = mime::patient_text("19850714");
    in.patient.gender = mime::patient_text("F");
    in.patient.birthplace_cog = mime::patient_text("69381");
    in.author = professional(first_doctor, "VIDAL");
    in.author.speciality = {"G15_10/SM26", "1.2.250.1.213.1.1.4.5", "Médecin - Qualifié en Médecine Générale (SM)"};
    in.signatory = professional(first_doctor, "VIDAL");
    in.signatory.at = time(order.signed_at);
    in.custodian = in.signatory.place;
    if (!order.treating_doctor.empty()) in.treating_doctor = professional(order.treating_doctor, "ROUX");
    in.stay.number = {"2.999.1.2", order.visit};
    in.stay.when.low = time("20261116080500+0100");
    if (!order.discharge.empty()) in.stay.when.high = time(order.discharge);
    std::string text = mime::cda::write_n1(in, order.content);
    if (order.without_set) {
        const auto drop = [&text](std::string_view element) {
            const auto at = text.find("<" + std::string(element));
            text.erase(at, text.find("/>", at) + 2 - at);
        };
        drop("setId");
        drop("versionNumber");
    }
    if (order.as_sections) return with_sections(std::move(text));
    return text;
}

inline std::string mdm_file(const letter_order& order = {})
{
    const std::string status = order.event == "T10" ? "C" : order.event == "T04" ? "D" : "F";
    const std::string control = order.event == "T10" ? "RO" : order.event == "T04" ? "CA" : "NW";
    const std::string parent = order.event == "T10" ? parent_of(order) : "";
    const auto flag = [](int number, std::string_view code, std::string_view value) {
        return "OBX|" + std::to_string(number) + "|CWE|" + std::string(code) + "^Libellé^MetaDMPMSS||" +
               std::string(value) + "^^expandedYes-NoIndicator||||||F\r";
    };
    return "MSH|^~\\&|DPI_DEMO|HOP_DEMO|RELAIS|HOP_DEMO|20261120143005+0100||MDM^" + order.event + "^MDM_T02|" +
           order.control_id +
           "|T|2.6|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
           "EVN||20261120143005+0100\r"
           "PID|1||885214^^^HOP_DEMO&2.999.1.1&ISO^PI~" +
           order.ins + "^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||" + order.family +
           "^YSOLINE^YSOLINE ANNE^^^^L||19850714|F|||^^^^^^BDL^^69381|||||||" + order.visit +
           "^^^HOP_DEMO&2.999.1.2&ISO^AN|||||||||||||N|VALI\r" + "PV1||I|MED1" + std::string(16, '|') + order.visit +
           "^^^HOP_DEMO&2.999.1.2&ISO^VN" + std::string(25, '|') + "202611160905+0100|" + order.discharge + "\rORC|" +
           control +
           "\r"
           "OBR|1|||" +
           order.type +
           "^Lettre de liaison à la sortie^LN\r"
           "TXA|1|" +
           order.type + "|TEXT|||||||||" + order.document + "|" + parent +
           "||||AU\r"
           "OBX|1|ED|" +
           order.type + "^Lettre de liaison à la sortie^LN||^text^XML^Base64^" + mime::base64_encode(cda_file(order)) +
           "||||||" + status +
           "\r"
           "PRT||UC||SB^Send by^participation|899900000011^VIDAL^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^"
           "IDNPS|||HOPITAL DEMO^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^990000010\r"
           "PRT||UC||RCT^Result Copies To^participation|8" +
           order.rpps +
           "^ROUX^ANNE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D"
           "^^^IDNPS||||||||||^^X.400^" +
           order.address + "\r" + flag(2, "MASQUE_PS", "N") + flag(3, "INVISIBLE_PATIENT", "N") +
           flag(4, "INVISIBLE_REP_LEGAUX", "N") + flag(5, "CONNEXION_SECRETE", "N") + flag(6, "MODIF_CONF_CODE", "N") +
           flag(7, "DESTDMP", "N") + flag(8, "DESTMSSANTEPS", "Y") + flag(9, "DESTMSSANTEPAT", "N") + "NTE|1|||FIN\r" +
           flag(10, "ACK_RECEPTION", order.reception) + flag(11, "ACK_LECTURE_MSS", order.reading) +
           (order.body.empty() ? ""
                               : "OBX|12|ED|CORPSMAIL_PS^Corps du mail pour un PS^MetaDMPMSS||^TEXT^^Base64^" +
                                     mime::base64_encode(order.body) + "||||||F\r");
}

// The same letter as one ORU with a second document, in another body level of its own id.
inline std::string oru_file(const letter_order& order, const letter_order& second)
{
    std::string text = mdm_file(order);
    const auto change = [&text](std::string_view from, std::string_view to) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    };
    const auto drop = [&text](std::string_view segment) {
        const auto at = text.find("\r" + std::string(segment)) + 1;
        text.erase(at, text.find('\r', at) + 1 - at);
    };
    drop("EVN|");
    drop("TXA|");
    change("MDM^" + order.event + "^MDM_T02", "ORU^R01^ORU_R01");
    change("|T|2.6|", "|T|2.5|");
    change("|CWE|", "|CE|");
    change("^text^XML", "^TEXT^XML");
    const auto flags = text.find("OBX|2|CE|");
    const auto document = text.find("OBX|1|ED|");
    std::string beside = text.substr(document, text.find('\r', document) + 1 - document);
    const auto content = beside.find("^Base64^") + 8;
    beside.replace(content, beside.find('|', content) - content, mime::base64_encode(cda_file(second)));
    beside.replace(0, 9, "OBX|2|ED|");
    text.insert(flags, beside);
    return text;
}

struct discharge_order {
    std::string control_id = "ADT0001";
    std::string visit = "26011234";
    std::string discharge = "20261120141000";
    std::string treating_doctor = std::string(second_doctor);  // empty: no ROL
    std::string action = "INSERT";
    std::string event = "A03";  // A01, A02, A11, A13, Z99
    std::string movement = "M77";
    std::string recorded = "20261120141200";
    std::string moved = "20261120140500";
    std::string original = {};  // ZBE-6
    std::string patient_class = "I";
    std::string unit = "4410";
    std::string admission = "20261116090500";
    std::string name = "QUENTRELIN^YSOLINE";
    std::string ins = {};  // of the test domain; empty: none
};

inline std::string adt_file(const discharge_order& order = {})
{
    const std::string structure = order.event == "A02" || order.event == "A03" ? "ADT_" + order.event
                                  : order.event == "A11"                       ? "ADT_A09"
                                                                               : "ADT_A01";
    const std::string ins =
        order.ins.empty() ? "" : "~" + order.ins + "^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS";
    std::string text = "MSH|^~\\&|GAM|HOP_DEMO|RELAIS|HOP_DEMO|20261120141200||ADT^" + order.event + "^" + structure +
                       "|" + order.control_id + "|T|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|||2.11^IHE_FRANCE-2.11-PAM\r" +
                       "EVN||" + order.recorded + "\rPID|1||885214^^^HOP_DEMO&2.999.1.1&ISO^PI" + ins + "||" +
                       order.name + "^^^^^L||19850714|F||||||||||" + order.visit + "^^^HOP_DEMO&2.999.1.2&ISO^AN\r";
    if (!order.treating_doctor.empty())
        text += "ROL|1|AD|ODRP^^HL70443|8" + order.treating_doctor +
                "^ROUX^ANNE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS\r";
    return text + "PV1|1|" + order.patient_class + "|MED1||||||||||||||||" + order.visit +
           "^^^HOP_DEMO&2.999.1.2&ISO^VN|||||||||||||||||||||||||" + order.admission + "|" + order.discharge +
           "\rZBE|" + order.movement + "^HOP_DEMO|" + order.moved + "||" + order.action + "|N|" + order.original +
           "|Médecine A^^^^^HOP_DEMO&2.999.1.3&ISO^UF^^^" + order.unit + "||S\r";
}

inline std::string sidecar_file()
{
    return R"({
  "patient": {"ins": {"matricule": "285076900000095", "oid": "1.2.250.1.213.1.4.10"}, "ipp": "885214",
    "birth_name": "QUENTRELIN", "first_given_name": "YSOLINE", "given_names": "YSOLINE ANNE",
    "birth_date": "1985-07-14", "sex": "F", "birthplace_cog": "69381"},
  "stay": {"number": "26011234", "admission": "2026-11-16T08:05:00+01:00", "discharge": "2026-11-20T14:10:00",
    "service": {"code": "CARD", "label": "Cardiologie"}, "class": "I"},
  "signatory": {"rpps": "99900000011", "family": "VIDAL", "given": "Paul", "phone": "04 00 00 00 00", "title": "DR",
    "signed_at": "2026-11-20T14:25:00+01:00"},
  "treating_doctor": {"rpps": "99900000029", "family": "ROUX", "given": "Anne"},
  "recipients": [{"address": "anne.roux@medecin.example", "family": "ROUX", "given": "Anne", "role": "professional"}],
  "document": {"type": "11490-0", "title": "Lettre de liaison", "set_id": "2.999.7.500", "version": 1}
})";
}

// The same letter as key=value lines.
inline std::string flat_sidecar_file()
{
    return R"(patient.ins.matricule = 285076900000095
patient.ins.oid = 1.2.250.1.213.1.4.10
patient.ipp = 885214
patient.birth_name = QUENTRELIN
patient.first_given_name = YSOLINE
patient.given_names = YSOLINE ANNE
patient.birth_date = 14/07/1985
patient.sex = F
patient.birthplace_cog = 69381
stay.number = 26011234
stay.admission = 16/11/2026 08:05
stay.discharge = 20/11/2026 14:10
stay.service.code = CARD
stay.service.label = Cardiologie
stay.class = I
signatory.rpps = 99900000011
signatory.family = VIDAL
signatory.given = Paul
signatory.phone = 04 00 00 00 00
signatory.title = DR
signatory.signed_at = 20/11/2026 14:25
treating_doctor.rpps = 99900000029
treating_doctor.family = ROUX
treating_doctor.given = Anne
recipients.1.address = anne.roux@medecin.example
recipients.1.family = ROUX
recipients.1.given = Anne
recipients.1.role = professional
document.type = 11490-0
document.title = Lettre de liaison
document.set_id = 2.999.7.500
document.version = 1
)";
}

inline relay::pipeline::submission dropped(std::string name, std::string bytes)
{
    relay::pipeline::submission from;
    from.name = std::move(name);
    from.bytes = std::move(bytes);
    return from;
}

inline relay::pipeline::submission dropped_pair(std::string name, std::string json)
{
    relay::pipeline::submission from = dropped(std::move(name), std::move(json));
    from.attachment = std::string(pdf);
    return from;
}
}
