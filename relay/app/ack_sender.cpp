#include "relay/app/ack_sender.hpp"

#include "relay/obs/log.hpp"

namespace relay::app {
namespace asio = boost::asio;
using namespace std::chrono_literals;
namespace {
constexpr auto longest_pause = 500ms;  // also bounds how late a new one is seen
constexpr std::size_t at_once = 50;
}

ack_sender::ack_sender(io::io_runtime& runtime, queue_source queue, mllp::client_settings settings)
    : runtime_(runtime), queue_(std::move(queue)), client_(runtime, std::move(settings)), tasks_(runtime)
{
}

void ack_sender::start()
{
    tasks_.spawn("ack_sender", run());
}

void ack_sender::use(std::shared_ptr<io::tls_context> tls)
{
    tasks_.post([this, tls = std::move(tls)] { client_.use(tls); });
}

void ack_sender::drain(io::clock::time_point drain_until)
{
    tasks_.drain(drain_until);
    client_.close();
}

io::awaitable<void> ack_sender::run()
{
    while (!tasks_.is_stopping()) {
        turn made = turn::idle;
        bool thrown = false;
        try {
            made = co_await send_due();
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;  // cancelled: what had no answer is told again
            thrown = true;
        } catch (const std::exception&) {
            thrown = true;
        }
        if (thrown) obs::error(obs::event::task_failed, "task=ack_sender");
        failures_ = made == turn::unreachable ? failures_ + 1 : 0;
        if (made == turn::unreachable)
            co_await tasks_.pause(queue_()->retry().delay(failures_, pipeline::random_unit()));
        else if (made == turn::idle)
            co_await tasks_.pause(longest_pause);
    }
}

io::awaitable<ack_sender::turn> ack_sender::send_due()
{
    auto ask = [this] { return queue_()->due(at_once); };
    auto due = co_await io::offload(runtime_.pool(), std::move(ask));
    if (!due.has_value()) {
        obs::error(obs::event::store_failed, "step=due_acks code={}", due.error().message());
        co_return turn::idle;
    }
    if (due->empty()) co_return turn::idle;
    for (auto& one : *due) {
        if (tasks_.is_stopping()) co_return turn::idle;
        auto sending = client_.send(one.content);
        const mllp::exchange ended = co_await std::move(sending);
        if (ended.how == mllp::exchange::end::unreachable) {
            obs::warn(obs::event::ack_unreachable, "failures={} why=\"{}\"", failures_ + 1, ended.why.message());
            co_return turn::unreachable;  // nothing was sent: no attempt of anyone's
        }
        std::optional<std::string> reply;
        if (ended.how == mllp::exchange::end::answered) reply = ended.answer;
        auto work = [this, one = std::move(one), reply = std::move(reply)] { return queue_()->answered(one, reply); };
        const auto said = co_await io::offload(runtime_.pool(), std::move(work));
        // Not recorded, it is told again: the hospital's software knows it by its MSH-10.
        if (!said.has_value()) {
            obs::error(obs::event::store_failed, "step=ack code={}", said.error().message());
            co_return turn::idle;
        }
        if (*said == pipeline::ack_queue::answer::later) client_.close();  // what else it says belongs to this one
    }
    co_return turn::busy;
}
}
