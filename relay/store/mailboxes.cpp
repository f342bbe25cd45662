// Hosted mailboxes (relay/pipeline/ports/mailbox.hpp) over the SQLite engine.
#include <algorithm>

#include <boost/system/system_error.hpp>

#include "relay/pipeline/idle_mailboxes.hpp"
#include "relay/store/accounts.hpp"
#include "relay/store/engine.hpp"
#include "relay/store/errc.hpp"
#include "relay/store/mailbox_rows.hpp"

namespace relay::store {
namespace {
using namespace pipeline::ports;

class sqlite_open_mailbox final : public open_mailbox {
public:
    sqlite_open_mailbox(engine& store, mailbox_number mailbox, mailbox_access access)
        : store_(store), mailbox_(mailbox), access_(access)
    {
    }

    result<mailbox_snapshot> snapshot() override
    {
        return reading<mailbox_snapshot>([this](sql_reader& reader) {
            return mailbox_snapshot{load_status(reader.database(), mailbox_),
                                    load_messages(reader.database(), mailbox_)};
        });
    }

    result<mailbox_changes> refresh(std::uint64_t since_modseq) override
    {
        return reading<mailbox_changes>(
            [&](sql_reader& reader) { return load_changes(reader.database(), mailbox_, since_modseq); });
    }

    result<std::vector<message_structure>> load_structures(std::span<const std::uint32_t> uids) override
    {
        return reading<std::vector<message_structure>>([&](sql_reader& reader) {
            std::vector<message_structure> found;
            for (const std::uint32_t uid : uids)
                if (auto structure = load_structure(reader.database(), reader.vault(), mailbox_, uid))
                    found.push_back(std::move(*structure));
            return found;
        });
    }

    result<std::string> load_message(std::uint32_t uid) override
    {
        return reading<std::string>([&](sql_reader& reader) {
            const auto content = load_content(reader.database(), mailbox_, uid);
            if (!content) throw boost::system::system_error(mailbox_errc::message_gone);
            auto clear = reader.vault().open(*content);
            if (!clear) throw boost::system::system_error(mailbox_errc::message_damaged);
            return std::move(*clear);
        });
    }

    result<std::vector<message_row>> store_flags(std::span<const std::uint32_t> uids, flag_operation operation,
                                                 flag_set flags) override
    {
        return writing<std::vector<message_row>>(
            [&](sql_transaction& tx) { return change_flags(tx.database(), mailbox_, uids, operation, flags); });
    }

    result<std::vector<std::uint32_t>> expunge(std::span<const std::uint32_t> uids) override
    {
        return writing<std::vector<std::uint32_t>>(
            [&](sql_transaction& tx) { return expunge_deleted(tx.database(), tx, mailbox_, uids); });
    }

private:
    template <class T, class Work>
    result<T> reading(const Work& work)
    {
        T value;
        const auto done = store_.read_sql([&](sql_reader& reader) { value = work(reader); });
        if (!done) return done.error();
        return value;
    }

    template <class T, class Work>
    result<T> writing(const Work& work)
    {
        if (access_ == mailbox_access::read_only) return make_error_code(mailbox_errc::mailbox_read_only);
        T value;
        const auto done = store_.write_sql([&](sql_transaction& transaction) { value = work(transaction); });
        if (!done) return done.error();
        return value;
    }

    engine& store_;
    const mailbox_number mailbox_;
    const mailbox_access access_;
};

class sqlite_account final : public account_mailboxes {
public:
    sqlite_account(engine& store, std::int64_t account) : store_(store), account_(account) {}

    result<std::vector<std::string>> names() override
    {
        std::vector<std::string> found;
        const auto done =
            store_.read_sql([&](sql_reader& reader) { found = mailbox_names(reader.database(), account_); });
        if (!done) return done.error();
        return found;
    }

    result<mailbox_status> status(std::string_view mailbox) override
    {
        mailbox_status found;
        const auto done = store_.read_sql(
            [&](sql_reader& reader) { found = load_status(reader.database(), number(reader, mailbox)); });
        if (!done) return done.error();
        return found;
    }

    result<std::unique_ptr<open_mailbox>> open(std::string_view mailbox, mailbox_access access) override
    {
        mailbox_number opened = 0;
        const auto done = store_.read_sql([&](sql_reader& reader) { opened = number(reader, mailbox); });
        if (!done) return done.error();
        return std::unique_ptr<open_mailbox>(std::make_unique<sqlite_open_mailbox>(store_, opened, access));
    }

private:
    mailbox_number number(sql_reader& reader, std::string_view mailbox) const
    {
        const auto found = find_mailbox(reader.database(), account_, mailbox);
        if (!found) throw boost::system::system_error(mailbox_errc::mailbox_unknown);
        return *found;
    }

    engine& store_;
    const std::int64_t account_;
};

class sqlite_mailboxes final : public mailbox_accounts {
public:
    sqlite_mailboxes(engine& store, const base::wall_clock& clock, password_verifier verify)
        : store_(store), clock_(clock), verify_(std::move(verify))
    {
    }

    result<std::unique_ptr<account_mailboxes>> authenticate(std::string_view user, std::string_view password) override
    {
        std::optional<account_row> account;
        std::optional<std::int64_t> number;
        const auto done = store_.read_sql([&](sql_reader& reader) {
            account = reader.account_by_user(user);
            number = account_number(reader.database(), reader.vault(), user);
        });
        if (!done) return done.error();
        // The empty hash costs the verifier as much time: an unknown user shows in nothing (ports/mailbox.hpp).
        const bool right = verify_(account ? account->password_hash : std::string_view(), password);
        if (!right || !account || !number || !account->enabled)
            return make_error_code(mailbox_errc::credentials_refused);
        pipeline::note_mailbox_use(store_, user, clock_.now());
        return std::unique_ptr<account_mailboxes>(std::make_unique<sqlite_account>(store_, *number));
    }

private:
    engine& store_;
    const base::wall_clock& clock_;
    const password_verifier verify_;
};
}

std::unique_ptr<mailbox_accounts> open_mailboxes(sqlite_store& store, const base::wall_clock& clock,
                                                 password_verifier verify)
{
    // open_store makes nothing else; a bad_cast is a bug.
    return std::make_unique<sqlite_mailboxes>(dynamic_cast<engine&>(store), clock, std::move(verify));
}
}
