#include "mime/hl7/observation.hpp"

#include "mime/text/ascii.hpp"
#include "mime/text/base64.hpp"
#include "mime/text/charset.hpp"

#include <algorithm>
#include <array>

namespace mime::hl7 {
namespace {
enum class presence { required, recommended };
struct flag_rule {
    std::string_view code;
    bool handling_flags::*flag;
    presence need;
};
// §2.5. The two acknowledgement flags are 1..1 in one place of the volet and optional in another: absent means N.
constexpr std::array flag_rules = {
    flag_rule{"MASQUE_PS", &handling_flags::masked_from_professionals, presence::required},
    flag_rule{"INVISIBLE_PATIENT", &handling_flags::invisible_to_patient, presence::required},
    flag_rule{"INVISIBLE_REP_LEGAUX", &handling_flags::invisible_to_representatives, presence::required},
    flag_rule{"CONNEXION_SECRETE", &handling_flags::secret_connection, presence::required},
    flag_rule{"MODIF_CONF_CODE", &handling_flags::confidentiality_change, presence::required},
    flag_rule{"DESTDMP", &handling_flags::to_shared_record, presence::required},
    flag_rule{"DESTMSSANTEPS", &handling_flags::to_professionals, presence::required},
    flag_rule{"DESTMSSANTEPAT", &handling_flags::to_patient, presence::required},
    flag_rule{"ACK_RECEPTION", &handling_flags::acknowledge_reception, presence::recommended},
    flag_rule{"ACK_LECTURE_MSS", &handling_flags::acknowledge_reading, presence::recommended},
};
constexpr std::string_view body_for_professionals = "CORPSMAIL_PS";
constexpr std::string_view body_for_patient = "CORPSMAIL_PATIENT";

bool is_metadata_code(std::string_view code)
{
    return code == body_for_professionals || code == body_for_patient ||
           std::any_of(flag_rules.begin(), flag_rules.end(), [&](const flag_rule& r) { return r.code == code; });
}

std::string national_code(std::string code, const profile& profile)
{
    for (const auto& [alias, national] : profile.metadata_aliases) {
        if (alias == code) return national;
    }
    return code;
}

// Checks one component of OBX-5 without case.
void check_literal(checker& check, const segment& obx, std::size_t component, std::string_view expected)
{
    if (!same_text(trimmed(obx.field(5).component(component).raw()), expected)) {
        check.fail(condition::data_type, obx.location(5, component), "Valeur attendue : " + std::string(expected));
    }
}

std::string decode(checker& check, const segment& obx)
{
    const component data = obx.field(5).component(5);
    if (data.empty()) {
        check.fail(condition::required_field_missing, obx.location(5, 5), "Contenu absent");
        return {};
    }
    // Unescaping would copy the document once more: base64 holds no escape unless lines were cut with \.br\.
    const bool plain = data.raw().find(obx.marks().escape) == std::string_view::npos;
    auto octets = base64_decode(plain ? data.raw() : data.text());
    if (octets.has_value()) return *std::move(octets);
    check.fail(condition::data_type, obx.location(5, 5), "Base64 illisible");
    return {};
}

bool read_flag(checker& check, const segment& obx)
{
    const std::string type = check.required(obx, 2);
    if (!type.empty() && type != "CWE" && type != "CE") {
        check.fail(condition::data_type, obx.location(2), "Type attendu : CWE");
    }
    const std::string value = check.one_of(obx, 5, {"Y", "N"});
    if (!value.empty()) check.required(obx, 5, 3);  // any system: senders write HL70136 too (§2.8)
    return value == "Y";
}

std::optional<patient_text> read_body(checker& check, const observations& all, std::string_view code,
                                      charset message_charset)
{
    const auto found = all.metadata.find(code);
    if (found == all.metadata.end()) return std::nullopt;
    const segment& obx = found->second.obx;
    if (check.required(obx, 2) != "ED") check.fail(condition::data_type, obx.location(2), "Type attendu : ED");
    check_literal(check, obx, 2, "TEXT");
    check_literal(check, obx, 4, "Base64");
    std::string text = decode(check, obx);
    if (!is_utf8(text) && message_charset == charset::latin9) text = latin9_to_utf8(text);
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 || c == '\r' || c == '\n' || c == '\t';
    });
    if (!is_utf8(text) || !printable) check.fail(condition::data_type, obx.location(5, 5), "Texte illisible");
    return patient_text(std::move(text));
}

// Rank of a code in the volet's order; bodies come last, in theirs.
std::size_t rank_of(std::string_view code)
{
    const auto* const rule =
        std::find_if(flag_rules.begin(), flag_rules.end(), [&](const flag_rule& r) { return r.code == code; });
    const auto rank = static_cast<std::size_t>(rule - flag_rules.begin());
    return code == body_for_patient ? rank + 1 : rank;
}

// Where an absent code would stand.
std::string expected_place(const observations& all, std::string_view code)
{
    return "OBX^" + std::to_string(all.documents.size() + rank_of(code) + 1);
}

class grouper {
public:
    grouper(checker& check, const message& message, const profile& profile, std::size_t max_documents)
        : check_(check), message_(message), profile_(profile), max_documents_(max_documents)
    {
    }

    observations run()
    {
        all_.documents.reserve(max_documents_);  // current_ points into it
        for (const segment& each : message_.segments()) {
            if (each.name() == "OBR") {
                ++orders_;
                type_code_ = each.field(4).component(1).text();
            } else if (each.name() == "OBX") {
                add_observation(each);
            } else if (each.name() == "PRT") {
                add_participant(each);
            } else if (each.name() == "NTE" && current_ != nullptr) {
                current_->ntes.push_back(each);
            }
        }
        if (all_.documents.empty()) {
            check_.fail(condition::segment_sequence, "OBX^1", "Aucun document dans le message");
        }
        return std::move(all_);
    }

private:
    void add_participant(const segment& prt)
    {
        if (current_ != nullptr && current_is_document_) {
            current_->prts.push_back(prt);
        } else {
            check_.fail(condition::segment_sequence, prt.location(), "PRT n'est admis que sous l'OBX du document");
        }
    }

    void add_observation(const segment& obx)
    {
        current_ = &ignored_;
        current_is_document_ = false;
        const std::string code = national_code(obx.field(3).component(1).text(), profile_);
        const std::string type = obx.field(2).component(1).text();
        if (is_metadata_code(code)) {
            add_metadata(obx, code);
        } else if (type == "ED" || (!code.empty() && code == type_code_)) {
            add_document(obx);
        } else if (!contains(profile_.ignored_metadata, code)) {
            check_.warn(obx.location(3), "Observation non prise en charge : segment ignoré");
        }
    }

    void add_metadata(const segment& obx, const std::string& code)
    {
        check_.one_of(obx, 11, {"F"});
        const std::string system = check_.required(obx, 3, 3);
        if (!system.empty() && !same_text(system, "MetaDMPMSS")) {
            check_.fail(condition::table_value_not_found, obx.location(3, 3), "Système attendu : MetaDMPMSS");
        }
        const std::size_t rank = rank_of(code);
        if (rank < rank_) check_.warn(obx.location(3), "Métadonnée dans un autre ordre que celui du volet");
        rank_ = rank;
        const auto [place, added] = all_.metadata.try_emplace(code, observation{obx, {}, {}});
        if (!added) check_.fail(condition::cardinality, obx.location(3), "Métadonnée donnée deux fois");
        current_ = &place->second;
    }

    void add_document(const segment& obx)
    {
        current_is_document_ = true;  // so that its PRT are not called misplaced as well
        if (check_.required(obx, 2) != "ED" && !obx.field(2).empty()) {
            check_.fail(condition::data_type, obx.location(2), "Type attendu pour un document : ED");
        }
        if (all_.documents.size() == max_documents_) {
            check_.fail(condition::cardinality, obx.location(),
                        max_documents_ == 1 ? "Un seul document par message MDM" : "Deux documents au plus par ORU");
            return;
        }
        all_.documents.push_back(observation{obx, {}, {}, orders_ == 0 ? 0 : orders_ - 1});
        current_ = &all_.documents.back();
    }

    checker& check_;
    const message& message_;
    const profile& profile_;
    std::size_t max_documents_;
    observations all_;
    observation ignored_{segment({}, 0, nullptr), {}, {}};
    observation* current_ = nullptr;
    bool current_is_document_ = false;
    std::size_t orders_ = 0;
    std::size_t rank_ = 0;
    std::string type_code_;  // OBR-4.1
};
}

observations group_observations(checker& check, const message& message, const profile& profile,
                                std::size_t max_documents)
{
    return grouper(check, message, profile, max_documents).run();
}

std::string read_document(checker& check, const segment& obx, std::string_view type_code)
{
    const std::string code = check.required(obx, 3);
    check.required(obx, 3, 3);
    if (!code.empty() && !type_code.empty() && code != type_code) {
        check.fail(condition::application, obx.location(3), "OBX-3 et OBR-4 désignent deux types différents");
    }
    check_literal(check, obx, 2, "text");
    check_literal(check, obx, 3, "XML");
    check_literal(check, obx, 4, "Base64");
    return decode(check, obx);
}

void read_metadata(checker& check, const observations& all, charset message_charset, document_message& into)
{
    for (const flag_rule& rule : flag_rules) {
        const auto found = all.metadata.find(rule.code);
        if (found != all.metadata.end()) {
            into.flags.*rule.flag = read_flag(check, found->second.obx);
            into.flag_places.emplace(rule.code, found->second.obx.location(5));
        } else if (rule.need == presence::required) {
            check.fail(condition::required_field_missing, expected_place(all, rule.code),
                       "Métadonnée absente : " + std::string(rule.code));
        } else {
            check.warn(expected_place(all, rule.code), "Métadonnée absente, lue comme N : " + std::string(rule.code));
        }
    }
    if (const auto found = all.metadata.find("DESTMSSANTEPAT"); found != all.metadata.end()) {
        for (const segment& nte : found->second.ntes) {
            if (nte.field(4).component(1).text() == "FIN") into.reply = patient_reply::closed;
        }
    }
    into.body_for_professionals = read_body(check, all, body_for_professionals, message_charset);
    into.body_for_patient = read_body(check, all, body_for_patient, message_charset);
}
}
