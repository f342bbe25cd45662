#include "mime/render/pdf_metadata.hpp"

#include <initializer_list>
#include <utility>

#include "mime/text/charset.hpp"

namespace mime::render {
namespace {
void put(std::string& out, std::initializer_list<unsigned> octets)
{
    for (const unsigned octet : octets) out += static_cast<char>(octet);
}

void put32(std::string& out, unsigned value)
{
    put(out, {value >> 24U, value >> 16U & 0xFFU, value >> 8U & 0xFFU, value & 0xFFU});
}

// 20261120133005 -> 2026-11-20T13:30:05Z
std::string xmp_date(const std::string& utc)
{
    return utc.substr(0, 4) + "-" + utc.substr(4, 2) + "-" + utc.substr(6, 2) + "T" + utc.substr(8, 2) + ":" +
           utc.substr(10, 2) + ":" + utc.substr(12, 2) + "Z";
}
}

std::string grey_profile()
{
    std::string d50;
    for (const unsigned value : {0x0000F6D6U, 0x00010000U, 0x0000D32DU}) put32(d50, value);
    std::string desc = "desc";
    put32(desc, 0);
    put32(desc, 9);
    desc += std::string("Grey 2.2\0", 9) + std::string(4 + 4 + 2 + 1 + 67, '\0');
    desc.append((4 - desc.size() % 4) % 4, '\0');
    const std::string copyright = std::string("text\0\0\0\0none\0\0\0\0", 16);
    const std::string white = std::string("XYZ \0\0\0\0", 8) + d50;
    std::string curve = std::string("curv\0\0\0\0\0\0\0\1", 12);
    put(curve, {0x02, 0x33, 0, 0});
    const std::pair<std::string_view, const std::string*> tags[] = {
        {"cprt", &copyright}, {"desc", &desc}, {"kTRC", &curve}, {"wtpt", &white}};

    std::string table;
    std::string data;
    put32(table, 4);
    for (const auto& [tag, bytes] : tags) {
        table += tag;
        put32(table, static_cast<unsigned>(128 + 4 + 4 * 12 + data.size()));
        put32(table, static_cast<unsigned>(bytes->size()));
        data += *bytes;
    }
    std::string out;
    put32(out, static_cast<unsigned>(128 + table.size() + data.size()));
    put32(out, 0);
    put32(out, 0x02100000);
    out += "mntrGRAYXYZ ";
    put(out, {0x07, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0});  // 2026-01-01, fixed
    out += "acsp" + std::string(28, '\0') + d50;
    out.resize(128, '\0');
    return out + table + data;
}

std::string xmp(const pdf_facts& facts)
{
    std::string out =
        "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
        "<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" "
        "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" "
        "xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">\n"
        "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>\n"
        "<dc:format>application/pdf</dc:format>\n<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">" +
        xml_escape(facts.title) + "</rdf:li></rdf:Alt></dc:title>\n<dc:language><rdf:Bag><rdf:li>" +
        xml_escape(facts.language) + "</rdf:li></rdf:Bag></dc:language>\n<pdf:Producer>" + std::string(producer) +
        "</pdf:Producer>\n";
    if (!facts.created.empty()) out += "<xmp:CreateDate>" + xmp_date(facts.created) + "</xmp:CreateDate>\n";
    return out + "</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>";
}
}
