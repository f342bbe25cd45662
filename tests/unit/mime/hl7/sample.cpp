#include "tests/unit/mime/hl7/sample.hpp"

#include <stdexcept>

namespace hl7_test {
namespace {
struct span {
    std::size_t start, end;  // without the CR
};

span find_segment(const std::string& text, std::string_view name, std::size_t sequence)
{
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\r', at);
        if (text.compare(at, 3, name) == 0 && --sequence == 0) return {at, end};
        at = end + 1;
    }
    throw std::logic_error("no such segment in the sample");
}

std::string flag(int number, std::string_view code, std::string_view value)
{
    return "OBX|" + std::to_string(number) + "|CWE|" + std::string(code) + "^Libellé^MetaDMPMSS||" +
           std::string(value) + "^^expandedYes-NoIndicator||||||F\r";
}
}

std::string document_text()
{
    return "MSH|^~\\&|DPI_DEMO|HOP_DEMO|RELAIS|HOP_DEMO|20261120143005+0100||MDM^T02^MDM_T02|DEMO000417|P|2.6|||||FRA|"
           "UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
           "EVN||20261120143005+0100\r"
           "PID|1||885214^^^HOP_DEMO&2.999.1.1&ISO^PI~285076900000095^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS|"
           "|"
           "MARTEL^ELODIE^ELODIE ANNE^^^^L~BRUNEL^ELODIE^^^^^D||19850714|F|||^^^^^^H~^^^^^^BDL^^69123|||||||"
           "26011234^^^HOP_DEMO&2.999.1.2&ISO^AN|||||||||||||N|VALI\r"
           "PV1||I|MED1" +
           std::string(16, '|') + "26011234^^^HOP_DEMO&2.999.1.2&ISO^VN" + std::string(25, '|') +
           "202611160905+0100|202611201410+0100\r"
           "ORC|NW\r"
           "OBR|1|||11490-0^Lettre de liaison à la sortie^LN\r"
           "TXA|1|11490-0|TEXT|||||||||2.999.7.417.1|||||AU\r"
           "OBX|1|ED|11490-0^Lettre de liaison à la sortie^LN||^text^XML^Base64^PENsaW5pY2FsRG9jdW1lbnQvPg==||||||F\r"
           "PRT||UC||SB^Send "
           "by^participation|899900000011^VIDAL^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
           "|||HOPITAL DEMO^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^990000010\r"
           "PRT||UC||RCT^Result Copies "
           "To^participation|899900000029^ROUX^ANNE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D"
           "^^^IDNPS||||||||||^^X.400^anne.roux@medecin.demo.mssante.fr\r"
           "PRT||UC||RCT^Result Copies To^participation|285076900000095^MARTEL^ELODIE^^^^^^"
           "ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^L^^^INS||||||||||^^X.400^285076900000095@patient.mssante.fr\r"
           "PRT||UC||REPLY^Reply To^participation|||||||||||^^X.400^secretariat@hopital.demo.mssante.fr\r" +
           flag(2, "MASQUE_PS", "N") + flag(3, "INVISIBLE_PATIENT", "N") + flag(4, "INVISIBLE_REP_LEGAUX", "N") +
           flag(5, "CONNEXION_SECRETE", "N") + flag(6, "MODIF_CONF_CODE", "N") + flag(7, "DESTDMP", "N") +
           flag(8, "DESTMSSANTEPS", "Y") + flag(9, "DESTMSSANTEPAT", "Y") + "NTE|1|||FIN\r" +
           flag(10, "ACK_RECEPTION", "Y") + flag(11, "ACK_LECTURE_MSS", "N") +
           "OBX|12|ED|CORPSMAIL_PS^Corps du mail pour un PS^MetaDMPMSS||^TEXT^^Base64^Qm9uam91cg==||||||F\r";
}

std::string observation_text(int documents)
{
    std::string text = without(without(document_text(), "EVN"), "TXA");
    text = with_field(with_field(text, "MSH", 9, "ORU^R01^ORU_R01"), "MSH", 12, "2.5");
    text = replaced(replaced(text, "|CWE|", "|CE|"), "^text^XML", "^TEXT^XML");
    if (documents == 1) return text;
    return with_line_after(text, "PRT",
                           "OBX|2|ED|11490-0^Lettre^LN||^TEXT^XML^Base64^PENsaW5pY2FsRG9jdW1lbnQvPg==||||||F", 4);
}

std::string discharge_text()
{
    return "MSH|^~\\&|GAM|HOP_DEMO|RELAIS|HOP_DEMO|20261120141200||ADT^A03^ADT_A03|ADT0001|P|2.5^FRA^2.11|||||FRA|"
           "UNICODE UTF-8|||2.11^IHE_FRANCE-2.11-PAM\r"
           "EVN||20261120141200||||20261120141100\r"
           "PID|1||885214^^^HOP_DEMO&2.999.1.1&ISO^PI||MARTEL^ELODIE^^^^^L||19850714|F||||||||||"
           "26011234^^^HOP_DEMO&2.999.1.2&ISO^AN\r"
           "ROL|1|AD|FHCP^^HL70443|899900000011^VIDAL^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS\r"
           "ROL|2|AD|ODRP^^HL70443|899900000029^ROUX^ANNE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS\r"
           "PV1|1|I|MED1||||||||||||||||26011234^^^HOP_DEMO&2.999.1.2&ISO^VN|||||||||||||||||||||||||"
           "20261116090500|20261120141000\r"
           "ZBE|M77^HOP_DEMO|20261120140500||INSERT|N||Médecine A^^^^^HOP_DEMO&2.999.1.3&ISO^UF^^^4410||S\r";
}

std::string movement_text(std::string_view event)
{
    struct row {
        std::string_view event, structure, zbe;
    };
    constexpr row rows[] = {
        {"A01", "ADT_A01", "M75^HOP_DEMO|20261116090000||INSERT|N|"},
        {"A02", "ADT_A02", "M76^HOP_DEMO|20261118110000||INSERT|N|"},
        {"A03", "ADT_A03", "M77^HOP_DEMO|20261120140500||INSERT|N|"},
        {"A11", "ADT_A09", "M75^HOP_DEMO|20261116090000||CANCEL|N|A01"},
        {"A13", "ADT_A01", "M77^HOP_DEMO|20261120140500||CANCEL|N|A03"},
        {"Z99", "ADT_A01", "M77^HOP_DEMO|20261120140500||UPDATE|N|A03"},
    };
    for (const row& each : rows) {
        if (each.event != event) continue;
        const std::string type = std::string(event) + "^" + std::string(each.structure);
        return replaced(replaced(discharge_text(), "ADT^A03^ADT_A03", "ADT^" + type),
                        "M77^HOP_DEMO|20261120140500||INSERT|N|", each.zbe);
    }
    throw std::logic_error("no such event in the sample");
}

std::string with_field(std::string text, std::string_view name, std::size_t number, std::string_view value,
                       std::size_t sequence)
{
    const span where = find_segment(text, name, sequence);
    std::string line = text.substr(where.start, where.end - where.start);
    std::size_t at = 0;
    for (std::size_t left = name == "MSH" ? number - 1 : number; left > 0; --left) {
        at = line.find('|', at);
        if (at == std::string::npos) {
            line += '|';
            at = line.size();
        } else {
            ++at;
        }
    }
    const std::size_t end = line.find('|', at);
    line.replace(at, end == std::string::npos ? std::string::npos : end - at, value);
    return text.replace(where.start, where.end - where.start, line);
}

std::string without(std::string text, std::string_view name, std::size_t sequence)
{
    const span where = find_segment(text, name, sequence);
    return text.erase(where.start, where.end + 1 - where.start);
}

std::string with_line_after(std::string text, std::string_view name, std::string_view line, std::size_t sequence)
{
    const span where = find_segment(text, name, sequence);
    return text.insert(where.end + 1, std::string(line) + '\r');
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}
}
