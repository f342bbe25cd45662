// relay/pipeline/facts_keeper.hpp: keeps the facts of stays (stay_facts.hpp) beside what they are derived from: in the
// unit of each change, and all of them again when the rules or the organisation of the settings are others than those
// they were derived with. Immutable; any thread.
#pragma once

#include "relay/pipeline/ports/store.hpp"

namespace relay::pipeline {
class facts_keeper {
public:
    facts_keeper(organisation sites, mime::zone fallback) : sites_(std::move(sites)), fallback_(fallback) {}

    void keep(ports::transaction& tx, const stay_id& stay) const;
    // Of rules, sites and zones: facts with another basis have to be derived again.
    [[nodiscard]] std::string basis() const;
    // Derives all again if their basis is another one; in small units, so that letters do not wait. Begins anew after a
    // crash.
    enum class renewal { done, not_needed, left };  // left: `going` said no
    [[nodiscard]] result<renewal> renew(ports::store& store, const std::function<bool()>& going) const;

private:
    organisation sites_;
    mime::zone fallback_;
};
}
