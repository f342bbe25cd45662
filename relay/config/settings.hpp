// relay/config/settings.hpp: every setting of one node, typed and immutable once loaded (style.md §9).
// Only relay/app reads this; it hands values down. Secrets are paths, never values. Relative paths are relative to the
// folder of the settings file. Units: seconds and octets stand in the key's name, e.g. rescan_seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace relay::config {
using std::filesystem::path;

struct endpoint {
    std::string host;        // name or literal address
    std::uint16_t port = 0;  // 0: chosen by the system, then told in data/run/endpoints.json
    friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct node_settings {
    std::string name;                   // host name used in EHLO, Received and Message-ID
    path data;                          // store, directory, lock, control socket; 0700
    path key;                           // node key of the vault; 0600
    std::string zone = "Europe/Paris";  // IANA zone of the site (domain.md §3 rule 7)
    std::string environment = "test";   // "production" refuses test identities and MSH-11 T or D (mssante.md §9.2)
    std::string language = "fr";
    std::string user;                // account to become once privileged ports are bound; empty: stays what it is
    std::chrono::seconds drain{25};  // after SIGTERM, for what is under way; what has not ended then is cut off
};
struct roles_settings {
    bool hospital = false;   // spool, delivery, returns
    bool operator_ = false;  // SMTP in, mailboxes, IMAP ("operator" in the file)
};
struct tls_settings {
    path certificate;  // PEM, chain after it
    path key;          // PEM, 0600
    path anchors;      // PEM: whom we trust for links
};
struct spool_settings {
    path folder;            // 0700
    path acknowledgements;  // 0700
    std::chrono::seconds rescan{5};
    std::chrono::seconds pair_wait{60};      // a PDF waits this long for its sidecar, and a sidecar for its PDF
    std::chrono::milliseconds stable{1000};  // size and mtime unchanged for this long, for files not renamed in
};
struct establishment_settings {
    std::string finess;
    std::string name;
    std::string oid_root;        // under which ids of documents and submissions are made
    std::string patient_id_oid;  // domain of the IPP
    std::string phone;
    std::string street, postal_code, city;
    std::string facility_type = "SA01";  // JDV_J02
};
struct place_settings {  // [[site]]: one site of the institution, with its services
    std::string code, name, group;
    std::string zone;                                           // IANA; empty: that of [node]
    std::vector<std::pair<std::string, std::string>> services;  // code, name
    bool hand_over = false;                                     // it tells when the patient got his copy
};
struct hospital_settings {
    std::string address;  // BAL applicative: From, envelope sender, Disposition-Notification-To
    std::string display_name;
    std::string reply_to;  // monitored service mailbox; may be empty
    path signing_certificate;
    path signing_key;
    std::optional<endpoint> returns;  // SMTP listener for reports only
    path profile;                     // HL7 tolerances (conf/profiles/*.toml); empty: national text as printed
};
enum class hop_tls { starttls, implicit };
struct polled_settings {  // a mailbox elsewhere whose mail comes back to us: [returns.imap]
    endpoint server;
    hop_tls tls = hop_tls::implicit;
    std::string server_name;  // expected in its certificate; empty: the host
    std::string access;       // name of an access_settings
    std::string mailbox = "INBOX";
    std::chrono::seconds every{60};    // without IDLE
    std::chrono::seconds renew{1500};  // IDLE; less than 29 minutes (RFC 2177)
    std::chrono::seconds most_retry{300};
    friend bool operator==(const polled_settings&, const polled_settings&) = default;
};
struct returns_settings {
    std::optional<polled_settings> imap;
    std::string replies_to;  // mailbox of this node for what people answer; empty: listed with the refused files
};
enum class matrix_mode { strict, tolerant };
enum class shared_record { refuse, mail_only };
struct intake_settings {
    matrix_mode matrix = matrix_mode::tolerant;                           // mssante.md §2.6
    std::string matrix_version;                                           // of conf/matrix; empty: the newest
    config::shared_record shared_record = config::shared_record::refuse;  // DESTDMP=Y, while there is no DMP link
};
enum class action_place { submission_set, document_entry };
struct xdm_settings {
    // Of METADATA.XML, on a replacement or deletion: name and place are not settled nationally (mssante.md §4.6).
    std::string action_slot = "urn:action:extraMetadataSlot";
    config::action_place action_place = config::action_place::document_entry;
};
struct mllp_settings {               // the hospital's software by HL7 over TCP, always under TLS
    std::optional<endpoint> listen;  // messages in; none: by files only
    bool require_client_certificate = true;
    std::uint32_t connections = 200;
    std::uint32_t queue = 64;  // messages in hand at a time; more are not read yet
    std::chrono::seconds idle{600};
    std::optional<endpoint> zam_to;  // business acknowledgements out; none: by files
    std::string zam_server_name;     // expected in the peer's certificate; empty: the host of zam_to
    std::chrono::seconds zam_first{5};
    std::chrono::seconds zam_most{300};
    std::chrono::seconds zam_answer{30};  // without an answer by then, it is sent again
};
struct http_settings {               // web pages and metrics, in clear
    std::optional<endpoint> listen;  // of this machine only; none: no pages
};
struct dns_settings {
    std::vector<endpoint> servers;            // numeric; empty: those of /etc/resolv.conf
    std::chrono::milliseconds timeout{3000};  // of one try
    std::uint32_t tries = 3;                  // of each server
};
enum class login { none, plain, xoauth2 };
struct access_settings {  // what we show to an operator, beyond or instead of the node's certificate
    std::string name;
    config::login login = config::login::none;
    std::string user;
    path secret;       // password or bearer token, 0600; read for each new connection
    path certificate;  // of our own for this operator; empty: that of [tls]
    path key;
};
enum class seal_profile { smime, mssante, hold };
enum class hop_lookup { address, mx, srv };
enum class hop_transfer { data, chunks, binary };  // the last two where the server offers them (RFC 3030)
struct route_settings {
    std::string domain;  // exact, lower case; "*" matches any trusted domain
    endpoint next_hop;   // with mx and srv a domain; its host empty: the recipient's own
    hop_lookup lookup = hop_lookup::address;
    hop_tls tls = hop_tls::starttls;
    std::string access;       // name of an access_settings; empty: the node's certificate alone
    std::string server_name;  // expected in the peer's certificate; empty with mx and srv: the host that was found
    seal_profile profile = seal_profile::smime;
    hop_transfer transfer = hop_transfer::data;
};
struct trust_settings {
    path anchors;                      // for recipients' and signers' certificates
    std::vector<std::string> domains;  // trusted domains, exact, A-label form
};
struct operator_settings {
    std::vector<std::string> domains;  // hosted
    endpoint smtp;
    std::string lmtp_socket;              // another mailbox server keeps the mailboxes: Unix socket,
    std::optional<endpoint> lmtp;         // or loopback address; neither: our own mailboxes
    std::optional<endpoint> submission;   // mail from account holders, STARTTLS (RFC 6409)
    std::optional<endpoint> submissions;  // the same, implicit TLS (RFC 8314)
    std::optional<endpoint> imap;         // STARTTLS
    std::optional<endpoint> imaps;        // implicit TLS
    bool require_client_certificate = true;
    std::string postmaster;  // hosted address that receives postmaster mail; may be empty
};
struct audit_settings {  // the end of the ledger, signed with [hospital] signing_key
    std::chrono::seconds every{3600};
    path copies;  // folder for a copy of each statement, best on another machine; empty: in the store only
};
struct alert_rule_settings {                           // [[alert]]: who is told what
    std::vector<std::string> to;                       // mailboxes of this node, or of trusted domains
    std::vector<std::string> groups, sites, services;  // empty, all three: everything, the node included
    std::vector<std::string> tell;                     // kinds of pipeline/alerts.hpp; empty: all
    std::string hours;                                 // "07:00-20:00" of the node's zone; empty: always
    bool digest = false;                               // of these groups; of all where none is named
};
struct alert_settings {
    std::string
        from;  // address of the sender; empty: that of the hospital, or mailer-daemon of the first domain hosted
    std::chrono::seconds look{30};
    std::uint32_t window_days = 7;        // what is older is told by the digest alone
    std::uint32_t peer_minutes = 30;      // a domain takes nothing
    std::uint32_t queue_minutes = 120;    // the oldest that waits
    std::uint32_t certificate_days = 21;  // before the end of ours
    std::uint32_t digest_hour = 7;        // Mondays, in the group's zone
    std::string webhook;                  // https://..., or http:// on this machine
    path webhook_anchors;                 // PEM; empty: those of the system
    std::chrono::seconds webhook_timeout{10};
};
struct watch_settings {  // on misrouting: what makes a mailbox suspicious (pipeline/watch.hpp)
    std::uint32_t volume_floor = 20;
    std::uint32_t volume_times = 5;
    std::uint32_t volume_days = 5;
    std::uint32_t unread_letters = 50;
    std::uint32_t unread_days = 30;
    std::uint32_t doctors = 12;
    std::chrono::seconds every{3600};
};
struct retention_settings {                // domain.md §10 rule 7; days
    std::uint32_t content_days = 7;        // after all deliveries of a letter have ended
    std::uint32_t content_open_days = 30;  // after reception, while one has not
    std::uint32_t trace_days = 183;
    std::uint32_t key_days = 1827;
    std::uint32_t mailbox_days = 365;        // of a hosted mailbox, after its last use
    std::uint32_t mailbox_warned_days = 30;  // before it
};
enum class clear_to { none, trusted };
struct submission_settings {                             // of mail from account holders for other operators
    config::clear_to clear_to = config::clear_to::none;  // what is neither encrypted nor a report
    std::chrono::seconds tell_delay{1800};               // after submission: the sender hears that it still waits
};
struct limit_settings {
    std::uint64_t input_octets = 40U << 20U;
    std::uint64_t refused_octets = 128U << 20U;  // an oversize file up to this is kept as an object
    std::uint64_t sealed_octets = 20U << 20U;
    std::uint64_t free_disk_octets = 256U << 20U;  // below this, AR and 452
    std::uint64_t memory_octets = 1U << 30U;       // resident, from which on AR and 452
    std::uint64_t queue_octets = 64ULL << 30U;     // sealed mail waiting, from which on AR and 452
    std::uint32_t commit_milliseconds = 2000;      // of the store, from which on AR and 452
    std::uint32_t connections = 200;
    std::uint32_t deliveries = 32;            // at once
    std::uint32_t site_per_minute = 100'000;  // letters begun towards one next hop; over 60 000: no limit
    std::uint32_t workers = 16;               // most of the time each waits for a commit
    // SMTP in. A peer is a client certificate, else an address.
    std::uint64_t received_octets = 0;  // one mail; 0: half as much again as sealed_octets
    std::uint32_t recipients = 100;     // of one mail
    std::uint32_t errors = 10;          // refused commands, then 421
    std::uint32_t connections_per_peer = 100;
    std::uint32_t connections_per_minute = 3'000;
    std::uint32_t mails_per_minute = 30'000;
    std::uint32_t unknown_recipients_per_minute = 100;
    std::uint32_t refused_logins_per_minute = 20;
    std::uint32_t logins = 4;  // password checks at once, over all connections
    std::chrono::seconds session{3600};
    std::chrono::seconds data_grace{60};          // a mail may take this long,
    std::uint64_t data_octets_per_second = 1024;  // and on top the time its octets take at this rate
};
struct retry_settings {
    std::chrono::seconds first{120};
    std::chrono::seconds most{3600};
    std::chrono::seconds give_up{24 * 3600};  // after submission (domain.md §4)
    std::chrono::seconds warn{1800};          // after submission
    std::chrono::seconds attempt{600};        // one attempt, all in
};
struct settings {
    path file;
    node_settings node;
    roles_settings roles;
    tls_settings tls;
    spool_settings spool;
    establishment_settings establishment;
    std::vector<place_settings> places;
    hospital_settings hospital;
    returns_settings returns;
    intake_settings intake;
    xdm_settings xdm;
    mllp_settings mllp;
    operator_settings operator_;
    submission_settings submission;
    trust_settings trust;
    dns_settings dns;
    http_settings http;
    audit_settings audit;
    alert_settings alerts;
    std::vector<alert_rule_settings> alert_rules;
    watch_settings watch;
    retention_settings retention;
    std::vector<access_settings> accesses;
    std::vector<route_settings> routes;
    limit_settings limits;
    retry_settings retry;
};

struct mistake {
    std::string where;  // "liaison.toml:12 [spool] folder"
    std::string what;   // French: what is wrong and what to do
};
struct loaded {
    settings values;
    std::vector<mistake> mistakes;  // empty: the settings can be used
};

// Reads the file and collects every mistake at once; never throws for the content. Pure but for reading that one file.
[[nodiscard]] loaded load_settings(const path& file);
}
