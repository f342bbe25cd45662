// mime/xdm/zip_handles.hpp: owners of libzip handles. For the source files of mime/xdm only.
#pragma once

#include <zip.h>
#include <memory>

#include "mime/text/freed_by.hpp"

namespace mime::xdm::detail {
using archive_ptr = std::unique_ptr<zip_t, freed_by<zip_discard>>;  // discarding forgets what was not closed
using source_ptr = std::unique_ptr<zip_source_t, freed_by<zip_source_free>>;
inline void close_file(zip_file_t* file) noexcept
{
    zip_fclose(file);
}
using file_ptr = std::unique_ptr<zip_file_t, freed_by<close_file>>;
}
