#include "relay/pipeline/organisation.hpp"

namespace relay::pipeline {
organisation::organisation(std::vector<site_entry> sites) : sites_(std::move(sites))
{
    for (std::size_t place = 0; place < sites_.size(); ++place)
        for (const auto& [service, label] : sites_[place].services) by_service_.emplace(service, place);
}

const site_entry* organisation::site_of(std::string_view service) const
{
    const auto found = by_service_.find(service);
    return found == by_service_.end() ? nullptr : &sites_[found->second];
}

std::string_view organisation::service_name(std::string_view service) const
{
    const site_entry* site = site_of(service);
    return site == nullptr ? std::string_view() : site->services.find(service)->second;
}

std::string organisation::fingerprint() const
{
    std::string text;
    for (const site_entry& site : sites_) {
        text += site.code + "\t" + site.group + "\t" + site.zone.name() + (site.tells_hand_over ? "\thand_over" : "");
        for (const auto& [service, label] : site.services) text += "\t" + service;
        text += "\n";
    }
    return text;
}
}
