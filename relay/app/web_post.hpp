// relay/app/web_post.hpp: one HTTP POST of JSON to an address of the settings (RFC 9110), by libcurl: TLS verified, no
// redirection followed, no proxy of the environment, nothing of the answer kept but its status. Blocking; one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>

namespace relay::app {
struct web_address {
    std::string url;
    std::filesystem::path anchors;     // PEM; empty: those of the system
    std::chrono::seconds timeout{10};  // all in
};
struct web_answer {
    int status = 0;     // of HTTP; 0: there was no answer
    std::string error;  // of libcurl, its own words; empty with an answer
};
[[nodiscard]] web_answer post_json(const web_address& to, const std::string& body, const std::atomic<bool>& leaving);
}
