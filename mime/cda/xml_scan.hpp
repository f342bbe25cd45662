// mime/cda/xml_scan.hpp: looks over XML bytes before any tree is built, so that hostile input costs one pass and no
// memory. Standard: XML 1.0 §2 (a small, strict part of it). Refuses NUL, any encoding but UTF-8, DOCTYPE and every
// other markup declaration, references to undeclared entities, several roots, and whatever passes the limits. Names and
// the pairing of tags are left to the parser that follows. Pure, any thread; borrows nothing.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "mime/cda/errc.hpp"

namespace mime::cda {
struct cda_limits {
    std::size_t max_octets = 40 * 1024 * 1024;
    std::size_t max_depth = 64;          // the national examples stay under 30
    std::size_t max_elements = 200'000;  // the largest national example has about 8 000
    std::size_t max_attributes = 400'000;
    std::size_t max_element_attributes = 64;  // namespaces are looked up along them, once per element read
};

// Text of an element that may hold a file, long and like base64: no markup, no reference, no blank but line ends at its
// start, so that a parser learns nothing from going through it.
struct base64_run {
    std::size_t offset = 0;
    std::size_t size = 0;
};
constexpr std::size_t long_run_octets = 16 * 1024;

// `runs`, if asked for: every long run, in order.
[[nodiscard]] cda_result<void> scan_xml(std::string_view bytes, const cda_limits& limits = {},
                                        std::vector<base64_run>* runs = nullptr);
}
