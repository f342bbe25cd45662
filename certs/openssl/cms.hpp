// certs/openssl/cms.hpp: CMS objects (RFC 5652) to and from bytes. On failure the reason is in the error queue, which
// the caller turns into its own meaning with take_error. For source files only, as handles.hpp.
#pragma once

#include "certs/openssl/handles.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace certs::openssl {
// One whole object in BER or DER and nothing behind it; null otherwise. At most 2 GiB.
[[nodiscard]] cms_ptr read_cms(std::string_view octets);

// Octets are inside it, encrypted or in clear: not detached.
[[nodiscard]] bool has_content(CMS_ContentInfo& cms);

// DER of a finished object, as OpenSSL made it: a mail is long, so it is not copied.
struct written_cms {
    octets_ptr octets;
    std::size_t size;
    [[nodiscard]] std::string_view view() const noexcept { return {reinterpret_cast<const char*>(octets.get()), size}; }
};
[[nodiscard]] std::optional<written_cms> write_cms(CMS_ContentInfo& cms);

// What CMS_final with CMS_BINARY does, for content in memory: the encrypted form gets room for all of it at once, where
// a memory BIO that grows copies it a dozen times. `attached`: the content becomes part of the object.
enum class content_place { attached, detached };
[[nodiscard]] bool finish_cms(CMS_ContentInfo& cms, std::string_view content, content_place place);
}
