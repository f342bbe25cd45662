// tests/simulation/hospital_group.hpp: an institution of several groups, its services, discharge hours, writing delays,
// doctors, and operators that refuse, delay, lose the reply after the dot, and send reports late, twice, in disorder or
// of odd kinds. Seeded: the same options give the same month. It drives the product's own intake, queue and returns
// over a real store with a clock moved by hand, and writes down what it did (truth.hpp).
#pragma once

#include <functional>
#include <map>
#include <random>

#include "relay/track/returns.hpp"
#include "tests/simulation/truth.hpp"
#include "tests/support/relay_house.hpp"

namespace simulation {
struct month_options {
    unsigned seed = 1;
    int stays = 300;
    int days = 4;
    int groups = 12;  // the last one overseas
};

class hospital_group {
public:
    explicit hospital_group(const month_options& options);
    void run();
    [[nodiscard]] const std::vector<truth_stay>& truth() const { return truth_; }
    [[nodiscard]] instant now() const { return house_.clock.now(); }
    [[nodiscard]] tests::house& house() { return house_; }
    [[nodiscard]] const relay::pipeline::organisation& sites() const { return sites_; }
    [[nodiscard]] std::int32_t first_day() const;

private:
    struct doctor {
        std::string address, rpps;
        bool listed = true;
    };
    struct sent {
        std::size_t stay = 0, letter = 0;
        int rank = 0;  // of the doctor
        int attempts = 0;
        bool requeued = false;
    };

    [[nodiscard]] unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
    [[nodiscard]] std::chrono::milliseconds about(std::chrono::milliseconds mean);
    void at(instant when, std::function<void()> what);
    void plan_stay(std::size_t number);
    void plan_letter(std::size_t number, const std::string& type, instant discharge);
    void feed(std::size_t number, const std::string& event, const std::string& movement, instant when,
              const std::string& action = "INSERT", const std::string& original = "");
    void drop_letter(std::size_t number, std::size_t letter, int doctor_rank);
    void pump();
    void attempt(const relay::pipeline::delivery_id& id);
    void plan_reports(const relay::pipeline::delivery_id& id);
    void report(const relay::pipeline::delivery_id& id, signal what);
    void try_again(const relay::pipeline::delivery_id& id);
    void note(const relay::pipeline::delivery_id& id, signal what);
    [[nodiscard]] std::string local_text(instant when, place where) const;
    [[nodiscard]] std::string family_of(std::size_t number) const;

    month_options options_;
    std::minstd_rand random_;
    relay::pipeline::organisation sites_;
    tests::house house_;
    relay::track::returns returns_;
    std::vector<doctor> doctors_;
    std::vector<truth_stay> truth_;
    std::vector<std::string> classes_;
    std::multimap<instant, std::function<void()>> agenda_;
    std::map<std::string, sent> mails_;  // by delivery
    instant begin_{}, end_{};
    int messages_ = 0;
    bool pumped_ = true;
};
}
