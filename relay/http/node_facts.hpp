// relay/http/node_facts.hpp: what the pages are told of the running node; made by relay/app. Values.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "mime/text/zone.hpp"
#include "relay/pipeline/delivery_scheduler.hpp"
#include "relay/pipeline/load_rule.hpp"
#include "relay/pipeline/organisation.hpp"

namespace relay::http {
enum class phase { starting, serving, draining };

struct node_facts {
    http::phase phase = http::phase::starting;
    pipeline::load_state load = pipeline::load_state::normal;
    std::chrono::steady_clock::duration longest_step{0};  // of the threads beside the I/O loop
    std::vector<pipeline::site_facts> sites;              // that mail goes to
};

// As the settings of now say.
struct institution {
    mime::zone zone;
    pipeline::organisation sites;
};
}
