// Target zip: a package that claims to be an IHE XDM. The first octet says how the rest is meant: 'Z', the octets of a
// zip; 'M', the metadata of a well-formed zip around one document, so that checksums do not hide the reader of the
// metadata. Success: at least one document came out whole.
#include <memory>

#include <zip.h>

#include "mime/text/digest.hpp"
#include "mime/xdm/package.hpp"
#include "tests/fuzz/harness.hpp"
#include "tests/unit/mime/cda/sample.hpp"

namespace {
const std::string& document()
{
    static const std::string made = mime::cda::write_n1(sample::letter(), sample::pdf);
    return made;
}

struct letter {
    mime::cda::cda_document read = *mime::cda::read_document(document());
    mime::zone paris = *mime::find_zone("Europe/Paris");
    [[nodiscard]] mime::xdm::xdm_input input(mime::xdm::compression how) const
    {
        return {.documents = {{document(), read.header(), read.body()}},
                .zone = paris,
                .built_at = mime::utc_instant(std::chrono::milliseconds(1'795'181'406'000)),
                .source_id = "2.999.1",
                .submission_id = "2.999.8.912",
                .how = how};
    }
};

void add(zip_t* archive, const char* name, std::string_view bytes)
{
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name, source, 0);
    fuzz::promise(index >= 0 &&
                  zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) == 0);
}

std::string zip_around(std::string_view metadata)
{
    zip_source_t* buffer = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    zip_t* archive = zip_open_from_source(buffer, ZIP_TRUNCATE, nullptr);
    zip_source_keep(buffer);
    add(archive, "IHE_XDM/SUBSET01/METADATA.XML", metadata);
    add(archive, "IHE_XDM/SUBSET01/DOC0001.XML", document());
    fuzz::promise(zip_close(archive) == 0);
    zip_stat_t facts;
    fuzz::promise(zip_source_stat(buffer, &facts) == 0 && zip_source_open(buffer) == 0);
    std::string out(facts.size, '\0');
    fuzz::promise(zip_source_read(buffer, out.data(), out.size()) == static_cast<zip_int64_t>(out.size()));
    zip_source_close(buffer);
    zip_source_free(buffer);
    return out;
}
}

std::vector<std::string> fuzz::seeds()
{
    const letter one;
    std::vector<std::string> all;
    for (const auto how : {mime::xdm::compression::stored, mime::xdm::compression::deflated})
        all.push_back("Z" + *mime::xdm::write_package(one.input(how)));
    all.push_back("M" + *mime::xdm::write_metadata(one.input(mime::xdm::compression::stored)));
    return all;
}

bool fuzz::reads(std::string_view input)
{
    if (input.empty()) return false;
    const bool metadata = input.front() == 'M';
    input.remove_prefix(1);
    mime::xdm::xdm_limits limits;
    limits.max_expanded_octets = 4 * 1024 * 1024;  // a hostile zip stays a quick one
    const auto read = mime::xdm::read_package(metadata ? zip_around(input) : std::string(input), limits);
    if (!read.has_value()) return false;
    promise(!read->documents.empty());
    std::size_t octets = 0;
    for (const mime::xdm::xdm_document& each : read->documents) {
        promise(each.size == each.bytes.size() && each.hash == mime::hex(mime::sha1(each.bytes)));
        octets += each.size;
        (void)mime::cda::read_document(each.bytes);
    }
    promise(octets <= limits.max_expanded_octets);
    return true;
}
