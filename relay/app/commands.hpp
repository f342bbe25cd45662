// relay/app/commands.hpp: one function per command of the CLI (design.md §7). Each prints to `out`, tells what went
// wrong on `err` in French with what to do, and returns the exit code. Reading commands open the store read-only;
// changing ones go through the control socket, or run here under the instance lock when no node runs. Exit codes: 0
// done; 1 the command failed; 2 wrong use; 3 the answer is "no" (check FILE: one would be refused); 4 check FILE: all
// would be accepted, and a delivery held; 78 settings. `serve` ends with 0 after a drain, also one cut off at its
// deadline, since what was cut off is taken up again at the next start; 70 if something would not end even then; by the
// signal itself (143, 130) when a second one asks for the end at once.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "relay/config/settings.hpp"
#include "relay/pipeline/words.hpp"

namespace relay::app {
using pipeline::duration;
using pipeline::first_actor;
using pipeline::language;
using pipeline::next_action;
using pipeline::word;
using pipeline::word_of_load;
using pipeline::yes_no;

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;  // wrong words on the command line
inline constexpr int exit_refused = 3;
inline constexpr int exit_held = 4;
inline constexpr int exit_stuck = 70;     // EX_SOFTWARE
inline constexpr int exit_settings = 78;  // EX_CONFIG of sysexits.h

enum class output_format { table, csv, json, html, pdf };  // the last two: report --partner

struct console {
    std::ostream& out;
    std::ostream& err;
    language words = language::french;
    output_format format = output_format::table;
};

int run_init(const console& to, const config::path& folder);
int run_serve(const console& to, const config::path& settings);
int run_check(const console& to, const config::path& settings, const std::vector<std::string>& files);
int run_status(const console& to, const config::path& settings);
enum class queue_view { open, all, rejected };
int run_queue(const console& to, const config::path& settings, queue_view view);
int run_unmatched(const console& to, const config::path& settings);
int run_match(const console& to, const config::path& settings, const std::string& letter, const std::string& stay);
int run_acks(const console& to, const config::path& settings);  // queue --acks
int run_letter(const console& to, const config::path& settings, const std::string& id);
int run_audit_verify(const console& to, const config::path& settings, const std::vector<std::string>& statements);
int run_audit_export(const console& to, const config::path& settings, const config::path& file);
enum class purge_view { due, all };
int run_purge_plan(const console& to, const config::path& settings, purge_view view);  // purge --dry-run
int run_purge(const console& to, const config::path& settings);
struct report_request {
    std::string from, until;     // AAAA-MM-JJ, both included
    std::string by;              // a breakdown of pipeline/indicators.hpp; empty: every stay
    std::string service;         // of this one only; empty: all
    std::string partner{};       // id of a structure of the directory: its printable report
    std::string partner_name{};  // as it is printed
};
int run_report(const console& to, const config::path& settings, const report_request& wanted);
struct worklist_request {
    std::string service, site, group;  // empty: all
    std::string after;                 // end of the page before
    std::size_t limit = 100;
    bool all = false;  // those put off or done as well
};
int run_worklist(const console& to, const config::path& settings, const worklist_request& wanted);
int run_assign(const console& to, const config::path& settings, const std::string& item, const std::string& who);
int run_snooze(const console& to, const config::path& settings, const std::string& item, const std::string& until);
int run_done(const console& to, const config::path& settings, const std::string& item, const std::string& reason);
int run_other_channel(const console& to, const config::path& settings, const std::string& item,
                      const std::string& channel, const std::string& at);
int run_exclude(const console& to, const config::path& settings, const std::string& stay, const std::string& reason);
struct digest_request {
    std::string group, week;  // "2026-W47"
    bool send = false;
};
int run_digest(const console& to, const config::path& settings, const digest_request& wanted);
enum class work_reason_list { done, exclusion, channel };
[[nodiscard]] std::string work_reasons(work_reason_list which);  // "CODE (libellé), ..."
int run_handed_over(const console& to, const config::path& settings, const config::path& file);
int run_reload(const console& to, const config::path& settings);
int run_requeue(const console& to, const config::path& settings, const std::string& id);
int run_cancel(const console& to, const config::path& settings, const std::string& id);
int run_hold(const console& to, const config::path& settings, const std::string& domain);
int run_resume(const console& to, const config::path& settings, const std::string& domain);
int run_directory_import(const console& to, const config::path& settings, const config::path& file);
int run_certs_add(const console& to, const config::path& settings, const config::path& file);
int run_mailbox_add(const console& to, const config::path& settings, const std::string& user,
                    const std::string& address, const config::path& password_file);
int run_mailbox_list(const console& to, const config::path& settings);
int run_mailbox_reopen(const console& to, const config::path& settings, const std::string& user);
int run_demo(const console& to, const config::path& folder, const config::path& program);
}
