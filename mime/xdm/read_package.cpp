#include <algorithm>
#include <charconv>
#include <map>
#include <pugixml.hpp>
#include <set>
#include <utility>

#include "mime/cda/xml_scan.hpp"
#include "mime/text/digest.hpp"
#include "mime/xdm/package.hpp"
#include "mime/xdm/uuids.hpp"
#include "mime/xdm/zip_handles.hpp"

namespace mime::xdm {
namespace {
using detail::archive_ptr;
using detail::file_ptr;
using detail::source_ptr;

constexpr std::size_t ratio_free_octets = 64 * 1024;

std::string upper(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
}

bool is_good_name(std::string_view name)
{
    if (name.empty() || name.size() > 255 || name.front() == '/') return false;
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == ':') return false;
    }
    for (std::string_view rest = name;;) {
        const std::size_t slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        if (part == "..") return false;
        if (slash == std::string_view::npos) return true;
        rest.remove_prefix(slash + 1);
    }
}

// Folder and regular file only, where the maker of the zip says what it is.
bool is_special_file(zip_t* archive, zip_uint64_t index)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(archive, index, 0, &system, &attributes) != 0) return false;
    if (system != ZIP_OPSYS_UNIX) return false;
    const unsigned kind = (attributes >> 16) & 0170000U;
    return kind != 0 && kind != 0100000U && kind != 0040000U;
}

struct entry {
    zip_uint64_t index;
    std::size_t size;
};

class package_reader {
public:
    explicit package_reader(const xdm_limits& limits) : limits_(limits) {}

    result<void> open(std::string_view zip)
    {
        if (zip.size() > limits_.max_zip_octets) return xdm_errc::too_large;
        if (zip.empty()) return xdm_errc::not_zip;  // the library reads nothing as a zip without entries
        source_ptr source(zip_source_buffer_create(zip.data(), zip.size(), 0, nullptr));
        if (!source) return xdm_errc::zip_failed;
        archive_.reset(zip_open_from_source(source.get(), ZIP_RDONLY, nullptr));
        if (!archive_) return xdm_errc::not_zip;
        (void)source.release();  // the archive owns it now
        return look_at_entries();
    }

    [[nodiscard]] const std::map<std::string, entry>& entries() const noexcept { return entries_; }

    result<std::string> expand(const entry& what)
    {
        // Each entry once: metadata that name one file many times cannot make us hold it many times.
        if (!expanded_.insert(what.index).second) return xdm_errc::bad_metadata;
        const file_ptr file(zip_fopen_index(archive_.get(), what.index, 0));
        if (!file) return xdm_errc::bad_checksum;
        std::string out(what.size, '\0');
        std::size_t filled = 0;
        while (filled < out.size()) {
            const zip_int64_t got = zip_fread(file.get(), out.data() + filled, out.size() - filled);
            if (got <= 0) return xdm_errc::bad_checksum;
            filled += static_cast<std::size_t>(got);
        }
        char more = 0;  // also makes the library compare the checksum
        if (zip_fread(file.get(), &more, 1) != 0) return xdm_errc::bad_checksum;
        return out;
    }

private:
    result<void> look_at_entries()
    {
        const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
        if (count < 0) return xdm_errc::not_zip;
        if (static_cast<std::size_t>(count) > limits_.max_entries) return xdm_errc::too_many_entries;
        std::size_t expanded = 0;
        for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
            if (auto looked = look_at(i, expanded); !looked) return looked;
        }
        return {};
    }

    result<void> look_at(zip_uint64_t index, std::size_t& expanded)
    {
        zip_stat_t facts;
        if (zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &facts) != 0) return xdm_errc::not_zip;
        constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
        if ((facts.valid & needed) != needed) return xdm_errc::not_zip;
        if (!is_good_name(facts.name)) return xdm_errc::bad_name;
        if (is_special_file(archive_.get(), index)) return xdm_errc::link_entry;
        if ((facts.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && facts.encryption_method != ZIP_EM_NONE) {
            return xdm_errc::encrypted;
        }
        if (facts.size > limits_.max_expanded_octets - expanded) return xdm_errc::too_much_expanded;
        expanded += facts.size;
        if (facts.size > ratio_free_octets && (facts.size - ratio_free_octets) / limits_.max_ratio >= facts.comp_size) {
            return xdm_errc::ratio;
        }
        // Two entries of one name are two readings of one package.
        if (!entries_.emplace(upper(facts.name), entry{index, facts.size}).second) return xdm_errc::bad_name;
        return {};
    }

    const xdm_limits& limits_;
    archive_ptr archive_;
    std::set<zip_uint64_t> expanded_;
    std::map<std::string, entry> entries_;  // by name in capitals
};

std::string_view local_name(const pugi::xml_node& node)
{
    const std::string_view name = node.name();
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

template <class Visit>
void each(const pugi::xml_node& parent, std::string_view name, Visit visit)
{
    for (const pugi::xml_node node : parent.children()) {
        if (local_name(node) == name) visit(node);
    }
}

std::string slot_value(const pugi::xml_node& object, std::string_view name)
{
    std::string value;
    each(object, "Slot", [&](const pugi::xml_node& slot) {
        if (name != slot.attribute("name").value() || !value.empty()) return;
        each(slot, "ValueList", [&](const pugi::xml_node& list) {
            each(list, "Value", [&](const pugi::xml_node& node) {
                if (value.empty()) value = node.text().get();
            });
        });
    });
    return value;
}

result<void> verify(const xdm_document& document, const std::string& hash, const std::string& size)
{
    if (!hash.empty() && upper(hash) != upper(document.hash)) return xdm_errc::hash_mismatch;
    if (!size.empty() && size != std::to_string(document.size)) return xdm_errc::hash_mismatch;
    return {};
}

result<xdm_document> read_document(package_reader& zip, const std::string& folder, const pugi::xml_node& object)
{
    xdm_document out;
    out.uri = slot_value(object, "URI");
    out.mime_type = object.attribute("mimeType").value();
    each(object, "ExternalIdentifier", [&](const pugi::xml_node& node) {
        if (uuid::entry_unique == node.attribute("identificationScheme").value())
            out.unique_id = node.attribute("value").value();
    });
    if (out.uri.empty()) return xdm_errc::bad_metadata;
    const auto found = zip.entries().find(folder + upper(out.uri));
    if (found == zip.entries().end()) return xdm_errc::no_document;
    auto bytes = zip.expand(found->second);
    if (!bytes) return bytes.error();
    out.bytes = std::move(*bytes);
    out.size = out.bytes.size();
    out.hash = hex(sha1(out.bytes));
    if (auto same = verify(out, slot_value(object, "hash"), slot_value(object, "size")); !same) return same.error();
    return out;
}

result<void> read_subset(package_reader& zip, const std::string& name, const entry& metadata, xdm_package& out)
{
    const auto text = zip.expand(metadata);
    if (!text) return text.error();
    pugi::xml_document tree;
    if (!cda::scan_xml(*text) ||
        !tree.load_buffer(text->data(), text->size(), pugi::parse_default, pugi::encoding_utf8)) {
        return xdm_errc::bad_metadata;
    }
    const std::string folder = name.substr(0, name.rfind('/') + 1);
    std::vector<pugi::xml_node> objects;
    (void)tree.find_node([&](const pugi::xml_node& node) {
        if (local_name(node) == "ExtrinsicObject") objects.push_back(node);
        return false;
    });
    if (objects.empty()) return xdm_errc::bad_metadata;
    for (const pugi::xml_node& object : objects) {
        auto document = read_document(zip, folder, object);
        if (!document) return document.error();
        out.documents.push_back(std::move(*document));
    }
    return {};
}

bool is_metadata_name(const std::string& name)
{
    constexpr std::string_view start = "IHE_XDM/";
    constexpr std::string_view end = "/METADATA.XML";
    return name.size() > start.size() + end.size() && name.compare(0, start.size(), start) == 0 &&
           name.compare(name.size() - end.size(), end.size(), end) == 0;
}
}

result<xdm_package> read_package(std::string_view bytes, const xdm_limits& limits)
{
    package_reader zip(limits);
    if (auto opened = zip.open(bytes); !opened) return opened.error();
    xdm_package out;
    for (const auto& [name, what] : zip.entries()) {
        if (!is_metadata_name(name)) continue;
        if (auto subset = read_subset(zip, name, what, out); !subset) return subset.error();
    }
    if (out.documents.empty()) return xdm_errc::no_metadata;
    return out;
}
}
