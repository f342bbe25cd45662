// mime/cda/checks.hpp: what is asked of a document before it is sent: the items of the discharge letter C01–C17 (CSP
// R.1112-1-2, domain.md §6) and the technical items T01–T10 (cda.md §11). The catalogue is one table, a row per check;
// every check gives one outcome and never stops another. Only an unreadable (T01, C01) or unsigned document (C03), gaps
// in the identity (C04), a document id used again (T04) and a test identity in production (T08) block: the rest of the
// national rules is for warnings. Presence only: what is written is not judged. Outcomes name places, never values.
// Limits: structured_limits. Nothing is parsed again and the body is not copied. Pure, any thread; no input throws.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/document.hpp"
#include "mime/text/zone.hpp"

namespace mime::cda {
enum class level { block, warn };
enum class site_environment { production, test };
enum class check_state {
    satisfied,
    missing,         // see gaps
    not_assessable,  // the document's form does not show it (a PDF), or the fact was not given
    not_applicable,  // nothing is asked in this case
};
enum class check_weight { scored, reported };  // scored: counted in the presence score

struct check_row {
    std::string_view id;     // "C03"
    std::string_view title;  // French
    std::string_view law;    // "R.1112-1-2 3°" of the Code de la santé publique; empty: not of the law
    std::optional<int> qls;  // criterion of the national quality indicator
    cda::level level;        // of what is missing; details may be less (C03: no phone warns)
    check_weight weight;
};
[[nodiscard]] std::span<const check_row> check_catalogue() noexcept;  // C01 … C17, T01 … T10
[[nodiscard]] const check_row* find_check(std::string_view id) noexcept;

struct gap {
    cda::level level = level::warn;
    std::string field;  // "legalAuthenticator/time", "section 10183-2/substanceAdministration[2]"
    std::string text;   // French
};

struct check_outcome {
    std::string id;
    check_state state = check_state::satisfied;
    std::vector<gap> gaps;   // of `missing`: what blocks first, never empty
    std::vector<gap> notes;  // information only, of any state
};

// What a message says beside the document. Absent facts are not asked of the document.
struct message_identity {  // PID, or the sidecar's patient
    std::optional<patient_id> ins;
    std::string reliability;  // PID-32; VALI = validated
    patient_text birth_family;
    patient_text used_family;
    patient_text birth_given;
    patient_text birth_date;  // YYYY[MM[DD]]…
    patient_text sex;         // M F U O A N, or empty
};

struct addressee {
    std::string rpps;
    std::string address;
};

enum class document_history { unknown, first_seen, same_bytes, other_bytes, other_patient };

struct check_context {
    zone where;  // of the site: days are its days
    site_environment environment = site_environment::production;
    std::optional<utc_instant> now = std::nullopt;  // empty: nothing is compared with the present
    std::chrono::seconds max_clock_skew{300};
    std::optional<message_identity> identity = std::nullopt;
    bool names_referrer = false;                        // PV1-8 holds a referring doctor
    std::optional<timestamp> discharge = std::nullopt;  // PV1-45 or the A03, for documents that do not say
    std::optional<std::vector<addressee>> addressees =
        std::nullopt;  // professionals the message is for; empty: it names none
    document_history history = document_history::unknown;
};

// `content` is what extract_body gave for an N1 document, and is not looked at for an N3 one. It is asked for so that
// the caller decodes once for all uses; its error, if any, is told by C01. One outcome per row of the catalogue, in its
// order.
[[nodiscard]] std::vector<check_outcome> check_document(const cda_document& document,
                                                        const cda_result<std::string>& content,
                                                        const check_context& context);

// Replaces the outcome of T04 once it is known what came before under the document's id.
void tell_history(std::vector<check_outcome>& all, document_history history);

// Outcomes of a document that could not be read at all: T01 blocks, the rest is not assessable.
[[nodiscard]] std::vector<check_outcome> check_unreadable(const cda_error& error);

// The first outcome whose first gap blocks; null if the letter may leave.
[[nodiscard]] const check_outcome* first_block(const std::vector<check_outcome>& all) noexcept;
}
