// tests/support/site.hpp: the settings of a test hospital and a directory in memory. Link to relay_pipeline.
#pragma once

#include <map>

#include "relay/pipeline/letter_plan.hpp"
#include "tests/support/minted_pki.hpp"

namespace tests {
inline mime::zone paris()
{
    return *mime::find_zone("Europe/Paris");
}

inline relay::pipeline::instant local(std::string_view text)
{
    return mime::to_utc(*mime::read_timestamp(text), paris()).at;
}

inline relay::pipeline::site_options site()
{
    relay::pipeline::site_options made{paris(), {}, {}, mime::cda::site_environment::test, 40U << 20U, "990000010"};
    made.hl7.processing_ids = {"T"};
    made.hl7.wrong_keys = mime::hl7::tolerance::accepted;
    made.sidecar.site.finess = "990000010";
    made.sidecar.site.name = "HOPITAL DEMO";
    made.sidecar.site.oid_root = "2.999.1";
    made.sidecar.zone = paris();
    return made;
}

// Two groups of a site each; the second keeps the clock of Reunion.
inline relay::pipeline::organisation two_sites()
{
    return relay::pipeline::organisation(
        {{"NORD", "Site Nord", "GH EST", paris(), {{"4410", "Cardiologie"}}},
         {"REU", "Site Sud", "GH SUD", *mime::find_zone("Indian/Reunion"), {{"9740", "Chirurgie"}}}});
}

inline relay::pipeline::route_policy routes()
{
    relay::pipeline::route_policy policy;
    policy.trusted_domains = {"medecin.example", "ailleurs.example", "attente.example", "hopital.example"};
    policy.rules = {{"*", {"operateur.example", 25, "operateur.example"}, relay::pipeline::seal_profile::smime},
                    {"attente.example", {"x", 25, "x"}, relay::pipeline::seal_profile::hold}};
    return policy;
}

class memory_directory final : public relay::pipeline::ports::directory {
public:
    using entry = relay::pipeline::ports::directory_entry;
    std::vector<entry> rows;
    std::map<std::string, std::vector<std::string>, std::less<>> der;

    void add(std::string address, std::string rpps)
    {
        entry row;
        row.address = std::move(address);
        row.rpps = std::move(rpps);
        rows.push_back(std::move(row));
    }
    std::vector<entry> by_address(std::string_view address) override
    {
        return matching([&](const entry& row) { return row.address == address; });
    }
    std::vector<entry> by_rpps(std::string_view rpps) override
    {
        return matching([&](const entry& row) { return row.rpps == rpps; });
    }
    std::vector<std::string> certificates(std::string_view address) override
    {
        const auto found = der.find(address);
        return found == der.end() ? std::vector<std::string>{} : found->second;
    }

private:
    template <class Match>
    std::vector<entry> matching(Match match) const
    {
        std::vector<entry> found;
        for (const entry& row : rows)
            if (match(row)) found.push_back(row);
        return found;
    }
};

inline minted mint_doctor(minted_key key, std::string_view address, const minted& root)
{
    mint_order order;
    order.key = key;
    order.uses = key == minted_key::ec_p256 ? "critical,keyAgreement" : "critical,keyEncipherment";
    order.alternative_names = "email:" + std::string(address);
    return mint(order, &root);
}

// One authority for a whole test binary: keys take time.
inline const minted& root()
{
    static const minted made = mint(ca_order("root"));
    return made;
}

inline std::string der_of(const minted& one)
{
    return certs::read_certificate(one.certificate).value().der();
}
}
