#include "relay/mllp/engine/client_engine.hpp"

namespace relay::mllp {
using action = client_engine::action;

action client_engine::start(std::string_view message)
{
    answer_.clear();
    reusable_ = false;
    out_ = write_frame(message);
    return send{out_, answer_within_};
}

action client_engine::on_sent()
{
    return receive{answer_within_};
}

action client_engine::on_received(std::string_view bytes)
{
    const std::size_t taken = reader_.feed(bytes);
    if (reader_.fault() != frame_fault::none) return finished{};
    if (!reader_.complete()) return receive{answer_within_};
    answer_ = reader_.take();
    reusable_ = taken == bytes.size();  // an answer nobody asked for would be taken for the next one's
    return finished{};
}

action client_engine::on_lost()
{
    return finished{};
}
}
