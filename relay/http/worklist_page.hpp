// relay/http/worklist_page.hpp: what of the worklist (relay/pipeline/worklist.hpp) a request asks for, and how it is
// read. load_worklist() blocks.
#pragma once

#include "relay/http/node_facts.hpp"
#include "relay/http/request.hpp"
#include "relay/http/worklist_view.hpp"
#include "relay/pipeline/ports/worklist.hpp"

namespace relay::http {
struct worklist_query {
    std::string service;                        // empty: all
    std::optional<pipeline::work_place> after;  // end of the page before
    std::size_t lines = 50;
};
// errc::bad_parameter.
[[nodiscard]] result<worklist_query> read_worklist_query(const request& asked, std::size_t lines);
[[nodiscard]] worklist_data load_worklist(pipeline::ports::reader& store, const worklist_query& wanted,
                                          const institution& places, pipeline::instant now);
}
