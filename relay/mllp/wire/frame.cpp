#include "relay/mllp/wire/frame.hpp"

#include <algorithm>
#include <utility>

namespace relay::mllp {
namespace {
bool is_blank(char c)
{
    return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}
}

std::string write_frame(std::string_view content)
{
    std::string out;
    out.reserve(content.size() + 3);
    out += start_of_block;
    out.append(content);
    out += end_of_block;
    out += '\r';
    return out;
}

std::string frame_reader::take()
{
    at_ = place::between;
    return std::exchange(content_, {});
}

void frame_reader::stop_with(frame_fault fault)
{
    fault_ = fault;
    at_ = place::broken;
    content_.resize(std::min(content_.size(), limits_.max_head_octets));
    content_.shrink_to_fit();
}

std::size_t frame_reader::feed(std::string_view bytes)
{
    std::size_t taken = 0;
    while (taken < bytes.size() && at_ != place::complete && at_ != place::broken) {
        const char c = bytes[taken];
        switch (at_) {
            case place::between:
                ++taken;
                if (c == start_of_block)
                    at_ = place::inside;
                else if (!is_blank(c))
                    begin_outside(c);
                break;
            case place::outside: taken += feed_outside(bytes.substr(taken)); break;
            case place::inside: taken += feed_inside(bytes.substr(taken)); break;
            case place::ending:
                if (c != '\r') {
                    stop_with(frame_fault::bad_end);
                    break;
                }
                ++taken;
                at_ = place::complete;
                break;
            case place::complete:
            case place::broken: break;
        }
    }
    return taken;
}

// A message without its start can still be answered by its first line; anything else is a fault at once.
void frame_reader::begin_outside(char first)
{
    content_ = first;
    if (first == 'M')
        at_ = place::outside;
    else
        stop_with(frame_fault::no_start);
}

std::size_t frame_reader::feed_outside(std::string_view bytes)
{
    const std::size_t room = limits_.max_head_octets - std::min(content_.size(), limits_.max_head_octets);
    const std::string_view most = bytes.substr(0, room);
    const std::size_t end = std::min(most.find_first_of("\r\n\x0b\x1c"), most.size());
    content_.append(most.substr(0, end));
    if (end < most.size() || content_.size() >= limits_.max_head_octets) stop_with(frame_fault::no_start);
    return end;
}

std::size_t frame_reader::feed_inside(std::string_view bytes)
{
    const std::size_t end = std::min(bytes.find_first_of("\x0b\x1c"), bytes.size());
    if (content_.size() + end > limits_.max_content_octets) {
        content_.append(bytes.substr(0, std::min(end, limits_.max_head_octets)));
        stop_with(frame_fault::too_big);
        return end;
    }
    content_.append(bytes.substr(0, end));
    if (end == bytes.size()) return end;
    if (bytes[end] == start_of_block)
        stop_with(frame_fault::no_end);
    else
        at_ = place::ending;
    return end + 1;
}
}
