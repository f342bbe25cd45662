// libFuzzer's entry points. Beside its own options:
//   --write-seeds DIR   writes the seeds, one file each, says how many of them reach the success path, and ends;
//                       exit 1 if one of them does not
// At the end of a run, one line: successes N.
#include "tests/fuzz/harness.hpp"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace {
std::uint64_t successes = 0;

[[noreturn]] void write_seeds(const std::string& folder)
{
    std::size_t number = 0, good = 0;
    for (const std::string& seed : fuzz::seeds()) {
        std::ofstream(folder + "/seed-" + std::to_string(number++), std::ios::binary) << seed;
        good += fuzz::reads(seed) ? 1 : 0;
    }
    std::printf("seeds %zu good %zu\n", number, good);
    std::exit(number > 0 && good == number ? 0 : 1);
}
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv)
{
    for (int i = 1; i + 1 < *argc; ++i)
        if (std::strcmp((*argv)[i], "--write-seeds") == 0) write_seeds((*argv)[i + 1]);
    std::atexit([] { std::fprintf(stderr, "successes %llu\n", static_cast<unsigned long long>(successes)); });
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size)
{
    successes += fuzz::reads({reinterpret_cast<const char*>(octets), size}) ? 1 : 0;
    return 0;
}
