// relay/http/layout.hpp: the frame of every page (HTML 5, lang=fr, WCAG 2.1 AA): skip link, navigation, main, footer.
// Pure.
#pragma once

#include "relay/http/errc.hpp"
#include "relay/http/html.hpp"

namespace relay::http {
enum class place { worklist, indicators, elsewhere };
enum class scripts { none, charts };

struct page_frame {
    std::string_view title;  // of the window, and the h1
    place where = place::elsewhere;
    scripts uses = scripts::none;
};
[[nodiscard]] std::string write_page(const page_frame& frame, const html& body);
[[nodiscard]] std::string write_error_page(const errc_facts& why);
}
