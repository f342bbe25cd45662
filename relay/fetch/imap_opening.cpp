// How a session begins: connection, TLS, login, mailbox.
#include <openssl/crypto.h>

#include "mime/text/ascii.hpp"
#include "relay/fetch/imap_handles.hpp"
#include "relay/fetch/imap_session.hpp"

namespace relay::fetch {
using detail::for_each_in;
using detail::made;
using mime::freed_by;
namespace {
constexpr std::size_t stream_buffer_octets = 16U << 10U;
}

// A command of our own words. mailimap_custom_command() writes a blank behind it, which is no base64 any more.
bool imap_session::send(std::string_view command)
{
    mailstream* out = session_->imap_stream;
    return mailimap_send_current_tag(session_.get()) == MAILIMAP_NO_ERROR &&
           mailstream_write(out, command.data(), command.size()) != -1 && mailstream_write(out, "\r\n", 2) != -1 &&
           mailstream_flush(out) != -1;
}

int imap_session::say(std::string_view command)
{
    if (!send(command) || mailimap_read_line(session_.get()) == nullptr) return MAILIMAP_ERROR_STREAM;
    mailimap_response* given = nullptr;
    if (const int code = mailimap_parse_response(session_.get(), &given); code != MAILIMAP_NO_ERROR) return code;
    const std::unique_ptr<mailimap_response, freed_by<mailimap_response_free>> answer(given);
    const auto* tagged = answer->rsp_resp_done->rsp_data.rsp_tagged;
    return tagged->rsp_cond_state->rsp_type == MAILIMAP_RESP_COND_STATE_OK ? MAILIMAP_NO_ERROR
                                                                           : MAILIMAP_ERROR_CUSTOM_COMMAND;
}

result<void> imap_session::open(const server_access& access)
{
    if (auto shaken = shake_hands(access); !shaken.has_value()) return shaken;
    if (auto in = log_in(access); !in.has_value()) return in;
    if (auto learned = learn_capabilities(); !learned.has_value()) return learned;
    begin();
    const int code = mailimap_select(session_.get(), access.mailbox.c_str());
    if (auto selected = answered(code, errc::mailbox_refused); !selected.has_value()) return selected;
    const auto* info = session_->imap_selection_info;
    if (info == nullptr || info->sel_uidvalidity == 0) return make_error_code(errc::protocol_error);
    if (info->sel_perm == MAILIMAP_MAILBOX_READONLY) return make_error_code(errc::mailbox_read_only);
    return {};
}

result<void> imap_session::shake_hands(const server_access& access)
{
    if (auto connected = stream_.connect(access.at); !connected.has_value()) return connected;
    if (access.tls == server_tls::implicit)
        if (auto secured = stream_.start_tls(access.context, access.server_name); !secured.has_value()) return secured;
    mailstream_low* low = made(stream_.new_driver());
    mailstream* buffered = mailstream_new(low, stream_buffer_octets);
    if (buffered == nullptr) {
        mailstream_low_free(low);
        throw std::bad_alloc();
    }
    begin();
    const int greeted = mailimap_connect(session_.get(), buffered);  // takes it over, also when it fails
    if (auto heard = answered(greeted, errc::protocol_error); !heard.has_value()) return heard;
    if (access.tls == server_tls::implicit) return {};
    if (greeted == MAILIMAP_NO_ERROR_AUTHENTICATED) return make_error_code(errc::tls_unavailable);
    begin();
    if (auto asked = answered(mailimap_starttls(session_.get()), errc::tls_unavailable); !asked.has_value())
        return asked;
    // What stands behind the answer was said by nobody we know (RFC 3501 §6.2.1).
    if (session_->imap_stream->read_buffer_len != 0) return make_error_code(errc::tls_unavailable);
    return stream_.start_tls(access.context, access.server_name);
}

result<void> imap_session::learn_capabilities()
{
    if (auto* known = session_->imap_connection_info; known != nullptr && known->imap_capability != nullptr) {
        mailimap_capability_data_free(known->imap_capability);  // of before TLS, or before the login
        known->imap_capability = nullptr;
    }
    begin();
    // Not mailimap_capability(): it reads what a server that answers OK alone never sent.
    const int code = say("CAPABILITY");
    if (auto asked = answered(code, errc::protocol_error); !asked.has_value()) return asked;
    capabilities_.clear();
    const auto* told = session_->imap_connection_info;
    if (told == nullptr || told->imap_capability == nullptr) return make_error_code(errc::protocol_error);
    for_each_in(told->imap_capability->cap_list, [&](void* one) {
        const auto* capability = static_cast<struct mailimap_capability*>(one);
        const bool mechanism = capability->cap_type == MAILIMAP_CAPABILITY_AUTH_TYPE;
        const char* name = mechanism ? capability->cap_data.cap_auth_type : capability->cap_data.cap_name;
        if (name != nullptr) capabilities_.insert((mechanism ? "AUTH=" : "") + mime::upper(name));
    });
    return {};
}

result<void> imap_session::log_in(const server_access& access)
{
    if (session_->imap_state == MAILIMAP_STATE_AUTHENTICATED) return {};  // PREAUTH under TLS: by our certificate
    if (auto learned = learn_capabilities(); !learned.has_value()) return learned;
    auto words = access.login();
    if (!words.has_value()) return words.error();
    if (!offers("SASL-IR") || !offers(("AUTH=" + words->mechanism).c_str())) {
        OPENSSL_cleanse(words->response.data(), words->response.size());
        return make_error_code(errc::login_unavailable);
    }
    std::string command = "AUTHENTICATE " + words->mechanism + " " + words->response;
    stream_.begin_command(limits_.command, {}, continuation::refusal);
    const int code = say(command);
    OPENSSL_cleanse(command.data(), command.size());
    OPENSSL_cleanse(words->response.data(), words->response.size());
    if (auto in = answered(code, errc::login_refused); !in.has_value()) return in;
    session_->imap_state = MAILIMAP_STATE_AUTHENTICATED;
    return {};
}
}
