#include "relay/app/parts.hpp"

#include <algorithm>

#include <openssl/crypto.h>
#include <sys/stat.h>

#include "relay/base/ids.hpp"
#include "relay/config/hl7_tolerances.hpp"
#include "relay/io/files.hpp"

namespace relay::app {
namespace {
using config::path;

pipeline::hop_lookup lookup_of(config::hop_lookup lookup)
{
    switch (lookup) {
        case config::hop_lookup::mx: return pipeline::hop_lookup::mx;
        case config::hop_lookup::srv: return pipeline::hop_lookup::srv;
        case config::hop_lookup::address: break;
    }
    return pipeline::hop_lookup::address;
}

pipeline::hop_transfer transfer_of(config::hop_transfer transfer)
{
    switch (transfer) {
        case config::hop_transfer::chunks: return pipeline::hop_transfer::chunks;
        case config::hop_transfer::binary: return pipeline::hop_transfer::binary;
        case config::hop_transfer::data: break;
    }
    return pipeline::hop_transfer::data;
}

class preparer {
public:
    explicit preparer(config::loaded from) : read_(std::move(from)), all_(read_.values) {}

    [[nodiscard]] std::vector<config::mistake>& mistakes() { return read_.mistakes; }
    [[nodiscard]] const config::settings& settings() const { return all_; }
    [[nodiscard]] bool good() const { return read_.mistakes.empty(); }

    void private_folder(std::string_view key, const path& folder)
    {
        struct stat info {};
        if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
            wrong(key, "dossier absent : le créer, droits 0700");
        else if ((info.st_mode & 077) != 0)
            wrong(key, "dossier ouvert à d'autres : chmod 700");
    }

    std::optional<mime::zone> zone()
    {
        const auto found = mime::find_zone(all_.node.zone);
        if (!found.has_value()) wrong("[node] zone", "fuseau inconnu (nom IANA attendu, paquet tzdata requis)");
        return found.has_value() ? std::optional(*found) : std::nullopt;
    }

    pipeline::organisation sites(const mime::zone& fallback)
    {
        std::vector<pipeline::site_entry> all;
        for (const config::place_settings& given : all_.places) {
            pipeline::site_entry site{given.code, given.name, given.group, fallback, {}};
            if (!given.zone.empty()) {
                if (const auto found = mime::find_zone(given.zone); found.has_value())
                    site.zone = *found;
                else
                    wrong("[[site]] " + given.code, "zone : fuseau inconnu (nom IANA attendu)");
            }
            site.tells_hand_over = given.hand_over;
            site.services.insert(given.services.begin(), given.services.end());
            all.push_back(std::move(site));
        }
        return pipeline::organisation(std::move(all));
    }

    std::unique_ptr<vault::node_vault> open_vault()
    {
        const auto key = vault::load_node_key(all_.node.key.string());
        if (!key.has_value()) {
            wrong("[node] key", "clé du nœud : " + key.error().message());
            return nullptr;
        }
        return std::make_unique<vault::node_vault>(*key);
    }

    std::shared_ptr<io::tls_context> tls(io::tls_role role, io::peer_certificate peers)
    {
        const io::tls_files files{all_.tls.certificate, all_.tls.key, all_.tls.anchors};
        auto made =
            role == io::tls_role::client ? io::tls_context::client(files) : io::tls_context::server(files, peers);
        if (made.has_value()) return *made;
        if (!tls_reported_) wrong("[tls]", "certificat, clé ou autorités inutilisables : " + made.error().message());
        tls_reported_ = true;
        return nullptr;
    }

    std::optional<certs::trust_anchors> anchors()
    {
        auto read = certs::load_trust_anchors(all_.trust.anchors);
        if (read.has_value()) return std::move(*read);
        wrong("[trust] anchors", "autorités illisibles : " + read.error().message());
        return std::nullopt;
    }

    // What each [[access]] shows; nullptr after a mistake.
    std::shared_ptr<const next_hops> hops(const std::shared_ptr<io::tls_context>& node)
    {
        std::map<std::string, hop_access, std::less<>> by_name;
        for (const config::access_settings& one : all_.accesses) {
            hop_access made{node, nullptr};
            if (!one.certificate.empty()) {
                auto own = io::tls_context::client({one.certificate, one.key, all_.tls.anchors});
                if (own.has_error()) wrong("[[access]] certificate", "certificat ou clé inutilisable : " + one.name);
                made.tls = own.has_value() ? *own : nullptr;
            }
            if (one.login != config::login::none) {
                if (auto read = io::read_secret(one.secret); read.has_error())
                    wrong("[[access]] secret",
                          one.name +
                              " : fichier absent, vide ou ouvert à d'autres (chmod 600) : " + read.error().message());
                else
                    OPENSSL_cleanse(read->data(), read->size());
                const auto mechanism =
                    one.login == config::login::plain ? smtp::sasl_mechanism::plain : smtp::sasl_mechanism::xoauth2;
                made.login =
                    std::make_shared<const smtp::sasl_access>(smtp::sasl_access{mechanism, one.user, one.secret});
            }
            by_name.emplace(one.name, std::move(made));
        }
        return std::make_shared<const next_hops>(node, std::move(by_name));
    }

    [[nodiscard]] io::dns_settings dns() const
    {
        io::dns_settings made{{}, all_.dns.timeout, static_cast<int>(all_.dns.tries)};
        for (const config::endpoint& one : all_.dns.servers) made.servers.push_back({one.host, one.port});
        return made;
    }

    pipeline::route_policy routes()
    {
        pipeline::route_policy policy;
        for (const std::string& domain : all_.trust.domains)
            policy.trusted_domains.insert(pipeline::domain_of("@" + domain));
        for (const config::route_settings& rule : all_.routes) {
            if (rule.profile == config::seal_profile::mssante)
                wrong("[[route]] profile",
                      "le profil mssante (forme claire) n'est pas encore disponible : smime ou hold");
            pipeline::route_rule made{
                rule.domain,
                {rule.next_hop.host, rule.next_hop.port, rule.server_name, lookup_of(rule.lookup),
                 rule.tls == config::hop_tls::implicit ? pipeline::hop_tls::implicit : pipeline::hop_tls::starttls,
                 rule.access, transfer_of(rule.transfer)},
                pipeline::seal_profile::smime};
            if (rule.profile == config::seal_profile::hold) made.profile = pipeline::seal_profile::hold;
            policy.rules.push_back(std::move(made));
        }
        return policy;
    }

    // Looks at its files even when the zone or the anchors are missing, so that all mistakes are told together.
    std::optional<pipeline::composer_options> composer(const std::optional<mime::zone>& zone,
                                                       const std::optional<certs::trust_anchors>& anchors)
    {
        auto certificates = certs::load_certificates(all_.hospital.signing_certificate);
        auto key = certs::load_private_key(all_.hospital.signing_key);
        if (!certificates.has_value())
            wrong("[hospital] signing_certificate", "illisible : " + certificates.error().message());
        if (!key.has_value()) wrong("[hospital] signing_key", "illisible : " + key.error().message());
        if (!certificates.has_value() || !key.has_value()) return std::nullopt;
        const certs::certificate leaf = certificates->front();
        std::vector<certs::certificate> rest(certificates->begin() + 1, certificates->end());
        if (!key->matches(leaf))
            wrong("[hospital] signing_key", "cette clé n'est pas celle du certificat de signature");
        if (!zone || !anchors) return std::nullopt;
        const auto now = std::chrono::floor<std::chrono::seconds>(base::system_wall_clock().now());
        if (auto chain = certs::verify_chain(leaf, rest, *anchors, certs::purpose::smime_sign, now); !chain.has_value())
            wrong("[hospital] signing_certificate", "certificat de signature refusé : " + chain.error().message());
        pipeline::composer_options made{all_.hospital.address,
                                        all_.hospital.display_name,
                                        all_.hospital.reply_to,
                                        all_.establishment.name,
                                        phone(),
                                        all_.establishment.oid_root,
                                        *zone,
                                        mime::smime::signer{std::move(*key), leaf, std::move(rest)},
                                        all_.xdm.action_slot,
                                        all_.xdm.action_place == config::action_place::submission_set
                                            ? mime::xdm::action_place::submission_set
                                            : mime::xdm::action_place::document_entry};
        return made;
    }

    pipeline::site_options site(const mime::zone& zone, const pipeline::organisation& sites)
    {
        const config::hl7_tolerances given = config::load_hl7_tolerances(all_.hospital.profile, read_.mistakes);
        const bool test = all_.node.environment == "test";
        mime::hl7::profile hl7;
        if (test) hl7.processing_ids = {"T"};
        if (!given.processing_ids.empty()) hl7.processing_ids = given.processing_ids;
        if (!given.document_profiles.empty()) hl7.document_profiles = given.document_profiles;
        if (!given.new_order_codes.empty()) hl7.new_order_codes = given.new_order_codes;
        if (!given.availability_codes.empty()) hl7.availability_codes = given.availability_codes;
        if (!given.telecom_uses.empty()) hl7.telecom_uses = given.telecom_uses;
        if (!given.treating_doctor_roles.empty()) hl7.treating_doctor_roles = given.treating_doctor_roles;
        hl7.discharge_profiles = given.discharge_profiles;
        hl7.ignored_metadata.insert(hl7.ignored_metadata.end(), given.ignored_metadata.begin(),
                                    given.ignored_metadata.end());
        hl7.metadata_aliases.insert(hl7.metadata_aliases.end(), given.metadata_aliases.begin(),
                                    given.metadata_aliases.end());
        if (test || given.lenient_keys) hl7.wrong_keys = mime::hl7::tolerance::accepted;
        if (!given.treating_doctor_fields.empty()) hl7.treating_doctor_fields = given.treating_doctor_fields;
        if (!given.unmatched_identities.empty()) hl7.unmatched_identities = given.unmatched_identities;
        if (given.document_id_namespace) hl7.document_id_namespace = mime::hl7::tolerance::accepted;
        if (given.test_identities) hl7.test_identities_in_production = mime::hl7::tolerance::accepted;
        if (given.open_last_segment) hl7.ending = mime::hl7::last_segment::any;
        pipeline::site_options made{zone,
                                    std::move(hl7),
                                    {},
                                    mime::cda::site_environment::production,
                                    all_.limits.input_octets,
                                    all_.establishment.finess};
        made.sites = sites;
        if (test) made.environment = mime::cda::site_environment::test;
        if (!given.series_classes.empty()) made.stays.series_classes = given.series_classes;
        if (!given.emergency_classes.empty()) made.stays.emergency_classes = given.emergency_classes;
        if (!given.admitted_classes.empty()) made.stays.admitted_classes = given.admitted_classes;
        auto& site = made.sidecar.site;
        site.finess = all_.establishment.finess;
        site.name = all_.establishment.name;
        site.oid_root = all_.establishment.oid_root;
        site.ipp_root = all_.establishment.patient_id_oid;
        site.phone = all_.establishment.phone;
        if (!all_.establishment.street.empty()) site.address.push_back(all_.establishment.street);
        if (!all_.establishment.city.empty())
            site.address.push_back(all_.establishment.postal_code + " " + all_.establishment.city);
        site.facility_type = all_.establishment.facility_type;
        made.sidecar.zone = zone;
        if (given.lenient_keys) made.sidecar.keys = mime::sidecar::key_checks::lenient;
        if (given.patient_ids_may_differ) made.patient_ids = pipeline::identifier_sets::may_differ;
        intake_rules(made);
        return made;
    }

    void intake_rules(pipeline::site_options& site)
    {
        const config::intake_settings& given = all_.intake;
        if (given.matrix == config::matrix_mode::strict) site.mode = pipeline::matrix_mode::strict;
        if (given.shared_record == config::shared_record::mail_only)
            site.shared_record = pipeline::shared_record_policy::mail_only;
        if (!given.matrix_version.empty()) {
            const auto* matrix = pipeline::national_matrix(given.matrix_version);
            if (matrix == nullptr)
                wrong("[intake] matrix_version", "version inconnue : la plus récente est " + site.matrix.version);
            else
                site.matrix = *matrix;
        }
        if (all_.hospital.profile.empty()) return;
        const auto text = io::read_file(all_.hospital.profile, 1U << 20U);
        if (!text.has_value()) return;  // load_hl7_tolerances has told
        auto rows = pipeline::read_profile_rows(*text);
        const std::string name = all_.hospital.profile.filename().string();
        for (const pipeline::matrix_mistake& one : rows.mistakes)
            read_.mistakes.push_back({name + ":" + std::to_string(one.line) + " [[matrix_row]]", one.what});
        for (pipeline::matrix_row& row : rows.matrix.rows) site.matrix.rows.push_back(std::move(row));
    }

    std::string node_id(const path& file)
    {
        if (auto known = io::read_file(file, 64); known.has_value() && base::is_token(*known)) return *known;
        std::string made = base::random_token();
        if (!io::write_file_atomic(file, made).has_value()) wrong("[node] data", "dossier sans droit d'écriture");
        return made;
    }

    void wrong(std::string_view where, std::string what)
    {
        read_.mistakes.push_back({all_.file.filename().string() + " " + std::string(where), std::move(what)});
    }

private:
    [[nodiscard]] std::string phone() const
    {
        const std::string& given = all_.establishment.phone;
        return given.starts_with("tel:") ? given.substr(4) : given;
    }

    config::loaded read_;
    config::settings& all_;
    bool tls_reported_ = false;
};
}

prepared_parts prepare_parts(const path& file)
{
    return prepare_parts(config::load_settings(file));
}

prepared_parts prepare_parts(config::loaded from)
{
    preparer make(std::move(from));
    prepared_parts out;
    if (!make.good()) {
        out.mistakes = std::move(make.mistakes());
        return out;
    }
    const config::settings& all = make.settings();
    make.private_folder("[node] data", all.node.data);
    if (all.roles.hospital) {
        make.private_folder("[spool] folder", all.spool.folder);
        make.private_folder("[spool] acknowledgements", all.spool.acknowledgements);
    }
    const auto zone = make.zone();
    pipeline::organisation sites;
    if (zone) sites = make.sites(*zone);
    auto vault = make.open_vault();
    auto client = make.tls(io::tls_role::client, io::peer_certificate::required);
    auto returns = make.tls(io::tls_role::server, io::peer_certificate::required);
    auto server = make.tls(io::tls_role::server, io::peer_certificate::not_asked);
    auto submission = make.tls(io::tls_role::server, io::peer_certificate::optional);
    auto anchors = make.anchors();
    auto routes = make.routes();
    auto hops = make.hops(client);
    std::optional<pipeline::site_options> site;
    std::optional<pipeline::composer_options> composer;
    if (all.roles.hospital) {
        if (zone) site = make.site(*zone, sites);
        composer = make.composer(zone, anchors);
    }
    const node_paths paths(all.node.data);
    std::string id;
    if (make.good()) id = make.node_id(paths.identity);
    if (make.good())
        out.made.reset(new parts{all, paths, *zone, std::move(sites), std::move(id), std::move(vault),
                                 std::move(client), std::move(server), std::move(returns), std::move(submission),
                                 std::move(hops), make.dns(), std::move(*anchors), std::move(routes), std::move(site),
                                 std::move(composer)});
    out.mistakes = std::move(make.mistakes());
    return out;
}

prepared_reading prepare_reading(const path& file)
{
    preparer make(config::load_settings(file));
    prepared_reading out;
    if (make.good()) {
        const auto zone = make.zone();
        auto sites = zone ? make.sites(*zone) : pipeline::organisation();
        auto vault = make.open_vault();
        if (make.good())
            out.made.reset(new reading_parts{make.settings(), node_paths(make.settings().node.data), *zone,
                                             std::move(sites), std::move(vault)});
    }
    out.mistakes = std::move(make.mistakes());
    return out;
}

pipeline::facts_keeper facts_keeper_of(const parts& part)
{
    return {part.sites, part.zone};
}

pipeline::stay_rules stay_rules_of(const parts& part)
{
    return part.site ? part.site->stays : pipeline::stay_rules{};
}

void keep_facts(store::sqlite_store& store, const parts& part)
{
    const pipeline::facts_keeper keeper = facts_keeper_of(part);
    // What others derived does not mix with ours unseen, also if a renewal never ends.
    static_cast<void>(store.write([basis = keeper.basis()](pipeline::ports::transaction& tx) {
        if (tx.facts_basis() != basis) tx.save_facts_basis("");
    }));
    store.derive_with(
        [keeper](pipeline::ports::transaction& tx, const pipeline::stay_id& stay) { keeper.keep(tx, stay); });
}

result<std::unique_ptr<store::sqlite_store>> open_node_store(const parts& part)
{
    store::store_options options;
    options.path = part.paths.store.string();
    options.reserve_octets = part.settings.limits.free_disk_octets;
    auto opened = store::open_store(options, *part.vault);
    if (opened.has_value()) keep_facts(**opened, part);
    return opened;
}

result<std::unique_ptr<routing::sqlite_directory>> open_node_directory(const node_paths& paths)
{
    routing::directory_options options;
    options.path = paths.directory.string();
    options.certificates_path = paths.certificates.string();
    return routing::sqlite_directory::open(options);
}
}
