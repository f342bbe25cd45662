#include "relay/smtp/engine/client_engine.hpp"

// One mail: MAIL, RCPT, and its bytes by DATA or BDAT.
namespace relay::smtp {
using action = client_engine::action;

namespace {
constexpr std::size_t one_tls_record = 16 * 1024;
// The timeout of a block is for this much, whatever the size of the mail (RFC 5321 §4.5.3.2.5).
constexpr std::size_t block_octets = 256 * 1024;

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
    if (const error_code refused = check_mail()) {
        outcome_.ec = refused;
        outcome_.where = stage::mail;
        decided_ = true;
        return idle{};
    }
    mail_arguments from{.reverse_path = mail_.reverse_path};
    if (offered_.size) from.size_octets = mail_.bytes->size();
    if (offered_.eight_bit_mime) from.body = mail_.body;
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
    return offered_.chunking && policy_.transfer == body_transfer::chunks_if_offered;
}

error_code client_engine::check_mail() const
{
    const mail_arguments from{.reverse_path = mail_.reverse_path, .ret = mail_.ret, .envid = mail_.envid};
    const rcpt_arguments to{.address = mail_.recipient, .notify = mail_.notify, .orcpt = mail_.orcpt};
    if (!mail_.bytes || write_mail(from).has_error() || write_rcpt(to).has_error()) return delivery_errc::not_sendable;
    if (!has_only_whole_lines(*mail_.bytes)) return delivery_errc::not_sendable;
    if (needs_eight_bit(mail_) && !offered_.eight_bit_mime) return delivery_errc::not_sendable;
    if (offered_.size && offered_.max_octets != 0 && mail_.bytes->size() > offered_.max_octets)
        return delivery_errc::too_big;
    return {};
}

action client_engine::on_mail(const reply& answer)
{
    mail_open_ = answer.code / 100 == 2;
    if (!mail_open_) fail(stage::mail, answer);
    if (!awaited_.empty()) return receive_next();
    return mail_open_ ? send_text(rcpt_line(), {awaited::rcpt}) : end_of_replies();
}

action client_engine::on_rcpt(const reply& answer)
{
    if (answer.code / 100 != 2) fail(stage::rcpt, answer);
    if (!awaited_.empty()) return receive_next();
    if (decided_) return end_of_replies();
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
    piece_ = *mail_.bytes;
    dot_sent_ = piece_.empty();
    return send_text("BDAT " + std::to_string(piece_.size()) + " LAST\r\n", {awaited::final_dot});
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
        fail(stage::final_reply, answer);
        return end_of_replies();
    }
    mail_open_ = false;
    outcome_ = {{}, stage::final_reply, answer.code, answer.enhanced(), answer.text(), offered_.dsn};
    decided_ = true;
    return idle{};
}

// The mail has failed and nothing more is to be answered.
action client_engine::end_of_replies()
{
    if (!mail_open_) return idle{};
    return send_text("RSET\r\n", {awaited::rset});
}
}
