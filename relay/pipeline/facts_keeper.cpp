#include "relay/pipeline/facts_keeper.hpp"

#include "mime/text/digest.hpp"

namespace relay::pipeline {
namespace {
constexpr std::string_view rules = "2";  // one more whenever facts_of() gives something else for the same rows
constexpr std::size_t at_once = 50;
}

void facts_keeper::keep(ports::transaction& tx, const stay_id& stay) const
{
    const auto row = tx.stay(stay);
    const auto facts = row ? facts_of(tx, *row, sites_, fallback_) : std::nullopt;
    if (facts)
        tx.save_facts(*facts);
    else
        tx.remove_facts(stay);
}

std::string facts_keeper::basis() const
{
    const std::string text = std::string(rules) + "\n" + fallback_.name() + "\n" + sites_.fingerprint();
    return mime::hex(mime::sha256(text));
}

result<facts_keeper::renewal> facts_keeper::renew(ports::store& store, const std::function<bool()>& going) const
{
    std::string known;
    if (auto read = store.read([&](ports::reader& r) { known = r.facts_basis(); }); !read.has_value())
        return read.error();
    if (known == basis()) return renewal::not_needed;
    for (std::string last;;) {
        if (!going()) return renewal::left;
        bool more = false;
        const auto written = store.write([&](ports::transaction& tx) {
            const auto stays = tx.stays_after(last, at_once);
            for (const stay_row& stay : stays) keep(tx, stay.id);
            more = stays.size() == at_once;
            if (!stays.empty()) last = stays.back().id.text();
            if (!more) tx.save_facts_basis(basis());
        });
        if (!written.has_value()) return written.error();
        if (!more) return renewal::done;
    }
}
}
