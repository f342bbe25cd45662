// relay/pipeline/ports/returned_mail.hpp: every mail that came back is written down once by what its bytes are, with
// the bytes themselves for a time (design.md §3.4, mssante.md §6.5, domain.md §10). It is what makes the same mail, by
// whatever way and however often, count once.
#pragma once

#include <string>
#include <string_view>

#include "relay/pipeline/model.hpp"

namespace relay::pipeline::ports {
struct returned_mail_row {
    std::string key;       // HMAC of the SHA-256 of the bytes
    instant at{};          // our own clock
    delivery_id delivery;  // empty: of none of ours
    blob_id content;       // the bytes; empty: kept elsewhere, or no longer kept
};

// Inside a unit: part of its transaction, gone with it.
class returned_mails {
public:
    virtual ~returned_mails() = default;
    [[nodiscard]] virtual bool is_known(std::string_view key) = 0;
    virtual void add(const returned_mail_row& row) = 0;  // not known yet
    // Removes the bytes of those that came before `until`, oldest first; how many, `limit` at most. The key stays.
    virtual std::size_t drop_content(instant until, std::size_t limit) = 0;
};
}
