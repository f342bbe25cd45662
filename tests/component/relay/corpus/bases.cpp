#include "tests/component/relay/corpus/bases.hpp"

#include "tests/support/submissions.hpp"

namespace corpus {
namespace {
constexpr std::string_view test_ins = "1.2.250.1.213.1.4.10";
constexpr std::string_view real_ins = "1.2.250.1.213.1.4.8";

std::string production(std::string text)
{
    for (std::size_t at = 0; (at = text.find(test_ins, at)) != std::string::npos;) {
        text.replace(at, test_ins.size(), real_ins);
    }
    return text;
}

std::string n1(unsigned version)
{
    tests::letter_order order;
    order.document = order.set + "." + std::to_string(version);
    order.version = version;
    return production(tests::cda_file(order));
}

// The same letter as sections.
std::string n3(unsigned version)
{
    std::string text = tests::with_sections(n1(version));
    const std::string id = "2.999.7.417." + std::to_string(version);
    return tests::replaced(std::move(text), "root=\"" + id + "\"",
                           "root=\"2.999.7.418." + std::to_string(version) + "\"");
}

struct shape {
    std::string_view type, version, control, status, flag_type, id, parent;
    unsigned cda = 1;
};
constexpr shape t02{"MDM^T02^MDM_T02", "2.6", "NW", "F", "CWE", "2.999.7.417.1", "", 1};
constexpr shape t10{"MDM^T10^MDM_T02", "2.6", "RO", "C", "CWE", "2.999.7.417.2", "2.999.7.417.1", 2};
constexpr shape t04{"MDM^T04^MDM_T02", "2.6", "CA", "D", "CWE", "2.999.7.417.2", "2.999.7.417.1", 2};
constexpr shape oru{"ORU^R01^ORU_R01", "2.5", "NW", "F", "CE", "", "", 1};

std::string text_of(std::string_view piece)
{
    return std::string(piece);
}

std::string document_line(const shape& as, int number, std::string_view bytes)
{
    return "OBX|" + std::to_string(number) + "|ED|11490-0^Lettre de liaison à la sortie^LN||^TEXT^XML^Base64^" +
           mime::base64_encode(bytes) + "||||||" + text_of(as.status) + "\r";
}

std::string head_of(const shape& as)
{
    std::string text = "MSH|^~\\&|DPI_DEMO|HOP_DEMO|RELAIS|HOP_DEMO|20261120143005+0100||" + text_of(as.type) +
                       "|DEMO000417|P|" + text_of(as.version) + "|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r";
    if (!as.id.empty()) text += "EVN||20261120143005+0100\r";
    text +=
        "PID|1||885214^^^HOP_DEMO&2.999.1.1&ISO^PI~285076900000095^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS"
        "||QUENTRELIN^YSOLINE^YSOLINE ANNE^^^^L||19850714|F|||^^^^^^BDL^^69381|||||||26011234^^^HOP_DEMO&2.999.1.2&"
        "ISO^AN|||||||||||||N|VALI\r";
    text += "PV1||I|MED1" + std::string(16, '|') + "26011234^^^HOP_DEMO&2.999.1.2&ISO^VN" + std::string(25, '|') +
            "202611160905+0100|202611201410+0100\r";
    text += "ORC|" + text_of(as.control) + "\rOBR|1|||11490-0^Lettre de liaison à la sortie^LN\r";
    if (!as.id.empty()) text += "TXA|1|11490-0|TEXT|||||||||" + text_of(as.id) + "|" + text_of(as.parent) + "||||AU\r";
    return text;
}

std::string people()
{
    return "PRT||UC||SB^Send by^participation|899900000011^VIDAL^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^"
           "IDNPS|||HOPITAL DEMO^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^990000010\r"
           "PRT||UC||RCT^Result Copies To^participation|899900000029^ROUX^ANNE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&"
           "ISO^D^^^IDNPS||||||||||^^X.400^anne.roux@medecin.example\r"
           "PRT||UC||RCT^Result Copies To^participation||||CENTRE "
           "DEMO^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^"
           "990000028|||||||^^X.400^centre@ailleurs.example\r"
           "PRT||UC||RCT^Result Copies To^participation|285076900000095^QUENTRELIN^YSOLINE^^^^^^ASIP-SANTE-INS-NIR&"
           "1.2.250.1.213.1.4.8&ISO^L^^^INS||||||||||^^X.400^285076900000095@patient.mssante.fr\r"
           "PRT||UC||REPLY^Reply To^participation|||||||||||^^X.400^secretariat@hopital.example\r";
}

std::string orders(const shape& as, int number)
{
    std::string text;
    const auto flag = [&](std::string_view code, std::string_view value) {
        text += "OBX|" + std::to_string(number++) + "|" + text_of(as.flag_type) + "|" + text_of(code) +
                "^Libellé^MetaDMPMSS||" + text_of(value) + "^^expandedYes-NoIndicator||||||F\r";
    };
    for (const auto* const code : {"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REP_LEGAUX", "CONNEXION_SECRETE",
                                   "MODIF_CONF_CODE", "DESTDMP"}) {
        flag(code, "N");
    }
    flag("DESTMSSANTEPS", "Y");
    flag("DESTMSSANTEPAT", "Y");
    text += "NTE|1|||FIN\r";
    flag("ACK_RECEPTION", "Y");
    flag("ACK_LECTURE_MSS", "N");
    for (const auto* const code : {"CORPSMAIL_PS", "CORPSMAIL_PATIENT"}) {
        text += "OBX|" + std::to_string(number++) + "|ED|" + code +
                "^Corps^MetaDMPMSS||^TEXT^^Base64^Qm9uam91cg==||||||F\r";
    }
    return text;
}

std::string with_flag(std::string text, std::string_view code, std::string_view value)
{
    const std::size_t at = text.find("||", text.find("|" + text_of(code) + "^"));
    return text.replace(at + 2, 1, value);
}

// Movements of one stay, in the form that its events give them; only a discharge and its update name its end.
std::string movement(std::string_view event)
{
    tests::discharge_order order;
    order.event = event;
    if (event != "A03" && event != "Z99") order.discharge.clear();
    if (event == "A11" || event == "A13") order.action = "CANCEL";
    if (event == "Z99") order.action = "UPDATE";
    if (event == "A11") order.original = "A01";
    if (event == "A13" || event == "Z99") order.original = "A03";
    const bool known = event == "A01" || event == "A02" || event == "A03" || !order.original.empty();
    return known ? tests::replaced(tests::adt_file(order), "|T|2.5", "|P|2.5") : std::string();
}

std::string mdm(const shape& as)
{
    return head_of(as) + document_line(as, 1, n1(as.cda)) + people() + orders(as, 2);
}
}

std::string base(std::string_view name)
{
    if (name == "T02") return mdm(t02);
    if (name == "T02-PS") return with_flag(mdm(t02), "DESTMSSANTEPAT", "N");
    if (name == "T02-PAT") return with_flag(mdm(t02), "DESTMSSANTEPS", "N");
    if (name == "T02-HIDDEN") return with_flag(with_flag(mdm(t02), "DESTMSSANTEPAT", "N"), "INVISIBLE_PATIENT", "Y");
    if (name == "T10") return mdm(t10);
    if (name == "T04") return mdm(t04);
    if (name == "ORU1") return head_of(oru) + document_line(oru, 1, n1(1)) + people() + orders(oru, 2);
    if (name == "ORU2") {
        return head_of(oru) + document_line(oru, 1, n1(1)) + people() + document_line(oru, 2, n3(1)) + orders(oru, 3);
    }
    return movement(name);
}
}
