#include "relay/app/generation.hpp"

namespace relay::app {
namespace {
pipeline::hosted_mail_options hosting_of(const parts& part, const lasting_parts& with)
{
    const config::settings& all = part.settings;
    pipeline::hosted_mail_options made{
        {}, all.node.name, all.operator_.postmaster, "mailer-daemon@" + all.operator_.domains.front(), part.zone};
    made.server = with.mailbox_server;
    if (all.submission.clear_to == config::clear_to::trusted) made.clear = pipeline::clear_text::to_trusted;
    for (const std::string& domain : all.operator_.domains) made.domains.insert(pipeline::domain_of("@" + domain));
    return made;
}

pipeline::outbound_options sending_of(const parts& part, pipeline::hosted_mail* hosted)
{
    const config::settings& all = part.settings;
    pipeline::outbound_options made;
    made.retry = {all.retry.first, all.retry.most, all.retry.give_up, all.retry.warn};
    made.max_sealed_octets = all.limits.sealed_octets;
    made.node_name = all.node.name;
    made.composer = part.composer;
    made.hosted = hosted;
    made.tell_delay = all.submission.tell_delay;
    return made;
}

class keeper {
public:
    template <class T>
    void fixed(std::string_view key, const T& running, T& next)
    {
        if (running == next) return;
        kept.emplace_back(key);
        next = running;
    }
    std::vector<std::string> kept;
};
}

generation::generation(std::shared_ptr<const parts> made, const lasting_parts& with) : part(std::move(made))
{
    const config::settings& all = part->settings;
    const pipeline::services joined{with.store, with.vault, with.directory, with.clock, part->routes, part->anchors};
    if (all.roles.operator_)
        hosted = std::make_unique<pipeline::hosted_mail>(joined, hosting_of(*part, with), with.wake);
    outbound = std::make_unique<pipeline::outbound>(joined, sending_of(*part, hosted.get()));
    acks = std::make_unique<pipeline::ack_queue>(
        joined, pipeline::retry_policy{all.mllp.zam_first, all.mllp.zam_most, all.retry.give_up, all.retry.warn});
    if (all.roles.hospital) {
        intake = std::make_unique<pipeline::intake>(joined, *part->site, with.wake, with.refusing);
        returns = std::make_unique<track::returns>(
            joined, track::returns_options{all.hospital.address, part->zone, all.returns.replies_to, hosted.get()});
    }
}

std::vector<std::string> keep_fixed(const config::settings& running, config::settings& next)
{
    keeper keep;
    keep.fixed("[node] name", running.node.name, next.node.name);
    keep.fixed("[node] data", running.node.data, next.node.data);
    keep.fixed("[node] key", running.node.key, next.node.key);
    keep.fixed("[node] user", running.node.user, next.node.user);
    // A role that goes on runs by its old tables: with the role, the new file may have left them out.
    if (running.roles.hospital && !next.roles.hospital) {
        next.spool = running.spool;
        next.establishment = running.establishment;
        next.hospital = running.hospital;
        next.returns = running.returns;
        next.intake = running.intake;
        next.xdm = running.xdm;
        next.mllp = running.mllp;
    }
    if (running.roles.operator_ && !next.roles.operator_) {
        next.operator_ = running.operator_;
        next.submission = running.submission;
    }
    keep.fixed("[roles] hospital", running.roles.hospital, next.roles.hospital);
    keep.fixed("[roles] operator", running.roles.operator_, next.roles.operator_);
    keep.fixed("[spool] folder", running.spool.folder, next.spool.folder);
    keep.fixed("[spool] acknowledgements", running.spool.acknowledgements, next.spool.acknowledgements);
    keep.fixed("[spool] rescan_seconds", running.spool.rescan, next.spool.rescan);
    keep.fixed("[spool] stable_milliseconds", running.spool.stable, next.spool.stable);
    keep.fixed("[spool] pair_wait_seconds", running.spool.pair_wait, next.spool.pair_wait);
    keep.fixed("[hospital] returns", running.hospital.returns, next.hospital.returns);
    keep.fixed("[mllp] listen", running.mllp.listen, next.mllp.listen);
    keep.fixed("[mllp] queue", running.mllp.queue, next.mllp.queue);
    keep.fixed("[mllp] zam_to", running.mllp.zam_to, next.mllp.zam_to);
    keep.fixed("[mllp] zam_server_name", running.mllp.zam_server_name, next.mllp.zam_server_name);
    keep.fixed("[mllp] zam_answer_seconds", running.mllp.zam_answer, next.mllp.zam_answer);
    keep.fixed("[http] listen", running.http.listen, next.http.listen);
    keep.fixed("[operator] smtp", running.operator_.smtp, next.operator_.smtp);
    keep.fixed("[operator] lmtp", running.operator_.lmtp, next.operator_.lmtp);
    keep.fixed("[operator] lmtp", running.operator_.lmtp_socket, next.operator_.lmtp_socket);
    keep.fixed("[operator] submission", running.operator_.submission, next.operator_.submission);
    keep.fixed("[operator] submissions", running.operator_.submissions, next.operator_.submissions);
    keep.fixed("[operator] imap", running.operator_.imap, next.operator_.imap);
    keep.fixed("[operator] imaps", running.operator_.imaps, next.operator_.imaps);
    keep.fixed("[dns] servers", running.dns.servers, next.dns.servers);
    keep.fixed("[dns] timeout_milliseconds", running.dns.timeout, next.dns.timeout);
    keep.fixed("[dns] tries", running.dns.tries, next.dns.tries);
    keep.fixed("[limits] input_octets", running.limits.input_octets, next.limits.input_octets);
    keep.fixed("[limits] refused_octets", running.limits.refused_octets, next.limits.refused_octets);
    keep.fixed("[limits] free_disk_octets", running.limits.free_disk_octets, next.limits.free_disk_octets);
    config::limit_settings& limits = next.limits;
    keep.fixed("[limits] connections_per_peer", running.limits.connections_per_peer, limits.connections_per_peer);
    keep.fixed("[limits] connections_per_minute", running.limits.connections_per_minute, limits.connections_per_minute);
    keep.fixed("[limits] mails_per_minute", running.limits.mails_per_minute, limits.mails_per_minute);
    keep.fixed("[limits] unknown_recipients_per_minute", running.limits.unknown_recipients_per_minute,
               limits.unknown_recipients_per_minute);
    keep.fixed("[limits] refused_logins_per_minute", running.limits.refused_logins_per_minute,
               limits.refused_logins_per_minute);
    keep.fixed("[limits] logins", running.limits.logins, limits.logins);
    keep.fixed("[limits] workers", running.limits.workers, next.limits.workers);
    return std::move(keep.kept);
}
}
