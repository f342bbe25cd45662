// relay/smtp/connection/sink_calls.hpp: what the server asks of the pipeline, on the worker pool: is there such a
// mailbox, who logs in, is the mail stored. What the other side throws (a bug, exhausted memory) or a cancellation is a
// temporary failure, never a 250. Counted and logged here. The sink and the logins outlive the runtime.
#pragma once

#include "relay/io/io_runtime.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"
#include "relay/pipeline/ports/sender_logins.hpp"
#include "relay/smtp/engine/server_engine.hpp"

namespace relay::smtp {
[[nodiscard]] io::awaitable<recipient_check> ask_recipient(io::worker_pool& pool, pipeline::ports::mail_sink& sink,
                                                           std::string address, pipeline::ports::session_facts facts);
// `asked` borrows from the engine, which waits meanwhile.
[[nodiscard]] io::awaitable<pipeline::ports::login_answer> ask_login(io::worker_pool& pool,
                                                                     pipeline::ports::sender_logins& logins,
                                                                     server_engine::check_login asked,
                                                                     std::vector<std::string> emails);
[[nodiscard]] io::awaitable<store_result> store_mail(io::worker_pool& pool, pipeline::ports::mail_sink& sink,
                                                     received_envelope received, std::string message,
                                                     pipeline::ports::session_facts facts);
}
