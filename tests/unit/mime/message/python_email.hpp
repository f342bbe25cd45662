// Asks Python's email package what a mail says: an outside opinion on what we compose. Runs python3 on a temporary
// folder of its own; a missing python3 fails the test.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tests {
class scratch_folder {
public:
    scratch_folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "liaison-mail-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// `script` sees the parsed mail as `m` (policy.default) and the raw bytes as `raw`; returns what it prints.
inline std::string ask_python(std::string_view mail, std::string_view script)
{
    const scratch_folder folder;
    const auto mail_file = folder.path() / "mail";
    const auto script_file = folder.path() / "ask.py";
    std::ofstream(mail_file, std::ios::binary) << mail;
    std::ofstream(script_file) << "import email, email.policy, sys, hashlib\nsys.stdout.reconfigure(encoding='utf-8')\n"
                               << "raw = open(sys.argv[1], 'rb').read()\n"
                               << "m = email.message_from_bytes(raw, policy=email.policy.default)\n"
                               << script << '\n';
    const std::string command = "python3 '" + script_file.string() + "' '" + mail_file.string() + "' 2>&1";
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, got);
    if (pclose(pipe) != 0) return "python3 failed: " + out;
    return out;
}
}
