#include "relay/app/file_check.hpp"

#include "mime/sidecar/form.hpp"
#include "relay/app/command_tools.hpp"
#include "relay/app/file_past.hpp"
#include "relay/io/files.hpp"
#include "relay/pipeline/completeness.hpp"
#include "relay/pipeline/patient_keys.hpp"

namespace relay::app {
using namespace pipeline;
namespace {
constexpr std::size_t shown_key_signs = 12;
constexpr std::size_t shown_octets = 64 * 1024;  // of a file over the limit: its MSH

std::string_view french(letter_operation what)
{
    switch (what) {
        case letter_operation::initial: return "premier envoi";
        case letter_operation::replace: return "remplacement";
        case letter_operation::remove: return "suppression";
    }
    return "";
}

std::string_view french(discharge_quality from)
{
    switch (from) {
        case discharge_quality::exact: return "PV1-45";
        case discharge_quality::movement: return "mouvement (ZBE-2)";
        case discharge_quality::event: return "événement (EVN-6)";
        case discharge_quality::document: return "lettre";
        case discharge_quality::date_only: return "date sans heure";
    }
    return "";
}

point_state state_of(const mime::cda::check_outcome& from)
{
    using mime::cda::check_state;
    switch (from.state) {
        case check_state::satisfied: return point_state::good;
        case check_state::not_assessable: return point_state::not_assessable;
        case check_state::not_applicable: return point_state::not_applicable;
        case check_state::missing: break;
    }
    const bool blocks = !from.gaps.empty() && from.gaps.front().level == mime::cda::level::block;
    return blocks ? point_state::blocking : point_state::to_mend;
}

std::vector<point_report> points_of(const std::vector<mime::cda::check_outcome>& checks)
{
    std::vector<point_report> points;
    for (const auto& outcome : checks) {
        point_report point{outcome.id, {}, {}, state_of(outcome), {}};
        if (const auto* row = mime::cda::find_check(outcome.id)) {
            point.title = row->title;
            point.law = row->law;
        }
        for (const auto* list : {&outcome.gaps, &outcome.notes})
            for (const auto& gap : *list) point.remarks.emplace_back(gap.field, gap.text);
        points.push_back(std::move(point));
    }
    return points;
}

// The other half of a pair lies beside it, as in the spool.
std::optional<config::path> pdf_beside(const config::path& file)
{
    for (const char* ending : {".pdf", ".PDF"}) {
        config::path there = file;
        there.replace_extension(ending);
        if (there != file && std::filesystem::exists(there)) return there;
    }
    return std::nullopt;
}

class examiner {
public:
    examiner(const file_checker& with, const config::path& file) : with_(with), path_(file)
    {
        report_.file = file.filename().string();
    }

    file_report run()
    {
        from_.name = report_.file;
        if (!read(path_, from_.bytes)) return std::move(report_);
        is_package_ = from_.bytes.starts_with("PK");
        if (const auto pdf = pdf_beside(path_); pdf && mime::sidecar::has_sidecar_ending(from_.name))
            if (!read(*pdf, from_.attachment.emplace())) return std::move(report_);
        const planned plan = plan_submission(from_, with_.site, with_.routes, with_.now);
        header_ = plan.header;
        std::visit([this](const auto& what) { tell(what); }, plan.what);
        return std::move(report_);
    }

private:
    // Of a file over the limit only the beginning, as the spool does, so that an HL7 sender is answered.
    bool read(const config::path& file, std::string& into)
    {
        std::error_code unknown;
        const bool fits = std::filesystem::file_size(file, unknown) <= with_.site.max_input_octets || unknown;
        auto bytes = fits ? io::read_file(file, with_.site.max_input_octets) : io::read_beginning(file, shown_octets);
        if (!bytes.has_value()) {
            report_.answer = "ILLISIBLE";
            report_.faults.push_back({"ILLISIBLE", "", bytes.error().message()});
            return false;
        }
        if (!fits) from_.size = size_class::beyond_keeping;
        into = std::move(*bytes);
        return true;
    }

    // "207", and what the refusals of this node call it: "207 TOO_LARGE".
    static std::string fault_code(const mime::hl7::hl7_error& error, const refusal& why)
    {
        const std::string code = std::to_string(error.code);
        return why.code == code || why.hl7.size() > 1 ? code : code + " " + why.code;
    }

    void tell(const refusal& why)
    {
        report_.verdict = file_verdict::refused;
        report_.form = form_of(why.form);
        report_.answer = header_ && !why.hl7.empty() ? "AE" : why.code;
        for (const auto& error : why.hl7) {
            if (error.ack == mime::hl7::ack_code::AR) report_.answer = "AR";
            report_.faults.push_back({fault_code(error, why), error.location, error.text});
        }
        if (why.hl7.empty()) report_.faults.push_back({why.code, why.field, why.message});
        if (!why.checks.empty()) {
            document_report document;
            document.points = points_of(why.checks);
            report_.documents.push_back(std::move(document));
        }
    }

    void tell(const letter_plan& letter)
    {
        report_.form = form_of(std::string(name(letter.form)));
        report_.operation = french(letter.operation);
        const auto past = past_of(with_, from_, letter, header_);
        tell_orders(letter);
        for (const plan_document& document : letter.documents) tell_document(document, past);
        tell_stay(letter.stay, past);
        if (past && past->refused) return tell(*past->refused);
        report_.answer = header_ ? "AA" : "ACCEPTED";
        report_.verdict = file_verdict::accepted;
        for (const recipient& to : letter.recipients) tell_recipient(to);
        for (const plan_warning& one : letter.warnings) report_.remarks.emplace_back(one.field, one.text);
        if (letter.details.shared_record_refused)
            report_.remarks.emplace_back("DESTDMP", "rien ne partirait au DMP : ZAM^Z01 = N");
        if (past) tell_remarks(*past);
    }

    void tell(const movement_plan& movement)
    {
        report_.form = form_of("hl7_adt");
        report_.operation = movement_text(movement);
        const auto past = past_of(with_, from_, movement, header_);
        tell_stay(movement.stay, past);
        if (past && past->refused) return tell(*past->refused);
        report_.answer = "AA";
        report_.verdict = file_verdict::accepted;
        if (past) tell_remarks(*past);
    }

    void tell_remarks(const file_past& past)
    {
        report_.remarks.insert(report_.remarks.end(), past.remarks.begin(), past.remarks.end());
    }

    static std::string movement_text(const movement_plan& plan)
    {
        if (!plan.what) return "mouvement sans effet sur les délais";
        switch (*plan.what) {
            case event_kind::stay_admitted: return "entrée";
            case event_kind::stay_admission_cancelled: return "entrée annulée : séjour exclu";
            case event_kind::stay_moved: return "mutation : le service change";
            case event_kind::stay_move_cancelled: return "mutation annulée";
            case event_kind::stay_discharged: return "sortie : démarre le délai";
            case event_kind::stay_discharge_cancelled: return "sortie annulée";
            default: return std::string(name(*plan.what));
        }
    }

    [[nodiscard]] std::string form_of(const std::string& form) const
    {
        if (header_)
            return "message HL7 " + header_->message_code + "^" + header_->event + " " +
                   header_->version.substr(0, header_->version.find('^'));
        if (is_package_) return "paquet IHE XDM";
        if (form == "cda") return "document CDA";
        if (form == "pdf" || form == "pdf_sidecar") return "PDF et sa fiche";
        return form == "hl7" ? "message HL7" : "forme inconnue";
    }

    void tell_orders(const letter_plan& letter)
    {
        if (!letter.orders) return;
        const site_options& site = with_.site;
        report_.matrix = site.matrix.version +
                         (site.mode == matrix_mode::strict ? ", mode strict" : ", mode tolérant") + ", ligne " +
                         letter.orders->row;
        for (std::size_t i = 0; i < matrix_flags.size(); ++i)
            report_.flags.emplace_back(matrix_flags[i], letter.orders->flags[i]);
    }

    void tell_document(const plan_document& from, const std::optional<file_past>& past)
    {
        auto checks = from.checks;
        if (past) mime::cda::tell_history(checks, past->history);
        document_report document;
        document.type_code = from.type_code;
        document.version = from.version;
        document.replaces = from.parent_id.has_value();
        document.points = points_of(checks);
        const presence_score score = score_of(checks);
        document.satisfied = score.satisfied;
        document.applicable = score.applicable;
        report_.documents.push_back(std::move(document));
    }

    [[nodiscard]] std::string shown_key(std::string_view kind, const std::string& number) const
    {
        return number_key(with_.vault, kind, with_.site.finess, number).substr(0, shown_key_signs);
    }

    void tell_stay(const stay_fact& fact, const std::optional<file_past>& past)
    {
        stay_report stay;
        stay.visit_key = shown_key("visit", fact.visit_number);
        stay.file_key = shown_key("file", fact.file_number);
        if (fact.discharge) {
            stay.discharge = local_time(fact.discharge->at, with_.site.zone);
            stay.quality = french(fact.discharge->quality);
        }
        if (past) {
            stay.known = past->stay_known;
            stay.matched = past->matched;
        }
        report_.stay = std::move(stay);
    }

    void tell_recipient(const recipient& to)
    {
        const route_decision decision = decide_route(to, with_.directory, with_.routes, with_.anchors, with_.now);
        recipient_report one;
        one.role = to.role;
        one.domain = domain_of(to.address);
        if (const auto* why = std::get_if<cause>(&decision)) {
            one.why = *why;
            report_.verdict = file_verdict::held;
        } else {
            const auto& found = std::get<route_found>(decision);
            one.domain = found.domain;
            one.profile = found.profile;
            if (found.certificate)
                one.certificate_until = local_time(found.certificate->not_after(), with_.site.zone).substr(0, 10);
        }
        report_.recipients.push_back(std::move(one));
    }

    const file_checker& with_;
    const config::path& path_;
    submission from_;
    file_report report_;
    std::optional<mime::hl7::message_header> header_;
    bool is_package_ = false;  // a ZIP
};
}

file_report check_file(const file_checker& with, const config::path& file)
{
    return examiner(with, file).run();
}
}
