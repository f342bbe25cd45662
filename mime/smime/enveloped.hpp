// mime/smime/enveloped.hpp: is a mail encrypted as a whole (RFC 8551 §3.3; EnvelopedData of RFC 5652 §6,
// AuthEnvelopedData of RFC 5083)? Says nothing about for whom, nor about what a header field of the mail gives away.
// Pure, safe from any thread; reads the whole object, so a label alone is not believed. No input whatever throws.
#pragma once

#include <string_view>

namespace mime::smime {
// The outermost layer is such an object, well formed, with a recipient and with content. One inside a signature or
// inside a multipart does not count.
[[nodiscard]] bool is_enveloped(std::string_view message);
}
