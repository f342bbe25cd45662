#include "mime/text/charset.hpp"
#include "mime/xdm/names.hpp"
#include "mime/xdm/package.hpp"
#include "mime/xdm/zip_handles.hpp"

namespace mime::xdm {
namespace {
using detail::archive_ptr;
using detail::source_ptr;

std::string establishment_of(const xdm_input& input)
{
    return input.establishment.empty() ? std::string(input.documents.front().header.author_organisation_name())
                                       : input.establishment;
}

std::string index_entries(const xdm_input& input)
{
    std::string out;
    std::size_t number = 0;
    for (const xdm_source& one : input.documents)
        out += "<li><a href=\"IHE_XDM/SUBSET01/" + document_name(++number) + "\">" + xml_escape(one.header.type.label) +
               " (CDA)</a></li>\r\n";
    return out;
}

// ISO 9660 and old readers: CRLF in both pages.
std::string index_page(const xdm_input& input)
{
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
           "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML Basic 1.1//EN\" "
           "\"http://www.w3.org/TR/xhtml-basic/xhtml-basic11.dtd\">\r\n"
           "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fr\">\r\n<head>\r\n"
           "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\"/>\r\n"
           "<title>Document de santé (IHE XDM)</title>\r\n</head>\r\n<body>\r\n"
           "<h1>Document de santé transmis par messagerie sécurisée</h1>\r\n<p>Émetteur : " +
           xml_escape(establishment_of(input)) + "</p>\r\n<ul>\r\n" + index_entries(input) +
           "<li><a href=\"README.TXT\">Lisez-moi</a></li>\r\n</ul>\r\n</body>\r\n</html>\r\n";
}

std::string readme_entries(const xdm_input& input)
{
    std::string out;
    for (std::size_t number = 1; number <= input.documents.size(); ++number)
        out += "  IHE_XDM/SUBSET01/" + document_name(number) + "   document CDA R2\r\n";
    return out;
}

std::string readme_text(const xdm_input& input)
{
    return "LISEZ-MOI\r\n\r\nEmetteur : " + establishment_of(input) +
           "\r\nApplication : Liaison, relais de messagerie sécurisée de santé\r\n"
           "Date de constitution : " +
           format_local(input.built_at, input.zone, local_format::date_time_text) +
           "\r\n\r\nContenu\r\n"
           "  INDEX.HTM                      page d'accueil\r\n"
           "  README.TXT                     ce fichier\r\n"
           "  IHE_XDM/SUBSET01/METADATA.XML  métadonnées XDS du lot\r\n" +
           readme_entries(input) +
           "\r\nInstructions\r\n"
           "  Le document s'intègre dans le logiciel du professionnel (profil IHE XDM). Pour le lire à l'écran,\r\n"
           "  ouvrir le PDF joint au même courriel.\r\n"
           "  Données de santé à caractère personnel : ne pas diffuser.\r\n";
}

struct dos_stamp {
    zip_uint16_t time;
    zip_uint16_t date;
};

// MS-DOS form (APPNOTE 4.4.6), from local wall-clock time; years before 1980 cannot be written.
dos_stamp dos_time(utc_instant at, const zone& where)
{
    const timestamp local = local_timestamp(at, where);
    const unsigned year = local.year < 1980 ? 0U : static_cast<unsigned>(local.year - 1980);
    return {static_cast<zip_uint16_t>((local.hour << 11) | (local.minute << 5) | (local.second / 2)),
            static_cast<zip_uint16_t>((year << 9) | (local.month << 5) | local.day)};
}

// Level 1, where libzip's own choice is 9: a letter's compressible octets are few, the time of its sender is not.
constexpr zip_uint32_t deflate_level = 1;

bool add_file(zip_t* archive, const char* name, std::string_view bytes, compression how, dos_stamp stamp)
{
    source_ptr source(zip_source_buffer(archive, bytes.data(), bytes.size(), 0));  // borrows bytes until the close
    if (!source) return false;
    const zip_int64_t index = zip_file_add(archive, name, source.get(), ZIP_FL_ENC_UTF_8);
    if (index < 0) return false;
    (void)source.release();  // the archive owns it now
    const auto at = static_cast<zip_uint64_t>(index);
    const bool stored = how == compression::stored;
    return zip_set_file_compression(archive, at, stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, stored ? 0 : deflate_level) ==
               0 &&
           zip_file_set_dostime(archive, at, stamp.time, stamp.date, 0) == 0;
}

result<std::string> read_back(zip_source_t* buffer)
{
    zip_stat_t facts;
    if (zip_source_stat(buffer, &facts) != 0 || (facts.valid & ZIP_STAT_SIZE) == 0) return xdm_errc::zip_failed;
    if (zip_source_open(buffer) != 0) return xdm_errc::zip_failed;
    std::string out(facts.size, '\0');
    const zip_int64_t got = zip_source_read(buffer, out.data(), out.size());
    zip_source_close(buffer);
    if (got < 0 || static_cast<std::size_t>(got) != out.size()) return xdm_errc::zip_failed;
    return out;
}

compression chosen(compression how, const cda::body& body)
{
    if (how != compression::by_content) return how;
    return body.kind == cda::body_kind::non_xml ? compression::stored : compression::deflated;
}
}

result<std::string> write_package(const xdm_input& input)
{
    const auto metadata = write_metadata(input);
    if (!metadata) return metadata.error();
    const std::string index = index_page(input);
    const std::string readme = readme_text(input);
    const dos_stamp stamp = dos_time(input.built_at, input.zone);

    source_ptr buffer(zip_source_buffer_create(nullptr, 0, 0, nullptr));
    if (!buffer) return xdm_errc::zip_failed;
    archive_ptr archive(zip_open_from_source(buffer.get(), ZIP_TRUNCATE, nullptr));
    if (!archive) return xdm_errc::zip_failed;
    zip_source_keep(buffer.get());  // one reference is the archive's, one stays ours
    bool added = add_file(archive.get(), "INDEX.HTM", index, compression::stored, stamp) &&
                 add_file(archive.get(), "README.TXT", readme, compression::stored, stamp) &&
                 add_file(archive.get(), "IHE_XDM/SUBSET01/METADATA.XML", *metadata, compression::deflated, stamp);
    std::size_t number = 0;
    for (const xdm_source& one : input.documents)
        added = added && add_file(archive.get(), ("IHE_XDM/SUBSET01/" + document_name(++number)).c_str(), one.bytes,
                                  chosen(input.how, one.body), stamp);
    if (!added || zip_close(archive.get()) != 0) return xdm_errc::zip_failed;
    (void)archive.release();  // closed
    return read_back(buffer.get());
}
}
