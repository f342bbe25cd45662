#include <map>
#include <pugixml.hpp>
#include <set>
#include <utility>

#include "mime/cda/identifiers.hpp"
#include "mime/cda/xml_scan.hpp"
#include "mime/text/ascii.hpp"
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

xdm_error at_entry(xdm_errc code, zip_uint64_t index)
{
    return {code, "entry " + std::to_string(index + 1)};
}

struct entry {
    zip_uint64_t index;
    std::size_t size;
};

class package_reader {
public:
    explicit package_reader(const xdm_limits& limits) : limits_(limits) {}

    xdm_result<void> open(std::string_view zip)
    {
        if (zip.size() > limits_.max_zip_octets) return xdm_error{xdm_errc::too_large, {}};
        if (zip.empty()) return xdm_error{xdm_errc::not_zip, {}};  // the library reads nothing as a zip without entries
        source_ptr source(zip_source_buffer_create(zip.data(), zip.size(), 0, nullptr));
        if (!source) return xdm_error{xdm_errc::zip_failed, {}};
        archive_.reset(zip_open_from_source(source.get(), ZIP_RDONLY, nullptr));
        if (!archive_) return xdm_error{xdm_errc::not_zip, {}};
        (void)source.release();  // the archive owns it now
        return look_at_entries();
    }

    [[nodiscard]] const std::map<std::string, entry>& entries() const noexcept { return entries_; }

    xdm_result<std::string> expand(const entry& what)
    {
        // Each entry once: metadata that name one file many times cannot make us hold it many times.
        if (!expanded_.insert(what.index).second) return at_entry(xdm_errc::bad_metadata, what.index);
        const file_ptr file(zip_fopen_index(archive_.get(), what.index, 0));
        if (!file) return at_entry(xdm_errc::bad_checksum, what.index);
        std::string out(what.size, '\0');
        std::size_t filled = 0;
        while (filled < out.size()) {
            const zip_int64_t got = zip_fread(file.get(), out.data() + filled, out.size() - filled);
            if (got <= 0) return at_entry(xdm_errc::bad_checksum, what.index);
            filled += static_cast<std::size_t>(got);
        }
        char more = 0;  // also makes the library compare the checksum
        if (zip_fread(file.get(), &more, 1) != 0) return at_entry(xdm_errc::bad_checksum, what.index);
        return out;
    }

private:
    xdm_result<void> look_at_entries()
    {
        const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
        if (count < 0) return xdm_error{xdm_errc::not_zip, {}};
        if (static_cast<std::size_t>(count) > limits_.max_entries) return xdm_error{xdm_errc::too_many_entries, {}};
        std::size_t expanded = 0;
        for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
            if (auto looked = look_at(i, expanded); !looked) return looked;
        }
        return {};
    }

    xdm_result<void> look_at(zip_uint64_t index, std::size_t& expanded)
    {
        zip_stat_t facts;
        if (zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &facts) != 0)
            return at_entry(xdm_errc::not_zip, index);
        constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
        if ((facts.valid & needed) != needed) return at_entry(xdm_errc::not_zip, index);
        if (!is_good_name(facts.name)) return at_entry(xdm_errc::bad_name, index);
        if (is_special_file(archive_.get(), index)) return at_entry(xdm_errc::link_entry, index);
        if ((facts.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && facts.encryption_method != ZIP_EM_NONE) {
            return at_entry(xdm_errc::encrypted, index);
        }
        if (facts.size > limits_.max_expanded_octets - expanded) return at_entry(xdm_errc::too_much_expanded, index);
        expanded += facts.size;
        if (facts.size > ratio_free_octets && (facts.size - ratio_free_octets) / limits_.max_ratio >= facts.comp_size) {
            return at_entry(xdm_errc::ratio, index);
        }
        // Two entries of one name are two readings of one package.
        if (!entries_.emplace(upper(facts.name), entry{index, facts.size}).second)
            return at_entry(xdm_errc::bad_name, index);
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

std::vector<std::string> slot_values(const pugi::xml_node& object, std::string_view name)
{
    std::vector<std::string> values;
    each(object, "Slot", [&](const pugi::xml_node& slot) {
        if (name != slot.attribute("name").value()) return;
        each(slot, "ValueList", [&](const pugi::xml_node& list) {
            each(list, "Value", [&](const pugi::xml_node& node) { values.emplace_back(node.text().get()); });
        });
    });
    return values;
}

std::string slot_value(const pugi::xml_node& object, std::string_view name)
{
    auto values = slot_values(object, name);
    return values.empty() ? std::string() : std::move(values.front());
}

std::string identifier(const pugi::xml_node& object, std::string_view scheme)
{
    std::string value;
    each(object, "ExternalIdentifier", [&](const pugi::xml_node& node) {
        if (scheme == node.attribute("identificationScheme").value()) value = node.attribute("value").value();
    });
    return value;
}

std::vector<std::string_view> parts_of(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

// XON|XCN|XTN (IHE ITI TF-3 §4.2.3.3.4): the organisation is not kept.
xdm_recipient intended_recipient(std::string_view value)
{
    xdm_recipient out;
    const auto parts = parts_of(value, '|');
    if (parts.size() > 1) {
        const auto person = parts_of(parts[1], '^');
        out.rpps = cda::rpps_of(cda::oid::professional, person[0]);
        if (person.size() > 1) out.family = person[1];
        if (person.size() > 2) out.given = person[2];
    }
    if (parts.size() > 2) {
        for (const std::string_view part : parts_of(parts[2], '^'))
            if (part.find('@') != std::string_view::npos) out.address = part;
    }
    return out;
}

// What is read of one package, with the place of the object in hand for errors.
class metadata_reader {
public:
    metadata_reader(package_reader& zip, xdm_package& into) : zip_(zip), out_(into) {}

    xdm_result<void> subset(const std::string& name, const entry& metadata)
    {
        place_ = "METADATA.XML";
        const auto text = zip_.expand(metadata);
        if (!text) return text.error();
        pugi::xml_document tree;
        if (!cda::scan_xml(*text) ||
            !tree.load_buffer(text->data(), text->size(), pugi::parse_default, pugi::encoding_utf8)) {
            return wrong(xdm_errc::bad_metadata);
        }
        std::vector<pugi::xml_node> sets, objects;
        (void)tree.find_node([&](const pugi::xml_node& node) {
            if (local_name(node) == "RegistryPackage") sets.push_back(node);
            if (local_name(node) == "ExtrinsicObject") objects.push_back(node);
            return false;
        });
        if (objects.empty()) return wrong(xdm_errc::bad_metadata);
        for (const pugi::xml_node& set : sets) {
            if (auto read = submission_set(set); !read) return read;
        }
        const std::string folder = name.substr(0, name.rfind('/') + 1);
        for (const pugi::xml_node& object : objects) {
            place_ = "METADATA.XML document " + std::to_string(out_.documents.size() + 1);
            if (auto read = document(object, folder); !read) return read;
        }
        return {};
    }

private:
    [[nodiscard]] xdm_error wrong(xdm_errc code) const { return {code, place_}; }

    xdm_result<void> submission_set(const pugi::xml_node& object)
    {
        if (auto read = action(object); !read) return read;
        for (const std::string& value : slot_values(object, "intendedRecipient")) {
            out_.recipients.push_back(intended_recipient(value));
        }
        return patient(identifier(object, uuid::set_patient));
    }

    xdm_result<void> document(const pugi::xml_node& object, const std::string& folder)
    {
        xdm_document next;
        next.uri = slot_value(object, "URI");
        next.mime_type = object.attribute("mimeType").value();
        next.unique_id = identifier(object, uuid::entry_unique);
        next.patient_id = patient_text(identifier(object, uuid::entry_patient));
        each(object, "Classification", [&](const pugi::xml_node& node) {
            if (uuid::entry_confidentiality == node.attribute("classificationScheme").value())
                next.confidentiality.emplace_back(node.attribute("nodeRepresentation").value());
        });
        if (auto read = action(object); !read) return read;
        if (auto read = patient(next.patient_id.reveal()); !read) return read;
        if (next.uri.empty()) return wrong(xdm_errc::bad_metadata);
        const auto found = zip_.entries().find(folder + upper(next.uri));
        if (found == zip_.entries().end()) return wrong(xdm_errc::no_document);
        auto bytes = zip_.expand(found->second);
        if (!bytes) return bytes.error();
        next.bytes = std::move(*bytes);
        next.size = next.bytes.size();
        next.hash = hex(sha1(next.bytes));
        const std::string hash = slot_value(object, "hash");
        const std::string size = slot_value(object, "size");
        if ((!hash.empty() && upper(hash) != upper(next.hash)) || (!size.empty() && size != std::to_string(next.size)))
            return wrong(xdm_errc::hash_mismatch);
        out_.documents.push_back(std::move(next));
        return {};
    }

    // One action for the whole package: a slot beside one document speaks of the letter.
    xdm_result<void> action(const pugi::xml_node& object)
    {
        bool good = true;
        each(object, "Slot", [&](const pugi::xml_node& slot) {
            if (upper(slot.attribute("name").value()).find("ACTION") == std::string::npos) return;
            const std::string value = slot_value(object, slot.attribute("name").value());
            const letter_action said = value == "D" ? letter_action::remove : letter_action::replace;
            good = good && (value == "C" || value == "D") &&
                   (out_.action == letter_action::initial || out_.action == said);
            out_.action = said;
        });
        if (!good) return wrong(xdm_errc::bad_action);
        return {};
    }

    xdm_result<void> patient(const std::string& id)
    {
        if (id.empty()) return {};
        if (!patient_.empty() && patient_ != id) return wrong(xdm_errc::several_patients);
        patient_ = id;
        return {};
    }

    package_reader& zip_;
    xdm_package& out_;
    std::string place_;
    std::string patient_;
};

bool is_metadata_name(const std::string& name)
{
    constexpr std::string_view start = "IHE_XDM/";
    constexpr std::string_view end = "/METADATA.XML";
    return name.size() > start.size() + end.size() && name.compare(0, start.size(), start) == 0 &&
           name.compare(name.size() - end.size(), end.size(), end) == 0;
}
}

xdm_result<xdm_package> read_package(std::string_view bytes, const xdm_limits& limits)
{
    package_reader zip(limits);
    if (auto opened = zip.open(bytes); !opened) return opened.error();
    xdm_package out;
    metadata_reader metadata(zip, out);
    for (const auto& [name, what] : zip.entries()) {
        if (!is_metadata_name(name)) continue;
        if (auto subset = metadata.subset(name, what); !subset) return subset.error();
    }
    if (out.documents.empty()) return xdm_error{xdm_errc::no_metadata, {}};
    return out;
}
}
