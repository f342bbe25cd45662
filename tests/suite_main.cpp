// The main function of every suite.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#if defined(__SANITIZE_ADDRESS__)
// The leak checker passes over fontconfig, which keeps the patterns it looked up until the process ends (1 KiB, however
// many charts are drawn).
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions()
{
    return "leak:libfontconfig.so";
}
#endif
