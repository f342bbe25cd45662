// relay/config/table_reader.hpp: reads one TOML table key by key, collecting mistakes with file and line, and at the
// end reports the keys nobody asked for. Internal to relay/config.
#pragma once

#include <functional>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "relay/config/settings.hpp"

namespace relay::config {
enum class need { required, optional };

class table_reader {
public:
    // `table` may be null: then every required key is reported as missing.
    table_reader(const toml::table* table, std::string name, const path& file, std::vector<mistake>& mistakes);
    ~table_reader();  // reports unknown keys
    table_reader(const table_reader&) = delete;
    table_reader& operator=(const table_reader&) = delete;

    void text(std::string_view key, std::string& into, need how = need::required);
    void flag(std::string_view key, bool& into);
    void file(std::string_view key, path& into, need how = need::required);
    void seconds(std::string_view key, std::chrono::seconds& into);
    void milliseconds(std::string_view key, std::chrono::milliseconds& into);
    void octets(std::string_view key, std::uint64_t& into);
    void count(std::string_view key, std::uint32_t& into);
    void texts(std::string_view key, std::vector<std::string>& into);
    void pairs(std::string_view key, std::vector<std::pair<std::string, std::string>>& into);  // { a = "b" }
    void address(std::string_view key, endpoint& into);
    void address(std::string_view key, std::optional<endpoint>& into);
    // The value that the text of `key` stands for; `otherwise` if it is absent or none of them.
    template <class Value>
    [[nodiscard]] Value choice(std::string_view key, Value otherwise,
                               std::initializer_list<std::pair<std::string_view, Value>> known);
    void mistaken(std::string_view key, std::string what);
    void mark(std::string_view key) { asked_.emplace(key); }  // known, though read elsewhere

private:
    const toml::node* find(std::string_view key, need how);
    std::optional<std::int64_t> number(std::string_view key, std::int64_t most);

    const toml::table* table_;
    std::string name_;
    const path& file_;
    std::vector<mistake>& mistakes_;
    std::set<std::string, std::less<>> asked_;
};

template <class Value>
Value table_reader::choice(std::string_view key, Value otherwise,
                           std::initializer_list<std::pair<std::string_view, Value>> known)
{
    const toml::node* node = find(key, need::optional);
    if (node == nullptr) return otherwise;
    std::string names;
    for (const auto& [name, value] : known) {
        if (node->value_exact<std::string>() == name) return value;
        names += (names.empty() ? "" : ", ") + std::string(name);
    }
    mistaken(key, "une valeur parmi " + names + " est attendue");
    return otherwise;
}

// "host:port", "[::1]:port"; nullopt if it is not of that form.
[[nodiscard]] std::optional<endpoint> read_endpoint(std::string_view text);
[[nodiscard]] bool is_address(const std::string& host);   // numeric, IPv4 or IPv6
[[nodiscard]] bool is_loopback(const std::string& host);  // numeric, of this machine
}
