#include "relay/smtp/engine/client_engine.hpp"

// One mail: MAIL, RCPT, and its bytes by DATA or BDAT.
namespace relay::smtp {
using action = client_engine::action;

namespace {
constexpr std::size_t one_tls_record = 16 * 1024;
// The timeout of a block is for this much, whatever the size of the mail (RFC 5321 §4.5.3.2.5).
constexpr std::size_t block_octets = 256 * 1024;

// What a peer says that offers BINARYMIME and does not take it: something about the content (RFC 3463 §3.7), or about
// the parameter (RFC 5321 §4.1.1.11, §4.2.4). The same said of the mail itself is said again.
bool is_about_form(stage at, const reply& answer)
{
    if (answer.code / 100 != 5) return false;
    const auto status = answer.enhanced();
    if (status && status->subject == 6) return true;
    const bool of_parameter = answer.code == 501 || answer.code == 504 || answer.code == 555;
    return at == stage::mail && of_parameter && (!status || status->subject == 5);
}

bool needs_eight_bit(const outgoing_mail& mail) noexcept
{
    return mail.body == body_type::eight_bit_mime;
}

std::string_view take_block(std::string_view& from)
{
    const std::string_view block = from.substr(0, block_octets);
    from.remove_prefix(block.size());
    return block;
}
}

// MAIL, RCPT and DATA in one go if the peer can (RFC 2920 §3.1), one by one if not.
action client_engine::begin_transaction()
{
    choose_form();
    if (const error_code refused = check_mail()) {
        outcome_.ec = refused;
        outcome_.where = stage::mail;
        decided_ = true;
        return end_of_mail();
    }
    mail_arguments from{.reverse_path = mail_.reverse_path};
    if (offered_.size) from.size_octets = octets_to_send();
    if (offered_.eight_bit_mime) from.body = mail_.body;
    if (binary_) from.body = body_type::binary_mime;
    if (offered_.dsn) {
        from.ret = mail_.ret;
        from.envid = mail_.envid;
    }
    std::string line = *write_mail(from);  // check_mail() has tried it
    if (!offered_.pipelining) return send_text(std::move(line), {awaited::mail});
    if (uses_chunks()) return send_text(line + rcpt_line(), {awaited::mail, awaited::rcpt});
    return send_text(line + rcpt_line() + "DATA\r\n", {awaited::mail, awaited::rcpt, awaited::data});
}

std::string client_engine::rcpt_line() const
{
    rcpt_arguments to{.address = mail_.recipient};
    if (offered_.dsn) {
        to.notify = mail_.notify;
        to.orcpt = mail_.orcpt;
    }
    return *write_rcpt(to);  // check_mail() has tried it
}

bool client_engine::uses_chunks() const noexcept
{
    return binary_ || (offered_.chunking && policy_.transfer == body_transfer::chunks_if_offered);
}

// Binary goes by BDAT alone (RFC 3030 §3), so it is of no use without CHUNKING.
void client_engine::choose_form()
{
    binary_.reset();
    const bool may = policy_.transfer == body_transfer::binary_if_offered && !binary_refused_;
    if (may && offered_.chunking && offered_.binary_mime && mail_.bytes)
        binary_ = mime::message::make_binary_form(*mail_.bytes);
}

std::size_t client_engine::octets_to_send() const noexcept
{
    return binary_ ? binary_->octets() : mail_.bytes->size();
}

error_code client_engine::check_mail() const
{
    const mail_arguments from{.reverse_path = mail_.reverse_path, .ret = mail_.ret, .envid = mail_.envid};
    const rcpt_arguments to{.address = mail_.recipient, .notify = mail_.notify, .orcpt = mail_.orcpt};
    if (!mail_.bytes || write_mail(from).has_error() || write_rcpt(to).has_error()) return delivery_errc::not_sendable;
    if (!has_only_whole_lines(*mail_.bytes)) return delivery_errc::not_sendable;
    if (needs_eight_bit(mail_) && !offered_.eight_bit_mime) return delivery_errc::not_sendable;
    if (offered_.size && offered_.max_octets != 0 && octets_to_send() > offered_.max_octets)
        return delivery_errc::too_big;
    return {};
}

action client_engine::on_mail(const reply& answer)
{
    mail_open_ = answer.code / 100 == 2;
    if (!mail_open_) refuse(stage::mail, answer);
    if (!awaited_.empty()) return receive_next();
    return mail_open_ ? send_text(rcpt_line(), {awaited::rcpt}) : end_of_replies();
}

action client_engine::on_rcpt(const reply& answer)
{
    if (answer.code / 100 != 2) refuse(stage::rcpt, answer);
    if (!awaited_.empty()) return receive_next();
    if (decided_ || again_) return end_of_replies();
    return uses_chunks() ? begin_chunk() : send_text("DATA\r\n", {awaited::data});
}

action client_engine::on_data(const reply& answer)
{
    if (answer.code != 354) {
        fail(stage::data, answer);
        return end_of_replies();
    }
    awaited_.push_back(awaited::final_dot);
    // Pipelined, and the recipient was refused: the mail is not for anybody, so it is not sent (RFC 2920 §3.1).
    end_empty_ = decided_;
    writer_.emplace(end_empty_ ? std::string_view() : std::string_view(*mail_.bytes));
    const action first = send_piece();
    if (end_empty_) dot_sent_ = false;
    return first;
}

action client_engine::send_piece()
{
    if (piece_.empty()) {
        piece_ = writer_->next();
        if (piece_.size() < one_tls_record && !writer_->is_last()) {  // many dots make many small pieces: in one go
            out_ = piece_;
            while (out_.size() < one_tls_record && !writer_->is_last()) out_ += writer_->next();
            piece_ = out_;
        }
    }
    const std::string_view block = take_block(piece_);
    // From here on the peer may have the whole mail, even if this very send fails.
    if (piece_.empty() && writer_->is_last()) dot_sent_ = true;
    return send{block, policy_.timeouts.data_block};
}

// The whole mail as one chunk (RFC 3030 §2), only once the recipient was accepted: a peer that refuses gets no letter.
action client_engine::begin_chunk()
{
    chunk_ = true;
    piece_ = binary_ ? std::string_view(binary_->body) : std::string_view(*mail_.bytes);
    dot_sent_ = piece_.empty();
    std::string line = "BDAT " + std::to_string(octets_to_send()) + " LAST\r\n";
    if (binary_) line += binary_->header;
    return send_text(std::move(line), {awaited::final_dot});
}

action client_engine::send_chunk()
{
    const std::string_view block = take_block(piece_);
    if (piece_.empty()) dot_sent_ = true;
    return send{block, policy_.timeouts.data_block};
}

bool client_engine::is_sending_body() const noexcept
{
    return !piece_.empty() || (writer_ && !writer_->is_last());
}

action client_engine::on_final(const reply& answer)
{
    writer_.reset();
    const bool was_chunk = std::exchange(chunk_, false);
    dot_sent_ = false;
    mail_open_ = was_chunk;  // behind a refused chunk only RSET makes things certain (RFC 3030 §2)
    if (end_empty_) return idle{};
    if (answer.code / 100 != 2) {
        refuse(stage::final_reply, answer);
        return end_of_replies();
    }
    mail_open_ = false;
    outcome_ = {{}, stage::final_reply, answer.code, answer.enhanced(), answer.text(), offered_.dsn};
    if (binary_) outcome_.octets_saved = mail_.bytes->size() - octets_to_send();
    decided_ = true;
    return end_of_mail();
}

// The mail has failed and nothing more is to be answered.
action client_engine::end_of_replies()
{
    if (!mail_open_) return end_of_mail();
    return send_text("RSET\r\n", {awaited::rset});
}

// A connection that waits for its next mail keeps no decoded copy. Refused for its form alone, it is said again on the
// same connection, once: it is certain that the peer has not taken it. A connection lost meanwhile is a loss like any
// other, not a refusal.
action client_engine::end_of_mail()
{
    binary_.reset();
    return std::exchange(again_, false) ? begin_transaction() : action(idle{});
}

// What is refused behind a refused form follows from it.
void client_engine::refuse(stage at, const reply& answer)
{
    if (binary_ && !decided_ && !again_ && is_about_form(at, answer)) binary_refused_ = again_ = true;
    if (!again_) fail(at, answer);
}
}
