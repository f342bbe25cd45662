#include "relay/fetch/server_stream.hpp"

#include <libetpan/mailstream_low.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::fetch {
namespace asio = boost::asio;
using namespace std::chrono_literals;
namespace {
constexpr auto connecting = 30s;
}

struct server_stream::state {
    explicit state(io::io_runtime& runtime) : pool(runtime.pool()), strand(asio::make_strand(runtime.executor())) {}
    io::worker_pool& pool;
    asio::strand<asio::any_io_executor> strand;
    asio::cancellation_signal cancel;  // strand
    std::atomic<bool> stopped{false};
    std::unique_ptr<io::stream> stream;  // of the operation under way, else of the owner's thread
};

namespace {
io::awaitable<result<std::size_t>> open(io::worker_pool& pool, io::host_port at, std::unique_ptr<io::stream>& into)
{
    const auto deadline = io::clock::now() + connecting;
    auto resolving = io::resolve(pool, std::move(at));
    auto found = co_await io::with_deadline(deadline, std::move(resolving));
    if (!found.has_value()) co_return found.error();
    auto opening = io::connect(std::move(*found), deadline);
    auto opened = co_await std::move(opening);
    if (!opened.has_value()) co_return opened.error();
    into = std::move(*opened);
    co_return std::size_t{0};
}

// On the strand, as what stops it is: it never begins once stopped, and nobody cancels what is only being begun.
template <class T>
io::awaitable<result<T>> unless_stopped(const std::atomic<bool>& stopped, asio::cancellation_signal& cancel,
                                        io::awaitable<result<T>> operation)
{
    if (stopped) co_return make_error_code(io::errc::cancelled);
    auto executor = co_await asio::this_coro::executor;
    co_return co_await asio::co_spawn(executor, std::move(operation),
                                      asio::bind_cancellation_slot(cancel.slot(), asio::use_awaitable));
}

server_stream* of(mailstream_low* low)
{
    return static_cast<server_stream*>(low->data);
}
ssize_t driver_read(mailstream_low* low, void* into, size_t octets)
{
    return of(low)->read({static_cast<char*>(into), octets});
}
ssize_t driver_write(mailstream_low* low, const void* from, size_t octets)
{
    return of(low)->write({static_cast<const char*>(from), octets});
}
int driver_close(mailstream_low* low)
{
    of(low)->close();
    return 0;
}
int driver_fd(mailstream_low*)
{
    return -1;
}
void driver_free(mailstream_low* low)
{
    std::free(low);  // NOLINT(cppcoreguidelines-no-malloc): libetpan made it so
}
void driver_cancel(mailstream_low*) {}
struct mailstream_cancel* driver_get_cancel(mailstream_low*)
{
    return nullptr;
}
carray* driver_certificates(mailstream_low*)
{
    return nullptr;
}
int driver_no_idle(mailstream_low*)
{
    return -1;
}
mailstream_low_driver driver{driver_read,    driver_write,   driver_close,      driver_fd,
                             driver_free,    driver_cancel,  driver_get_cancel, driver_certificates,
                             driver_no_idle, driver_no_idle, driver_no_idle};
}

server_stream::server_stream(io::io_runtime& runtime) : state_(std::make_shared<state>(runtime)) {}

server_stream::~server_stream()
{
    close();
}

template <class T>
result<T> server_stream::wait_for(io::awaitable<result<T>> operation)
{
    if (why_) return why_;
    auto held = unless_stopped(state_->stopped, state_->cancel, std::move(operation));
    auto done = asio::co_spawn(state_->strand, std::move(held), asio::use_future);
    try {
        return done.get();
    } catch (const boost::system::system_error&) {
        return make_error_code(io::errc::cancelled);  // Asio throws out of a co_await that was cancelled
    }
}

result<void> server_stream::connect(const io::host_port& at)
{
    const auto opened = wait_for(open(state_->pool, at, state_->stream));
    if (!opened.has_value()) why_ = opened.error();
    return opened.has_value() ? result<void>() : result<void>(why_);
}

result<void> server_stream::start_tls(std::shared_ptr<io::tls_context> context, const std::string& name)
{
    const auto secured = wait_for(state_->stream->start_tls(std::move(context), name, io::clock::now() + connecting));
    if (!secured.has_value() && !why_) why_ = secured.error();
    return secured;
}

void server_stream::begin_command(io::clock::duration at_most, const response_limits& limits, continuation plus)
{
    deadline_ = io::clock::now() + at_most;
    guard_.expect(limits, plus);
}

result<bool> server_stream::wait_for_news(io::clock::time_point until)
{
    const auto heard = wait_for(state_->stream->wait_for_news(until));
    if (heard.has_value()) return result<bool>(boost::system::in_place_value, true);
    if (heard.error() == io::errc::timed_out) return result<bool>(boost::system::in_place_value, false);
    if (!why_) why_ = heard.error();
    return result<bool>(boost::system::in_place_error, why_);
}

std::ptrdiff_t server_stream::read(std::span<char> into) noexcept
{
    try {
        const auto got = wait_for(state_->stream->read_some(into, deadline_));
        if (got.has_value()) {
            const auto seen = guard_.feed({into.data(), *got});
            if (seen.has_value()) return static_cast<std::ptrdiff_t>(*got);
            why_ = seen.error();
        } else if (!why_) {
            why_ = got.error();
        }
    } catch (const std::exception&) {  // no memory: libetpan is C and must not see it
        why_ = make_error_code(io::errc::cancelled);
    }
    return -1;
}

std::ptrdiff_t server_stream::write(std::string_view bytes) noexcept
{
    try {
        const auto sent = wait_for(state_->stream->write_all(bytes, deadline_));
        if (sent.has_value()) return static_cast<std::ptrdiff_t>(bytes.size());
        if (!why_) why_ = sent.error();
    } catch (const std::exception&) {
        why_ = make_error_code(io::errc::cancelled);
    }
    return -1;
}

void server_stream::stop()
{
    state_->stopped = true;
    asio::post(state_->strand, [held = state_] { held->cancel.emit(asio::cancellation_type::all); });
}

void server_stream::close()
{
    if (!why_) why_ = make_error_code(io::errc::cancelled);
    if (state_->stream) state_->stream->abort();
}

const std::optional<io::tls_facts>& server_stream::tls() const noexcept
{
    return state_->stream->tls();
}

std::string server_stream::peer_address() const
{
    return state_->stream->peer_address();
}

mailstream_low* server_stream::new_driver()
{
    return mailstream_low_new(this, &driver);
}
}
