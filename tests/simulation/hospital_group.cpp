#include "tests/simulation/hospital_group.hpp"

#include <cmath>

namespace simulation {
namespace {
using namespace relay::pipeline;
using namespace std::chrono_literals;
constexpr int services_per_group = 8;
constexpr int doctors = 60;

organisation make_sites(int groups)
{
    std::vector<site_entry> all;
    for (int group = 0; group < groups; ++group) {
        const bool overseas = group == groups - 1;
        site_entry site{"S" + std::to_string(group),
                        "Site",
                        "GH" + std::to_string(group),
                        overseas ? *mime::find_zone("Indian/Reunion") : tests::paris(),
                        {}};
        for (int service = 0; service < services_per_group; ++service)
            site.services.emplace("U" + std::to_string(group * 100 + service), "Service");
        all.push_back(std::move(site));
    }
    return organisation(std::move(all));
}

std::string padded(std::size_t number, int width)
{
    std::string text = std::to_string(number);
    return std::string(
               static_cast<std::size_t>(width) - std::min<std::size_t>(text.size(), static_cast<std::size_t>(width)),
               '0') +
           text;
}

std::string multipart_report(const std::string& kind, const std::string& from, const std::string& id,
                             const std::string& part, const std::string& fields)
{
    return "From: <" + from + ">\r\nTo: <" + std::string(tests::hospital_address) + ">\r\nMessage-ID: <" + id +
           ">\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=" + kind +
           ";\r\n boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nrapport\r\n--x\r\nContent-Type: " +
           part + "\r\n\r\n" + fields + "\r\n\r\n--x--\r\n";
}
}

hospital_group::hospital_group(const month_options& options)
    : options_(options),
      random_(options.seed),
      sites_(make_sites(options.groups)),
      returns_(house_.with(), {std::string(tests::hospital_address), tests::paris()})
{
    house_.store->derive_with([keeper = facts_keeper(sites_, tests::paris())](
                                  ports::transaction& tx, const stay_id& stay) { keeper.keep(tx, stay); });
    auto site = tests::site();
    site.sites = sites_;
    house_.intake = std::make_unique<intake>(house_.with(), site, [] {});
    for (int rank = 0; rank < doctors; ++rank) {
        doctor one{"medecin" + std::to_string(rank) + "@medecin.example",
                   "99900" + padded(static_cast<std::size_t>(rank), 6), rank % 20 != 0};
        if (one.listed) house_.add_doctor(one.address, one.rpps);
        doctors_.push_back(std::move(one));
    }
    begin_ = house_.clock.now() + 24h;
    end_ = begin_ + std::chrono::days(options.days) + 40h;  // so that some are still pending
    truth_.resize(static_cast<std::size_t>(options.stays));
    classes_.resize(truth_.size(), "I");
    for (std::size_t number = 0; number < truth_.size(); ++number) plan_stay(number);
    for (instant when = house_.clock.now(); when < end_; when += 10min) at(when, [this] { pumped_ = false; });
    for (instant when = house_.clock.now(); when < end_; when += 1h)
        at(when, [this] { static_cast<void>(house_.outbound->expire().value()); });
}

std::int32_t hospital_group::first_day() const
{
    return local_day(begin_, place::metropolitan) - 3;
}

std::chrono::milliseconds hospital_group::about(std::chrono::milliseconds mean)
{
    const double share = (static_cast<double>(below(1'000'000)) + 1) / 1'000'001;
    return std::chrono::milliseconds(static_cast<std::int64_t>(-std::log(share) * static_cast<double>(mean.count())));
}

void hospital_group::at(instant when, std::function<void()> what)
{
    agenda_.emplace(when, std::move(what));
}

std::string hospital_group::family_of(std::size_t number) const
{
    std::string text = "QUENTRELIN";
    for (std::size_t left = number; left > 0; left /= 26) text += static_cast<char>('A' + left % 26);
    return text;
}

std::string hospital_group::local_text(instant when, place where) const
{
    const instant local = when + offset_at(when, where);
    return mime::format_utc(std::chrono::floor<std::chrono::seconds>(local));
}

void hospital_group::plan_stay(std::size_t number)
{
    truth_stay& stay = truth_[number];
    stay.visit = "3" + padded(number, 7);
    const int group = static_cast<int>(below(static_cast<unsigned>(options_.groups)));
    stay.group = "GH" + std::to_string(group);
    stay.where = group == options_.groups - 1 ? place::reunion : place::metropolitan;
    stay.service = "U" + std::to_string(group * 100 + static_cast<int>(below(services_per_group)));
    if (chance(2)) classes_[number] = "R", stay.exclusion = "SEANCE";
    const unsigned hour = chance(80) ? 9 + below(8) : below(24);
    const instant day =
        std::chrono::floor<std::chrono::days>(begin_) + std::chrono::days(below(static_cast<unsigned>(options_.days)));
    const instant left = day + std::chrono::hours(hour) + std::chrono::minutes(below(60));
    stay.discharge = left;
    if (chance(60))
        at(left - 30h - std::chrono::hours(below(60)), [=, this] { feed(number, "A01", "A", house_.clock.now()); });
    const instant known = left + (chance(3) ? std::chrono::milliseconds(20h) : about(10min));
    at(known, [=, this] { feed(number, "A03", "D1", left); });
    if (chance(2)) {
        at(known + 1h, [=, this] { feed(number, "A13", "D1", left, "CANCEL", "A03"); });
        stay.discharge.reset();
        if (chance(60)) {
            stay.discharge = left + 22h;
            at(left + 22h + 5min, [=, this] { feed(number, "A03", "D2", left + 22h); });
        }
    } else if (chance(3)) {
        stay.discharge = left - 3h;
        at(known + 5h, [=, this] { feed(number, "Z99", "D1", left - 3h, "UPDATE", "A03"); });
    }
    if (!stay.discharge || !chance(90)) return;
    plan_letter(number, chance(88) ? "11490-0" : chance(80) ? "34112-3" : "34874-8", left);
    if (chance(6)) plan_letter(number, "34112-3", left + 20h);
}

void hospital_group::plan_letter(std::size_t number, const std::string& type, instant discharge)
{
    truth_letter letter;
    letter.type = type;
    letter.signed_at = std::chrono::floor<std::chrono::seconds>(
        chance(6) ? discharge - 3h - std::chrono::hours(below(60)) : discharge + about(9h));
    letter.received_at = letter.signed_at + 1min + about(20min);
    if (letter.received_at <= house_.clock.now() || letter.received_at >= end_) return;
    truth_[number].letters.push_back(letter);
    const std::size_t place = truth_[number].letters.size() - 1;
    const int rank = static_cast<int>(below(doctors));
    at(letter.received_at, [=, this] { drop_letter(number, place, rank); });
}

void hospital_group::feed(std::size_t number, const std::string& event, const std::string& movement, instant when,
                          const std::string& action, const std::string& original)
{
    const truth_stay& stay = truth_[number];
    tests::discharge_order order;
    order.control_id = "F" + std::to_string(++messages_);
    order.visit = stay.visit;
    order.event = event;
    order.movement = movement + stay.visit;
    order.action = action;
    order.original = original;
    order.recorded = local_text(house_.clock.now(), stay.where);
    order.moved = local_text(when, stay.where);
    order.discharge = event == "A03" || event == "Z99" ? order.moved : "";
    order.admission = event == "A01" ? order.moved : "";
    order.treating_doctor.clear();
    order.patient_class = classes_[number];
    order.unit = stay.service;
    order.name = family_of(number) + "^YSOLINE";
    order.ins = "2850769" + padded(number, 8);
    house_.drop(order.control_id + ".hl7", tests::adt_file(order));
}

void hospital_group::drop_letter(std::size_t number, std::size_t letter, int doctor_rank)
{
    truth_stay& stay = truth_[number];
    truth_letter& truth = stay.letters[letter];
    const doctor& to = doctors_[static_cast<std::size_t>(doctor_rank)];
    tests::letter_order order;
    order.set = "2.999.7.3." + std::to_string(number) + "." + std::to_string(letter + 1);
    order.document = order.set + ".1";
    order.type = truth.type;
    order.visit = stay.visit;
    order.discharge = "";
    order.treating_doctor = order.rpps = to.rpps;
    order.address = to.listed ? to.address : "";
    order.control_id = "L" + std::to_string(++messages_);
    order.signed_at = local_text(truth.signed_at, place::metropolitan) +
                      (offset_at(truth.signed_at, place::metropolitan) == 2h ? "+0200" : "+0100");
    order.family = family_of(number);
    order.ins = "2850769" + padded(number, 8);
    house_.drop(order.control_id + ".xml", tests::cda_file(order));
    for (const letter_row& row :
         house_.ask([&](auto& r) { return r.letters_of_set(house_.vault.match_key("set", order.set)); }))
        for (const delivery_row& delivery : house_.ask([&](auto& r) { return r.deliveries_of_letter(row.id); }))
            mails_[delivery.id.text()] = {number, letter, doctor_rank, 0, false};
    truth.unreachable_at_first = !to.listed;
    pumped_ = false;
}

void hospital_group::run()
{
    while (!agenda_.empty() && agenda_.begin()->first < end_) {
        const auto next = agenda_.extract(agenda_.begin());
        house_.clock.set(next.key());
        next.mapped()();
        if (!std::exchange(pumped_, true)) pump();
    }
    house_.clock.set(end_);
}

void hospital_group::pump()
{
    for (const auto& lane : house_.outbound->lanes().value())
        for (const auto& one : house_.outbound->due(lane.domain, 1000).value()) attempt(one.id);
}

void hospital_group::note(const delivery_id& id, signal what)
{
    const sent& mail = mails_.at(id.text());
    truth_[mail.stay].letters[mail.letter].signals.push_back({house_.clock.now(), what});
}

void hospital_group::attempt(const delivery_id& id)
{
    sent& mail = mails_.at(id.text());
    ++mail.attempts;
    const unsigned luck = below(1000);
    const unsigned operator_luck = mail.rank % 7 == 3 ? 250 : 60;  // one operator in seven is in trouble
    if (luck < operator_luck) {
        house_.attempt(id, attempt_end::temporary, 451, cause::peer_down);
    } else if (luck < operator_luck + 20) {
        house_.attempt(id, attempt_end::permanent, 550, cause::no_mailbox);
        truth_letter& letter = truth_[mail.stay].letters[mail.letter];
        letter.failed_for_good = true;
        if (mail.attempts == 1) letter.unreachable_at_first = true;
        if (!mail.requeued && chance(50)) at(house_.clock.now() + 2h + about(3h), [=, this] { try_again(id); });
    } else if (luck < operator_luck + 50) {
        house_.attempt(id, attempt_end::uncertain, 0, cause::reply_lost);
        if (chance(60)) plan_reports(id);  // the operator has it all the same
    } else {
        house_.attempt(id, attempt_end::accepted);
        note(id, signal::accepted);
        plan_reports(id);
    }
}

void hospital_group::plan_reports(const delivery_id& id)
{
    const instant from = house_.clock.now();
    const auto later = [&](std::chrono::milliseconds mean, signal what) {
        const instant when = from + 1s + about(mean);
        at(when, [=, this] { report(id, what); });
        if (chance(6)) at(when + about(1h), [=, this] { report(id, what); });  // once more, as another mail
    };
    if (chance(3)) later(2h, signal::refusal);
    if (chance(60)) later(20s, signal::proof);
    if (chance(35)) later(8h, signal::read);
    if (chance(12)) later(1h, signal::filed);
    if (chance(3)) later(1h, signal::not_filed);
}

void hospital_group::report(const delivery_id& id, signal what)
{
    const auto row = house_.ask([&](auto& r) { return r.delivery(id); }).value();
    const sent mail = mails_.at(id.text());
    const std::string& to = doctors_[static_cast<std::size_t>(mail.rank)].address;
    const std::string number = "r" + std::to_string(++messages_) + "@medecin.example";
    std::string text;
    if (what == signal::proof || what == signal::refusal) {
        const bool good = what == signal::proof;
        text = multipart_report("delivery-status", "mailer-daemon@medecin.example", number, "message/delivery-status",
                                "Reporting-MTA: dns; mx.medecin.example\r\nOriginal-Envelope-Id: " + row.envid +
                                    "\r\n\r\nFinal-Recipient: rfc822;" + to + "\r\nAction: " +
                                    (good ? "delivered" : "failed") + "\r\nStatus: " + (good ? "2.0.0" : "5.2.2"));
    } else {
        const std::string end = what == signal::read    ? "displayed"
                                : what == signal::filed ? "processed"
                                                        : "processed/Error: 902^Patient inconnu^messageErrorCondition";
        text = multipart_report("disposition-notification", to, number, "message/disposition-notification",
                                "Final-Recipient: rfc822;" + to + "\r\nOriginal-Message-ID: <" + row.message_id +
                                    ">\r\nDisposition: automatic-action/MDN-sent-automatically; " + end);
    }
    if (returns_.store({}, text, {}) != ports::store_verdict::stored) throw std::runtime_error("report not taken");
    note(id, what);
    truth_letter& letter = truth_[mail.stay].letters[mail.letter];
    if (what != signal::refusal) letter.failed_for_good = false;
    const auto after = house_.ask([&](auto& r) { return r.delivery(id); }).value();
    if (what == signal::refusal && after.state == delivery_state::failed && !mail.requeued && chance(50))
        at(house_.clock.now() + 1h + about(2h), [=, this] { try_again(id); });
}

void hospital_group::try_again(const delivery_id& id)
{
    if (!house_.outbound->requeue(id).value()) return;  // it has arrived meanwhile
    sent& mail = mails_.at(id.text());
    mail.requeued = true;
    note(id, signal::begun_anew);
    truth_[mail.stay].letters[mail.letter].failed_for_good = false;
    pumped_ = false;
}
}
