// relay/app/file_check.hpp: what would become of one file, as plain values: form, operation, matrix row, recipients,
// stay, checks, acknowledgement. Sends and stores nothing; reads the directory and, when there is one, the store. Names
// no patient and no whole address: domains, places and keyed hashes only. `check` prints it (file_check_text, _json).
#pragma once

#include <boost/json.hpp>

#include "relay/app/commands.hpp"
#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::app {
enum class file_verdict {
    accepted,
    held,  // accepted, but at least one delivery would wait for somebody
    refused
};

struct recipient_report {
    pipeline::recipient_role role{};
    std::string domain;                // empty while no address is known
    pipeline::cause why{};             // none: it would leave
    pipeline::seal_profile profile{};  // of one that would leave
    std::string certificate_until;     // JJ/MM/AAAA; empty: none used
};

enum class point_state { good, to_mend, blocking, not_assessable, not_applicable };
struct point_report {
    std::string id, title, law;
    point_state state{};
    std::vector<std::pair<std::string, std::string>> remarks;  // place, French text
};

struct stay_report {
    std::string visit_key, file_key;  // first 12 signs of the keyed hash; empty: no such number
    std::string discharge;            // JJ/MM/AAAA HH:MM; empty: unknown
    std::string quality;              // where it comes from
    std::optional<bool> known;        // to this node's store; empty: there is none to ask
    pipeline::match_state matched = pipeline::match_state::open;  // how it is known; open: by letters only, or not
};

struct document_report {
    std::string type_code;
    int version = 1;
    bool replaces = false;
    std::vector<point_report> points;
    int satisfied = 0, applicable = 0;  // presence score
};

struct fault_report {
    std::string code, field, text;
};

struct file_report {
    std::string file;  // its name, as given
    file_verdict verdict = file_verdict::refused;
    std::string form;       // French: "message HL7 MDM^T02 2.6"
    std::string operation;  // French; empty when refused before it is known
    std::string answer;     // "AA", "AE", "AR", "ACCEPTED", or the refusal's code
    std::string matrix;     // version, mode and row; HL7 only
    std::vector<std::pair<std::string, bool>> flags;
    std::vector<document_report> documents;
    std::optional<stay_report> stay;
    std::vector<recipient_report> recipients;
    std::vector<fault_report> faults;                          // of a refusal
    std::vector<std::pair<std::string, std::string>> remarks;  // place, French text
};

struct file_checker {  // borrows all of it
    const pipeline::site_options& site;
    const pipeline::route_policy& routes;
    const certs::trust_anchors& anchors;
    const pipeline::ports::vault& vault;
    pipeline::ports::directory& directory;
    pipeline::ports::store* store;  // null: there is none yet
    pipeline::instant now;
};

[[nodiscard]] file_report check_file(const file_checker& with, const config::path& file);

[[nodiscard]] std::string report_text(const file_report& from, language words);
[[nodiscard]] boost::json::object report_json(const file_report& from);
}
