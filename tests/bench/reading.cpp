// bench_reading: how fast an HL7 message is read, from its octets to a plan: segments, fields, base64, the XML of the
// document, its header, the checks that block; for a document of 1 MB, and of the sizes that end the other names.
// Prints one line for each figure: name, value, unit, separated by tabs. MB are those of the message, the stages' too.
// Copies: octets allocated on the way, by anybody, over those of the document. CPU time of this one thread, so that
// other programs on the machine count little; the median of many runs.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include <time.h>

#include "mime/cda/checks.hpp"
#include "mime/cda/document.hpp"
#include "mime/hl7/document_message.hpp"
#include "relay/pipeline/letter_plan.hpp"
#include "tests/support/site.hpp"
#include "tests/support/submissions.hpp"

namespace {
std::atomic<std::uint64_t> octets_allocated = 0;
}

// glibc's own entry points, so that what C libraries and pugixml take is counted too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);

void* malloc(std::size_t size)
{
    octets_allocated += size;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size)
{
    octets_allocated += count * size;
    return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size)
{
    octets_allocated += size;
    return __libc_realloc(old, size);
}
}

namespace {
double cpu_seconds()
{
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// A PDF of random octets: nothing in it is a shortcut for a reader.
std::string pdf_of(std::size_t octets)
{
    std::mt19937_64 random(octets);
    std::string made = "%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\n";
    while (made.size() < octets) {
        const std::uint64_t eight = random();
        made.append(reinterpret_cast<const char*>(&eight), sizeof eight);
    }
    return made + "\ntrailer <</Root 1 0 R>>\n%%EOF\n";
}

template <class Work>
double median_seconds(Work work)
{
    work();  // warm
    std::vector<double> all;
    for (double spent = 0; all.size() < 5 || (spent < 1.0 && all.size() < 2000);) {
        const double before = cpu_seconds();
        work();
        all.push_back(cpu_seconds() - before);
        spent += all.back();
    }
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    return all[all.size() / 2];
}

void print(const std::string& name, const std::string& size, double value, const char* unit)
{
    std::printf("%s%s\t%.3f\t%s\n", name.c_str(), size.c_str(), value, unit);
    std::fflush(stdout);
}

[[noreturn]] void give_up(const char* stage)
{
    std::fprintf(stderr, "bench_reading: %s: refused\n", stage);
    std::exit(1);
}

// A document of `document_octets`, and the message around it, a third larger.
void measure(const std::string& size, std::size_t document_octets)
{
    namespace cda = mime::cda;
    namespace hl7 = mime::hl7;
    const std::size_t header_octets = tests::cda_file({.content = {}}).size();
    const std::size_t pdf_octets = document_octets > header_octets ? (document_octets - header_octets) / 4 * 3 : 0;
    const relay::pipeline::submission from = tests::dropped("a.hl7", tests::mdm_file({.content = pdf_of(pdf_octets)}));
    const auto site = tests::site();
    const auto routes = tests::routes();
    const auto now = tests::local("20261120150000+0100");
    const double megaoctets = static_cast<double>(from.bytes.size()) / 1e6;
    const auto say = [&](const std::string& stage, double seconds) {
        print("hl7_reading_" + stage, size, seconds * 1e6 / megaoctets, "µs/MB");
    };

    const auto message = hl7::borrow_message(from.bytes, site.hl7.ending);
    if (!message.has_value()) give_up("message");
    const auto letter = hl7::read_document_message(*message, site.hl7);
    if (!letter.has_value()) give_up("fields");
    const std::string& document = letter->documents.front().bytes;
    const auto read = cda::read_document(document);
    if (!read.has_value()) give_up("document");
    const auto content = cda::extract_body(*read);

    say("segments", median_seconds([&] { return hl7::borrow_message(from.bytes, site.hl7.ending).has_value(); }));
    say("fields_and_base64",
        median_seconds([&] { return hl7::read_document_message(*message, site.hl7).has_value(); }));
    say("xml_scan", median_seconds([&] { return cda::scan_xml(document).has_value(); }));
    say("xml_scan_and_header", median_seconds([&] { return cda::read_document(document).has_value(); }));
    say("pdf", median_seconds([&] { return cda::extract_body(*read).has_value(); }));
    say("checks", median_seconds([&] {
            return cda::check_document(*read, content, {site.zone, site.environment}).size();
        }));

    const auto whole = [&] {
        const auto plan = relay::pipeline::plan_submission(from, site, routes, now);
        if (!std::holds_alternative<relay::pipeline::letter_plan>(plan.what)) give_up("plan");
    };
    print("hl7_reading_mb_per_s", size, megaoctets / median_seconds(whole), "MB/s");
    const std::uint64_t before = octets_allocated;
    whole();
    print("hl7_reading_copies", size,
          static_cast<double>(octets_allocated - before) / static_cast<double>(document.size()), "x");
}
}

int main()
{
    measure("", 1'000'000);
    measure("_20k", 20'000);
    measure("_200k", 200'000);
    measure("_10m", 10'000'000);
    return 0;
}
