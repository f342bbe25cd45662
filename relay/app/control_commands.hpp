// relay/app/control_commands.hpp: the commands that change a node, run in the server, or by the command line itself
// under the instance lock when no server runs (design.md §5: one writer). Arguments and results are those of the CLI.
#pragma once

#include <functional>

#include "relay/control/protocol.hpp"
#include "relay/pipeline/ack_queue.hpp"
#include "relay/pipeline/content_purge.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/outbound.hpp"
#include "relay/pipeline/work_desk.hpp"
#include "relay/routing/sqlite_directory.hpp"
#include "relay/store/sqlite.hpp"

namespace relay::app {
struct control_context {
    store::sqlite_store& store;
    routing::sqlite_directory& directory;
    pipeline::intake* intake;  // null without the hospital role
    pipeline::outbound& outbound;
    pipeline::ack_queue& acks;
    std::function<void()> wake;  // something was queued
    std::function<result<pipeline::purge_counts>()> purge = {};
    // Of a running node; empty when none runs.
    std::function<control::reply()> reload = {};
    std::function<void(const std::string& domain)> held = {};     // nothing more begins to leave for it
    std::function<void(const std::string& domain)> resumed = {};  // what waits for it may leave at once
    std::function<boost::json::object()> live = {};               // load, sites: what only the running node knows
    pipeline::work_desk* desk = nullptr;
    std::function<control::reply(const std::string& group, const std::string& week)> digest = {};
};

// directory.import {file}, certs.add {pem}, mailbox.add {user, address, password}, mailbox.reopen {user}, match
// {letter, stay, actor}, requeue {id of a delivery, a letter, or a parked acknowledgement}, cancel {id of a submitted
// mail's delivery, actor}, hold {domain, actor}, resume {domain}, hand_over {visits [{visit, at}], actor}, purge {},
// reload {}, live {}, digest {group, week}, and those of run_work_command(). The actor of an argument counts where no
// socket says better: when the command line runs the command itself.
[[nodiscard]] control::reply run_command(const control_context& with, const control::request& asked);

// assign {item, to, actor}, snooze {item, until, actor}, done {item, reason, actor}, other-channel {item, channel, at,
// actor}, exclude {item, reason, actor}: times in milliseconds since 1970. nullopt: none of these.
[[nodiscard]] std::optional<control::reply> run_work_command(pipeline::work_desk& desk, const control::request& asked);

[[nodiscard]] std::string text_of(const control::request& asked, std::string_view key);
[[nodiscard]] std::string actor_of(const control::request& asked);
}
