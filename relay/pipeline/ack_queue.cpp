#include "relay/pipeline/ack_queue.hpp"

#include "mime/hl7/acknowledgement.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace relay::pipeline {
namespace {
ack_queue::answer what_it_says(const ack_row& row, const std::optional<std::string>& reply)
{
    if (!reply) return ack_queue::answer::later;
    const auto said = mime::hl7::read_acknowledgement(*reply);
    // An answer to something else is none to this.
    if (!said.has_value() || said->control_id != row.control_id) return ack_queue::answer::later;
    switch (said->code) {
        case mime::hl7::ack_code::AA: return ack_queue::answer::taken;
        case mime::hl7::ack_code::AE: return ack_queue::answer::parked;
        case mime::hl7::ack_code::AR: break;
    }
    return ack_queue::answer::later;
}
}

void save_told_by_file(ports::transaction& tx, ack_row row)
{
    row.state = ack_state::done;
    row.channel = ack_channel::file;
    ++row.attempts;
    row.content.clear();
    tx.save_ack(row);
}

result<std::vector<ack_queue::due_ack>> ack_queue::open(std::vector<ack_row> rows)
{
    std::vector<due_ack> opened;
    std::vector<ack_row> unreadable;
    for (ack_row& row : rows) {
        auto name = with_.vault.open_field(field::ack_name, row.file_name);
        auto content = with_.vault.open_field(field::ack_content, row.content);
        if (name.has_value() && content.has_value())
            opened.push_back({std::move(row), std::move(*name), std::move(*content)});
        else
            unreadable.push_back(std::move(row));
    }
    if (unreadable.empty()) return opened;
    for (const ack_row& row : unreadable) obs::error(obs::event::vault_failed, "step=ack sequence={}", row.sequence);
    const auto parked = with_.store.write([&](ports::transaction& tx) {
        for (ack_row& row : unreadable) {
            row.state = ack_state::parked;
            tx.save_ack(row);
        }
    });
    if (!parked.has_value()) return parked.error();
    return opened;
}

result<std::vector<ack_queue::due_ack>> ack_queue::due(std::size_t limit)
{
    std::vector<ack_row> rows;
    const due_times times = retry_.due_at(with_.clock.now());
    const auto read = with_.store.read([&](ports::reader& store) { rows = store.due_acks(times, limit); });
    if (!read.has_value()) return read.error();
    return open(std::move(rows));
}

result<std::vector<ack_queue::due_ack>> ack_queue::waiting(std::size_t limit)
{
    std::vector<ack_row> rows;
    const auto read = with_.store.read([&](ports::reader& store) { rows = store.acks_in(ack_state::waiting, limit); });
    if (!read.has_value()) return read.error();
    return open(std::move(rows));
}

result<void> ack_queue::written(const std::vector<due_ack>& files)
{
    return with_.store.write([&](ports::transaction& tx) {
        for (const due_ack& one : files) save_told_by_file(tx, one.row);
    });
}

result<ack_queue::answer> ack_queue::answered(const due_ack& one, const std::optional<std::string>& reply)
{
    const answer said = what_it_says(one.row, reply);
    ack_row row = one.row;
    row.channel = ack_channel::mllp;
    ++row.attempts;
    switch (said) {
        case answer::taken:
            row.state = ack_state::done;
            row.content.clear();
            break;
        case answer::parked: row.state = ack_state::parked; break;
        case answer::later: row.next_try = with_.clock.now() + retry_.delay(row.attempts, random_unit()); break;
    }
    const auto written = with_.store.write([&](ports::transaction& tx) { tx.save_ack(row); });
    if (!written.has_value()) return written.error();
    const auto kind = name(row.kind);
    if (said == answer::taken) {
        obs::add(obs::counter::acks_sent);
        obs::info(obs::event::ack_sent, "id={} kind={} attempts={}", row.control_id, kind, row.attempts);
    } else if (said == answer::parked) {
        obs::add(obs::counter::acks_parked);
        obs::error(obs::event::ack_parked, "id={} kind={} attempts={}", row.control_id, kind, row.attempts);
    } else {
        obs::warn(obs::event::ack_deferred, "id={} kind={} attempts={} answered={}", row.control_id, kind, row.attempts,
                  reply ? 1 : 0);
    }
    return said;
}

result<bool> ack_queue::release(std::string_view control_id)
{
    bool done = false;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        auto row = tx.ack_by_control_id(control_id);
        done = row && row->state == ack_state::parked;
        if (!done) return;
        row->state = ack_state::waiting;
        row->next_try = with_.clock.now();
        tx.save_ack(*row);
    });
    if (!written.has_value()) return result<bool>(boost::system::in_place_error, written.error());
    return result<bool>(boost::system::in_place_value, done);
}
}
