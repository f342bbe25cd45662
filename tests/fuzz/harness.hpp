// tests/fuzz/harness.hpp: what each fuzz target says of itself; harness.cpp joins it to libFuzzer. A target fails by
// crashing, by a sanitizer's finding, or by fuzz::promise().
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {
// Inputs that reach the success path, made by the project's own writers.
[[nodiscard]] std::vector<std::string> seeds();

// Reads one input to the end of what the room offers. True when the success path was reached.
bool reads(std::string_view input);

// What must hold whatever the input.
inline void promise(bool held)
{
    if (!held) std::abort();
}
}
