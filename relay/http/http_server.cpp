#include "relay/http/http_server.hpp"

#include <array>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::http {
namespace asio = boost::asio;
namespace {
constexpr auto last_words = std::chrono::seconds(5);  // for an answer when the time of its request is over
constexpr auto goodbye = std::chrono::seconds(2);
}

struct http_server::session {
    session(io::stream connected, asio::any_io_executor runs_on)
        : peer(std::move(connected)), strand(std::move(runs_on))
    {
    }
    io::stream peer;
    asio::any_io_executor strand;
    std::string received;  // not yet used; at most one head and what came with its last piece
    bool in_request = false;
    io::clock::time_point until{};  // of the request under way
};

http_server::http_server(io::io_runtime& runtime, server_settings settings, responder& pages,
                         const base::wall_clock& clock)
    : runtime_(runtime),
      settings_(std::move(settings)),
      pages_(pages),
      clock_(clock),
      page_slots_(std::make_shared<io::slots>(settings_.limits.pages_at_once)),
      probe_slots_(std::make_shared<io::slots>(settings_.limits.probes_at_once)),
      listener_(
          runtime.executor(), [this](io::stream peer) { return serve(std::move(peer)); },
          io::listener_limits{settings_.limits.connections})
{
}

http_server::~http_server()
{
    try {
        drain(io::clock::now());
    } catch (...) {  // no memory to tell the sessions: the runtime ends them
    }
}

result<asio::ip::tcp::endpoint> http_server::open()
{
    error_code wrong;
    const auto address = asio::ip::make_address(settings_.at.host, wrong);
    if (wrong || !address.is_loopback()) return make_error_code(io::errc::bad_address);
    return listener_.open(settings_.at);
}

void http_server::drain(io::clock::time_point drain_until)
{
    draining_ = true;
    listener_.stop();
    sessions_.visit_each([](session& one) {
        if (!one.in_request) one.peer.abort();
    });
    listener_.drain(drain_until);
}

io::awaitable<void> http_server::serve(io::stream peer)
{
    auto strand = co_await asio::this_coro::executor;
    auto one = std::make_shared<session>(std::move(peer), strand);
    const io::session_list<session>::entry listed(sessions_, one);
    for (std::size_t done = 0; done < settings_.limits.requests_per_connection && !draining_; ++done) {
        auto next = serve_one(*one);
        if (!co_await std::move(next)) break;
    }
    co_await one->peer.close(io::clock::now() + goodbye);
}

// False: the connection is of no more use.
io::awaitable<bool> http_server::serve_one(session& one)
{
    one.in_request = !one.received.empty();
    auto receiving = receive(one);
    const result<std::string> head = co_await std::move(receiving);
    if (head.has_error() && head.error().category() != category()) co_return false;  // gone, or silent between two
    result<request> asked = head.has_value() ? read_head(*head, settings_.limits.request) : head.error();
    obs::add(obs::counter::http_requests);
    if (asked.has_error()) {
        obs::add(obs::counter::http_requests_refused);
        obs::debug(obs::event::http_refused, "code={}", asked.error().message());
        const response refusal = pages_.refuse(asked.error());
        const bool is_head = head.has_value() && head->starts_with("HEAD ");
        auto sending = send(one, refusal, is_head ? method::head : method::get, persistence::close);
        co_await std::move(sending);
        co_return false;
    }
    const auto verb = asked->verb;
    const auto after = draining_ ? persistence::close : asked->connection;
    auto answering = answer(one, std::move(*asked));
    const response made = co_await std::move(answering);
    auto sending = send(one, made, verb, after);
    const bool sent = co_await std::move(sending);
    co_return sent&& after == persistence::keep;
}

// One head, cut off `received`.
io::awaitable<result<std::string>> http_server::receive(session& one)
{
    const server_limits& limits = settings_.limits;
    std::array<char, 4096> piece;
    auto deadline = io::clock::now() + (one.in_request ? limits.head : limits.idle);
    one.until = io::clock::now() + limits.whole;
    for (;;) {
        const auto found = find_head(one.received, limits.request);
        if (found.has_error()) co_return found.error();
        if (*found) {
            std::string head = one.received.substr(0, **found);
            one.received.erase(0, **found);
            co_return head;
        }
        const auto got = co_await one.peer.read_some(piece, deadline);
        if (got.has_error()) {
            const bool slow = one.in_request && got.error() == io::errc::timed_out;
            co_return slow ? make_error_code(errc::too_slow) : got.error();
        }
        if (!one.in_request) {
            one.in_request = true;
            deadline = io::clock::now() + limits.head;
            one.until = io::clock::now() + limits.whole;
        }
        one.received.append(piece.data(), *got);
    }
}

io::awaitable<response> http_server::answer(session& one, request asked)
{
    const effort needed = pages_.effort_of(asked);
    if (needed == effort::none) co_return pages_.answer(asked);
    auto computing = compute(std::move(asked), needed, one.until);
    result<response> made = error_code(errc::page_failed);
    try {
        made = co_await std::move(computing);
    } catch (const std::exception&) {
        obs::error(obs::event::http_failed, "code=PAGE_FAILED");
    }
    if (made.has_value()) co_return std::move(*made);
    const bool in_time = made.error().category() == category();
    const error_code why = in_time ? made.error() : errc::busy;  // the time is over, or the workers' queue is full
    if (why == errc::busy) obs::warn(obs::event::http_busy, "why=\"{}\"", made.error().message());
    co_return pages_.refuse(why);
}

io::awaitable<result<response>> http_server::compute(request asked, effort needed, io::clock::time_point until)
{
    const auto places = needed == effort::page ? page_slots_ : probe_slots_;
    auto taking = places->take(std::min(until, io::clock::now() + settings_.limits.slot));
    std::optional<io::slots::slot> taken = co_await std::move(taking);
    if (!taken) co_return errc::busy;
    // The place is held until the work ends, whoever still waits for it.
    auto place = std::make_shared<io::slots::slot>(std::move(*taken));
    // The pages outlive the workers, this server may not.
    auto work = [&pages = pages_, places, place, asked = std::move(asked)]() -> result<response> {
        return pages.answer(asked);
    };
    place.reset();
    taken.reset();
    auto offloaded = io::offload(runtime_.pool(), std::move(work));
    auto made = co_await io::with_deadline(until, std::move(offloaded));
    co_return made;
}

io::awaitable<bool> http_server::send(session& one, const response& what, method verb, persistence after)
{
    const auto until = std::max(one.until, io::clock::now() + last_words);
    const std::string head = write_head(what, after, clock_.now());
    auto sent = co_await one.peer.write_all(head, until);
    if (sent.has_value() && verb != method::head && what.status != 304 && !what.octets().empty())
        sent = co_await one.peer.write_all(what.octets(), until);
    one.in_request = !one.received.empty();
    co_return sent.has_value();
}
}
