#include "relay/fetch/imap_session.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "mime/text/ascii.hpp"
#include "relay/fetch/imap_handles.hpp"

namespace relay::fetch {
using detail::for_each_in;
using detail::made;
using mime::freed_by;
namespace {
constexpr std::uint64_t listing_octets = 4U << 20U;
constexpr std::size_t uids_at_once = 200;
constexpr std::uint32_t listed_at_once = 1000;

using set_ptr = std::unique_ptr<mailimap_set, freed_by<mailimap_set_free>>;
using fetch_type_ptr = std::unique_ptr<mailimap_fetch_type, freed_by<mailimap_fetch_type_free>>;
using fetched_ptr = std::unique_ptr<clist, freed_by<mailimap_fetch_list_free>>;
using store_flags_ptr = std::unique_ptr<mailimap_store_att_flags, freed_by<mailimap_store_att_flags_free>>;

set_ptr set_of(const std::vector<std::uint32_t>& uids, std::size_t from, std::size_t to)
{
    set_ptr all(made(mailimap_set_new_empty()));
    for (; from < to; ++from)
        if (mailimap_set_add_single(all.get(), uids[from]) != MAILIMAP_NO_ERROR) throw std::bad_alloc();
    return all;
}

void add(mailimap_fetch_type& to, mailimap_fetch_att* what)
{
    if (mailimap_fetch_type_new_fetch_att_list_add(&to, made(what)) != MAILIMAP_NO_ERROR) throw std::bad_alloc();
}

void read_flags(const mailimap_msg_att_dynamic& given, listed_mail& into)
{
    for_each_in(given.att_list, [&](void* one) {
        const auto* flag = static_cast<mailimap_flag_fetch*>(one);
        if (flag->fl_type != MAILIMAP_FLAG_FETCH_OTHER || flag->fl_flag == nullptr) return;
        into.deleted = into.deleted || flag->fl_flag->fl_type == MAILIMAP_FLAG_DELETED;
        into.flagged = into.flagged || flag->fl_flag->fl_type == MAILIMAP_FLAG_FLAGGED;
    });
}

struct fetched_mail {
    listed_mail listed;
    std::optional<std::string> body;
};

fetched_mail read_mail(const mailimap_msg_att& given)
{
    fetched_mail read;
    for_each_in(given.att_list, [&](void* one) {
        const auto* item = static_cast<mailimap_msg_att_item*>(one);
        if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC) read_flags(*item->att_data.att_dyn, read.listed);
        if (item->att_type != MAILIMAP_MSG_ATT_ITEM_STATIC) return;
        const auto& said = *item->att_data.att_static;
        if (said.att_type == MAILIMAP_MSG_ATT_UID) read.listed.uid = said.att_data.att_uid;
        if (said.att_type == MAILIMAP_MSG_ATT_RFC822_SIZE) read.listed.octets = said.att_data.att_rfc822_size;
        if (said.att_type == MAILIMAP_MSG_ATT_BODY_SECTION && said.att_data.att_body_section->sec_body_part != nullptr)
            read.body.emplace(said.att_data.att_body_section->sec_body_part,
                              said.att_data.att_body_section->sec_length);
    });
    return read;
}
}

void imap_session::free_session::operator()(mailimap* session) const noexcept
{
    mailimap_free(session);  // says LOGOUT where it still can
}

imap_session::imap_session(server_stream& stream, session_limits limits)
    : stream_(stream), limits_(limits), session_(made(mailimap_new(0, nullptr)))
{
}

imap_session::~imap_session()
{
    stream_.begin_command(std::chrono::seconds(2), {});
}

// What libetpan says, once the stream has told what it knows better.
result<void> imap_session::answered(int code, errc refused) const
{
    if (stream_.why()) return stream_.why();
    switch (code) {
        case MAILIMAP_NO_ERROR:
        case MAILIMAP_NO_ERROR_AUTHENTICATED:
        case MAILIMAP_NO_ERROR_NON_AUTHENTICATED: return {};
        case MAILIMAP_ERROR_STREAM: return make_error_code(io::errc::closed_by_peer);
        case MAILIMAP_ERROR_PARSE:
        case MAILIMAP_ERROR_PROTOCOL:
        case MAILIMAP_ERROR_FATAL:
        case MAILIMAP_ERROR_BAD_STATE: return make_error_code(errc::protocol_error);
        case MAILIMAP_ERROR_MEMORY: throw std::bad_alloc();
        default: return make_error_code(refused);
    }
}

void imap_session::begin()
{
    stream_.begin_command(limits_.command, {});
}

std::uint32_t imap_session::uid_validity() const
{
    return session_->imap_selection_info->sel_uidvalidity;
}

std::uint32_t imap_session::count() const
{
    return session_->imap_selection_info->sel_exists;
}

result<std::vector<listed_mail>> imap_session::list(std::uint32_t first, std::uint32_t last)
{
    last = std::min(last, first + listed_at_once - 1);
    const set_ptr places(made(mailimap_set_new_interval(first, last)));
    const fetch_type_ptr wanted(made(mailimap_fetch_type_new_fetch_att_list_empty()));
    add(*wanted, mailimap_fetch_att_new_uid());
    add(*wanted, mailimap_fetch_att_new_rfc822_size());
    add(*wanted, mailimap_fetch_att_new_flags());
    response_limits limits;
    limits.response_octets = listing_octets;
    stream_.begin_command(limits_.command, limits);
    clist* raw = nullptr;
    const int code = mailimap_fetch(session_.get(), places.get(), wanted.get(), &raw);
    const fetched_ptr given(raw);
    if (auto asked = answered(code, errc::command_refused); !asked.has_value()) return asked.error();
    std::map<std::uint32_t, listed_mail> by_uid;
    for_each_in(given.get(), [&](void* one) {
        const listed_mail read = read_mail(*static_cast<mailimap_msg_att*>(one)).listed;
        if (read.uid != 0 && by_uid.size() < listed_at_once) by_uid.emplace(read.uid, read);
    });
    std::vector<listed_mail> all;
    all.reserve(by_uid.size());
    for (const auto& [uid, mail] : by_uid) all.push_back(mail);
    return all;
}

result<std::string> imap_session::load(std::uint32_t uid, std::uint64_t listed_octets)
{
    const set_ptr which(made(mailimap_set_new_single(uid)));
    const fetch_type_ptr wanted(made(mailimap_fetch_type_new_fetch_att_list_empty()));
    add(*wanted, mailimap_fetch_att_new_uid());
    add(*wanted, mailimap_fetch_att_new_body_peek_section(made(mailimap_section_new(nullptr))));
    response_limits limits;
    limits.literal_octets = limits_.mail_octets;  // what was listed is the server's word
    limits.response_octets = limits_.mail_octets + (64U << 10U);
    const std::chrono::seconds at_its_rate(std::min(listed_octets, limits_.mail_octets) / limits_.octets_per_second);
    stream_.begin_command(limits_.command + at_its_rate, limits);
    clist* raw = nullptr;
    const int code = mailimap_uid_fetch(session_.get(), which.get(), wanted.get(), &raw);
    const fetched_ptr given(raw);
    if (auto asked = answered(code, errc::command_refused); !asked.has_value()) return asked.error();
    std::optional<std::string> body;
    for_each_in(given.get(), [&](void* one) {
        fetched_mail read = read_mail(*static_cast<mailimap_msg_att*>(one));
        if (read.listed.uid == uid && read.body) body = std::move(read.body);
    });
    if (!body || body->empty()) return result<std::string>(make_error_code(errc::mail_missing));
    return result<std::string>(std::move(*body));
}

result<void> imap_session::mark(const std::vector<std::uint32_t>& uids, mail_flag flag)
{
    for (std::size_t from = 0; from < uids.size(); from += uids_at_once) {
        const set_ptr some = set_of(uids, from, std::min(from + uids_at_once, uids.size()));
        mailimap_flag_list* flags = made(mailimap_flag_list_new_empty());
        const store_flags_ptr change(made(mailimap_store_att_flags_new_add_flags_silent(flags)));
        mailimap_flag* one =
            made(flag == mail_flag::deleted ? mailimap_flag_new_deleted() : mailimap_flag_new_flagged());
        if (mailimap_flag_list_add(flags, one) != MAILIMAP_NO_ERROR) throw std::bad_alloc();
        begin();
        const int code = mailimap_uid_store(session_.get(), some.get(), change.get());
        if (auto done = answered(code, errc::command_refused); !done.has_value()) return done;
    }
    return {};
}

result<void> imap_session::expunge(const std::vector<std::uint32_t>& uids)
{
    for (std::size_t from = 0; from < uids.size(); from += uids_at_once) {
        const set_ptr some = set_of(uids, from, std::min(from + uids_at_once, uids.size()));
        begin();
        const int code = mailimap_uid_expunge(session_.get(), some.get());
        if (auto done = answered(code, errc::command_refused); !done.has_value()) return done;
    }
    return {};
}

result<void> imap_session::expunge_all()
{
    begin();
    return answered(mailimap_expunge(session_.get()), errc::command_refused);
}

result<void> imap_session::look()
{
    begin();
    return answered(mailimap_noop(session_.get()), errc::command_refused);
}

// Not mailimap_idle(): when a server tells of a mail before its "+" (RFC 3501 §5.2 lets it), that waits for an end that
// comes behind DONE only.
result<imap_session::news> imap_session::begin_idle()
{
    begin();
    auto meanwhile = news::none;
    if (!send("IDLE")) return answered(MAILIMAP_ERROR_STREAM, errc::protocol_error).error();
    for (;;) {  // as long as the guard lets it
        const char* const read = mailimap_read_line(session_.get());
        if (read == nullptr) return answered(MAILIMAP_ERROR_STREAM, errc::protocol_error).error();
        const std::string_view line(read);
        if (line.starts_with('+')) return meanwhile;
        if (!line.starts_with("* ")) return make_error_code(errc::command_refused);
        if (note(line.substr(2)) == news::some) meanwhile = news::some;
    }
}

// What libetpan keeps of the mailbox, for a line that it does not see. Another count is news; the same one, which some
// servers repeat, is not.
imap_session::news imap_session::note(std::string_view untagged)
{
    std::uint32_t number = 0;
    const auto* const end = untagged.data() + untagged.size();
    const auto [behind, failed] = std::from_chars(untagged.data(), end, number);
    if (failed != std::errc()) return news::none;
    const std::string_view word(behind, static_cast<std::size_t>(end - behind));
    std::uint32_t& exists = session_->imap_selection_info->sel_exists;
    const std::uint32_t before = exists;
    if (mime::starts_with_text(word, " EXISTS")) exists = number;
    if (mime::starts_with_text(word, " EXPUNGE") && exists > 0) --exists;
    return exists == before ? news::none : news::some;
}

result<void> imap_session::idle(io::clock::time_point until)
{
    const auto begun = begin_idle();
    if (!begun.has_value()) return begun.error();
    if (*begun == news::none && session_->imap_stream->read_buffer_len == 0)  // else something came with the answer
        if (const auto heard = stream_.wait_for_news(until); !heard.has_value()) return heard.error();
    begin();
    return answered(mailimap_idle_done(session_.get()), errc::protocol_error);
}
}
