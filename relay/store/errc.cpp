#include "relay/store/errc.hpp"

namespace relay::store {
namespace {
class store_category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "store"; }
    [[nodiscard]] std::string message(int code) const override
    {
        switch (static_cast<store_errc>(code)) {
            case store_errc::disk_full: return "disk full or free space below the reserve: make room, nothing is lost";
            case store_errc::busy: return "store busy: retry";
            case store_errc::failed: return "store operation failed and was undone";
            case store_errc::closed: return "store is closing";
            case store_errc::conflict: return "a row refers to one that is not there, or repeats a unique key";
            case store_errc::damaged: return "database is damaged: stop, keep the files, restore a backup";
            case store_errc::newer_schema: return "database was written by a newer version: install that version";
            case store_errc::exposed: return "database file is readable by others: chmod 600";
            case store_errc::already_running: return "another instance runs on this store: stop it first";
            case store_errc::unreadable: return "database cannot be opened: check path, owner and folder";
            case store_errc::read_only: return "store was opened read-only: changes go to the running server";
            case store_errc::mailbox_unknown: return "no account has this address";
        }
        return "unknown store error";
    }
    [[nodiscard]] boost::system::error_condition default_error_condition(int code) const noexcept override
    {
        if (static_cast<store_errc>(code) == store_errc::disk_full)
            return boost::system::errc::make_error_condition(boost::system::errc::no_space_on_device);
        return {code, *this};
    }
};
}

const boost::system::error_category& store_errors() noexcept
{
    static const store_category category;
    return category;
}
}
