// tests/support/returns_corpus.hpp: the corpus of mails that come back (tests/data/returns): base mails as files, and
// variants.txt, where each variant edits one named place of its base and says how it is then read. Mails come out with
// CRLF line ends. The grammar of variants.txt stands in tests/data/returns/README.md.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tests {
struct returned_case {
    std::string base;  // file without .eml
    std::string name;  // what is edited; "as it is" for the base itself
    std::string mail;
    std::string expected;
};

namespace corpus {
inline std::string file_text(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    if (!in || all.str().empty()) throw std::runtime_error("cannot read " + path);
    return all.str();
}

inline std::string with_escapes(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\' || at + 1 == text.size()) {
            out += text[at];
            continue;
        }
        ++at;
        if (text[at] == 'x') {
            out += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
            at += 2;
        } else {
            out += text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at];
        }
    }
    return out;
}

inline std::vector<std::string> arguments(std::string_view line)
{
    std::vector<std::string> all;
    while (!line.empty()) {
        const auto bar = line.find('|');
        all.push_back(with_escapes(line.substr(0, bar)));
        line.remove_prefix(bar == std::string_view::npos ? line.size() : bar + 1);
    }
    return all;
}

inline std::string with_crlf(std::string_view text)
{
    std::string out;
    for (const char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
    return out;
}

// One edit: "s|old|new|", "all|old|new|", "-|text|" (the line that holds it), "cut|text|" (everything from there),
// "times|text|n|" (the text so many times). An edit that finds nothing is a mistake in the table.
inline void edit(std::string& mail, std::string_view line)
{
    const auto args = arguments(line);
    const std::string& verb = args.at(0);
    auto at = mail.find(args.at(1));
    if (at == std::string::npos) throw std::runtime_error("nothing to edit: " + std::string(line));
    const std::string& old = args.at(1);
    if (verb == "s") {
        mail.replace(at, old.size(), args.at(2));
    } else if (verb == "all") {
        for (; at != std::string::npos; at = mail.find(old, at + args.at(2).size()))
            mail.replace(at, old.size(), args.at(2));
    } else if (verb == "-") {
        const auto start = mail.rfind('\n', at) + 1;
        mail.erase(start, mail.find('\n', at) + 1 - start);
    } else if (verb == "cut") {
        mail.erase(at);
    } else if (verb == "times") {
        std::string more;
        for (int n = std::stoi(args.at(2)); n > 0; --n) more += old;
        mail.replace(at, old.size(), more);
    } else {
        throw std::runtime_error("unknown edit: " + verb);
    }
}
}

[[nodiscard]] inline std::vector<returned_case> returned_cases(const std::string& folder)
{
    std::vector<returned_case> all;
    std::istringstream table(corpus::file_text(folder + "/variants.txt"));
    std::string base, text;
    returned_case next;
    bool lf_only = false;
    for (std::string line; std::getline(table, line);) {
        if (line.empty() || line.starts_with("; ")) continue;
        if (line.starts_with("## ")) {
            base = line.substr(3);
        } else if (line.starts_with("# ")) {
            next = {base, line.substr(2), {}, {}};
            text = corpus::file_text((std::filesystem::path(folder) / (base + ".eml")).string());
            lf_only = false;
        } else if (line.starts_with("= ")) {
            next.mail = lf_only ? text : corpus::with_crlf(text);
            next.expected = corpus::with_escapes(std::string_view(line).substr(2));
            all.push_back(next);
        } else if (line == "lf") {
            lf_only = true;
        } else {
            corpus::edit(text, line);
        }
    }
    return all;
}
}
