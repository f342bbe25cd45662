#include "relay/mllp/connection/mllp_server.hpp"

#include <array>
#include <stdexcept>

#include "mime/hl7/header.hpp"
#include "mime/text/digest.hpp"
#include "relay/base/ids.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::mllp {
namespace asio = boost::asio;
using engine_type = server_engine;
namespace {
constexpr auto handshake_limit = std::chrono::seconds(30);
constexpr auto discard_limit = std::chrono::seconds(5);
constexpr auto quiet = std::chrono::milliseconds(500);
constexpr std::string_view hl7_acknowledgement = ".ack.hl7";
}

struct mllp_server::session {
    session(io::stream connected, asio::any_io_executor runs_on, std::shared_ptr<const server_settings> now)
        : settings(std::move(now)),
          peer(std::move(connected)),
          strand(std::move(runs_on)),
          engine(settings->policy),
          peer_address(peer.peer_address())
    {
    }
    std::shared_ptr<const server_settings> settings;
    io::stream peer;
    asio::any_io_executor strand;
    server_engine engine;
    std::string peer_address;
    std::optional<io::slots::slot> slot;
    std::optional<io::clock::time_point> message_end;  // of the one being received
};

std::string submission_name(std::string_view message)
{
    const auto header = mime::hl7::read_header(message);
    const std::string known_by =
        header ? header->sending_application + '|' + header->sending_facility + '|' + header->control_id
               : std::string(message);
    return "mllp-" + mime::hex(mime::sha256(known_by)).substr(0, 16) + ".hl7";
}

namespace {
std::shared_ptr<const server_settings> checked(server_settings settings)
{
    if (!settings.tls || settings.tls->role() != io::tls_role::server)
        throw std::invalid_argument("mllp_server: TLS of the server role is required");
    return std::make_shared<const server_settings>(std::move(settings));
}
}

mllp_server::mllp_server(io::io_runtime& runtime, server_settings settings, intake accept,
                         const base::wall_clock& clock)
    : runtime_(runtime),
      settings_(checked(std::move(settings))),
      accept_(std::move(accept)),
      clock_(clock),
      slots_(settings_.get()->queue),
      listener_(
          runtime.executor(), [this](io::stream peer) { return serve(std::move(peer)); },
          io::listener_limits{settings_.get()->max_connections})
{
}

mllp_server::~mllp_server()
{
    drain(io::clock::now());
}

result<asio::ip::tcp::endpoint> mllp_server::open()
{
    return listener_.open(settings_.get()->at);
}

void mllp_server::use(server_settings next)
{
    next.at = settings_.get()->at;
    auto made = checked(std::move(next));
    listener_.allow(made->max_connections);
    settings_.set(std::move(made));
}

void mllp_server::drain(io::clock::time_point drain_until)
{
    draining_ = true;
    listener_.stop();
    sessions_.visit_each([](session& one) {
        one.engine.shut_down();
        if (!one.engine.is_in_message()) one.peer.abort();
    });
    listener_.drain(drain_until);
}

io::awaitable<void> mllp_server::serve(io::stream peer)
{
    auto strand = co_await asio::this_coro::executor;
    auto one = std::make_shared<session>(std::move(peer), strand, settings_.get());
    const io::session_list<session>::entry listed(sessions_, one);
    obs::add(obs::counter::mllp_connections_in);
    const auto secured =
        co_await one->peer.start_tls(one->settings->tls, std::string(), io::clock::now() + handshake_limit);
    if (secured.has_error()) {
        obs::warn(obs::event::tls_failed, "peer={} why=\"{}\"", one->peer_address, secured.error().message());
        co_return;
    }
    const session_end why = co_await drive(*one);
    one->slot.reset();
    obs::info(obs::event::mllp_closed, "peer={} end={} messages={} tls={}", one->peer_address, name(why),
              one->engine.answered(), one->peer.tls()->version);
    if (why == session_end::broken_frame || why == session_end::busy) co_await discard(*one);
    co_await one->peer.close(io::clock::now() + std::chrono::seconds(2));
}

// A peer still writing would meet a reset and never read its refusal: it is let finish, for a while.
io::awaitable<void> mllp_server::discard(session& one)
{
    std::array<char, 16 * 1024> buffer;
    const auto end = io::clock::now() + discard_limit;
    for (;;) {
        const auto got = co_await one.peer.read_some(buffer, std::min(end, io::clock::now() + quiet));
        if (got.has_error()) co_return;
    }
}

io::awaitable<session_end> mllp_server::drive(session& one)
{
    std::array<char, 16 * 1024> buffer;
    auto& engine = one.engine;
    if (draining_) engine.shut_down();
    for (engine_type::action next = engine.start();;) {
        if (const auto* done = std::get_if<engine_type::finished>(&next)) co_return done->why;
        if (const auto* out = std::get_if<engine_type::send>(&next)) {
            const auto sent = co_await one.peer.write_all(out->bytes, io::clock::now() + out->within);
            next = sent.has_value() ? engine.on_sent() : engine.on_lost();
        } else if (const auto* in = std::get_if<engine_type::receive>(&next)) {
            const auto now = io::clock::now();
            if (in->of == engine_type::part::next_message)
                one.message_end.reset();
            else if (!one.message_end)
                one.message_end = now + one.settings->policy.timeouts.message;
            const auto limit = std::min(one.message_end.value_or(io::clock::time_point::max()), now + in->within);
            const auto got = co_await one.peer.read_some(buffer, limit);
            next = got.has_value() ? engine.on_received({buffer.data(), *got}) : engine.on_lost();
        } else if (const auto* wanted = std::get_if<engine_type::take_slot>(&next)) {
            auto taking = slots_.take(io::clock::now() + wanted->within);
            one.slot = co_await std::move(taking);
            next = engine.on_slot(one.slot ? engine_type::slot::granted : engine_type::slot::none_free);
        } else if (const auto* message = std::get_if<engine_type::handle>(&next)) {
            auto answering = answer(one, std::move(*message->message));
            const std::string said = co_await std::move(answering);
            one.slot.reset();
            one.message_end.reset();
            next = engine.on_answer(said);
        } else {
            const auto& why = std::get<engine_type::refuse>(next);
            const std::string said = refusal(one, why.head, why.cause);
            one.slot.reset();
            one.message_end.reset();
            next = engine.on_answer(said);
        }
    }
}

std::string mllp_server::refusal(const session& one, std::string_view head, refusal_cause cause) const
{
    obs::add(obs::counter::mllp_messages_refused);
    obs::warn(obs::event::mllp_refused, "peer={} cause={}", one.peer_address, name(cause));
    return write_refusal(head, cause, base::random_token().substr(0, 20),
                         mime::local_timestamp(clock_.now(), one.settings->zone));
}

// What intake throws (a bug, exhausted memory) or a full worker queue is AR, never AA.
io::awaitable<std::string> mllp_server::answer(session& one, std::string message)
{
    obs::add(obs::counter::mllp_messages);
    const std::string head = message.substr(0, one.settings->policy.limits.frame.max_head_octets);
    auto work = [this, message = std::move(message)]() mutable -> result<pipeline::submission_result> {
        pipeline::submission from;
        from.name = submission_name(message);
        from.bytes = std::move(message);
        try {
            return accept_(from);
        } catch (const std::exception&) {
            obs::error(obs::event::store_failed, "where=mllp");
            return pipeline::submission_result{};
        }
    };
    auto accepted = co_await io::offload(runtime_.pool(), std::move(work));
    if (!accepted.has_value() || accepted->suffix.empty()) co_return refusal(one, head, refusal_cause::busy);
    if (accepted->suffix != hl7_acknowledgement) {  // refused, and its MSH cannot be addressed
        obs::add(obs::counter::mllp_messages_refused);
        co_return std::string();
    }
    co_return std::move(accepted->content);
}
}
