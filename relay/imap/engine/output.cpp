#include "relay/imap/engine/output.hpp"

#include <algorithm>

namespace relay::imap {
void output::add(std::string_view text)
{
    if (text.empty()) return;
    // A piece that is being sent is not touched: appending could move it.
    const bool open = !pieces_.empty() && pieces_.back().lent.empty() && !(pieces_.size() == 1 && sending_ != 0);
    if (!open) pieces_.emplace_back();
    pieces_.back().owned += text;
    octets_ += text.size();
}

void output::lend(std::string_view bytes)
{
    if (bytes.size() < min_lent_octets) {
        add(bytes);
        return;
    }
    pieces_.push_back({{}, bytes});
    octets_ += bytes.size();
    ++lent_;
}

void output::sent()
{
    if (sending_ == 0) return;
    piece& front = pieces_.front();
    if (!front.lent.empty()) {
        front.lent.remove_prefix(sending_);
        if (front.lent.empty()) {
            --lent_;
            pieces_.pop_front();
        }
    } else {
        pieces_.pop_front();
    }
    sending_ = 0;
}

std::string_view output::next_chunk()
{
    if (pieces_.empty()) return {};
    const piece& front = pieces_.front();
    const std::string_view chunk =
        front.lent.empty() ? std::string_view(front.owned) : front.lent.substr(0, max_chunk_octets);
    sending_ = chunk.size();
    octets_ -= chunk.size();
    return chunk;
}

bool output::lends_after_sent() const
{
    const bool ends_a_loan =
        !pieces_.empty() && !pieces_.front().lent.empty() && sending_ == pieces_.front().lent.size();
    return lent_ > (ends_a_loan ? 1U : 0U);
}
}
