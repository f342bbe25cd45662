// relay/pipeline/organisation.hpp: group → site → service of one institution (domain.md §1), and each site's zone
// (§3 rule 7). Comes from the settings; immutable, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mime/text/zone.hpp"

namespace relay::pipeline {
struct site_entry {
    std::string code, name, group;
    mime::zone zone;
    std::map<std::string, std::string, std::less<>> services;  // code (UF, UM) → name
    bool tells_hand_over = false;  // its services tell when the patient got his copy of the letter (domain.md §5)
};

class organisation {
public:
    organisation() = default;
    explicit organisation(std::vector<site_entry> sites);

    [[nodiscard]] const site_entry* site_of(std::string_view service) const;      // null: in no site
    [[nodiscard]] std::string_view service_name(std::string_view service) const;  // empty if unknown
    [[nodiscard]] const std::vector<site_entry>& sites() const noexcept { return sites_; }
    // Tells two institutions apart: what is derived with one is not what the other gives.
    [[nodiscard]] std::string fingerprint() const;

private:
    std::vector<site_entry> sites_;
    std::map<std::string, std::size_t, std::less<>> by_service_;
};
}
