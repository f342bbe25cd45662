// tests/support/zip_file.hpp: zip files that no product code would write: links, encrypted members, any names. Link to
// a room that links libzip (mime_xdm).
#pragma once

#include <zip.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace tests {
struct zip_member {
    std::string name;
    std::string bytes;
    bool is_link = false;
    bool is_encrypted = false;
};

inline std::string zip_of(const std::vector<zip_member>& members)
{
    zip_source_t* buffer = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    zip_t* archive = zip_open_from_source(buffer, ZIP_TRUNCATE, nullptr);
    zip_source_keep(buffer);
    for (const zip_member& one : members) {
        const auto index = static_cast<zip_uint64_t>(zip_file_add(
            archive, one.name.c_str(), zip_source_buffer(archive, one.bytes.data(), one.bytes.size(), 0), 0));
        if (one.is_link) zip_file_set_external_attributes(archive, index, 0, ZIP_OPSYS_UNIX, 0120777U << 16);
        if (one.is_encrypted) zip_file_set_encryption(archive, index, ZIP_EM_AES_256, "x");
    }
    if (zip_close(archive) != 0) throw std::runtime_error("zip_close");
    zip_stat_t facts;
    zip_source_stat(buffer, &facts);
    std::string out(facts.size, '\0');
    zip_source_open(buffer);
    zip_source_read(buffer, out.data(), out.size());
    zip_source_close(buffer);
    zip_source_free(buffer);
    return out;
}
}
