#include "relay/config/table_reader.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>

namespace relay::config {
std::optional<endpoint> read_endpoint(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.front() == '[') {
        if (host.size() < 3 || host.back() != ']') return std::nullopt;
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view digits = text.substr(colon + 1);
    endpoint result{std::string(host), 0};
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
    if (ec != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
    return result;
}

bool is_address(const std::string& host)
{
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

bool is_loopback(const std::string& host)
{
    return is_address(host) && (host.starts_with("127.") || host == "::1");
}

table_reader::table_reader(const toml::table* table, std::string name, const path& file, std::vector<mistake>& mistakes)
    : table_(table), name_(std::move(name)), file_(file), mistakes_(mistakes)
{
}

table_reader::~table_reader()
{
    if (table_ == nullptr) return;
    for (const auto& [key, node] : *table_)
        if (!asked_.contains(key.str())) mistaken(key.str(), "clé inconnue : la retirer ou corriger son nom");
}

void table_reader::mistaken(std::string_view key, std::string what)
{
    std::string where = file_.filename().string();
    const toml::node* node = table_ != nullptr ? table_->get(key) : nullptr;
    if (node != nullptr) where += ":" + std::to_string(node->source().begin.line);
    where += " [" + name_ + "] " + std::string(key);
    mistakes_.push_back({std::move(where), std::move(what)});
}

const toml::node* table_reader::find(std::string_view key, need how)
{
    asked_.emplace(key);
    const toml::node* node = table_ != nullptr ? table_->get(key) : nullptr;
    if (node == nullptr && how == need::required) mistaken(key, "valeur manquante");
    return node;
}

void table_reader::text(std::string_view key, std::string& into, need how)
{
    const toml::node* node = find(key, how);
    if (node == nullptr) return;
    if (const auto value = node->value_exact<std::string>(); value && !(value->empty() && how == need::required))
        into = *value;
    else
        mistaken(key, "un texte entre guillemets est attendu");
}

void table_reader::flag(std::string_view key, bool& into)
{
    const toml::node* node = find(key, need::optional);
    if (node == nullptr) return;
    if (const auto value = node->value_exact<bool>())
        into = *value;
    else
        mistaken(key, "true ou false est attendu");
}

void table_reader::file(std::string_view key, path& into, need how)
{
    std::string text_value;
    text(key, text_value, how);
    if (text_value.empty()) return;
    const path given(text_value);
    into = given.is_absolute() ? given : (file_.parent_path() / given).lexically_normal();
}

std::optional<std::int64_t> table_reader::number(std::string_view key, std::int64_t most)
{
    const toml::node* node = find(key, need::optional);
    if (node == nullptr) return std::nullopt;
    const auto value = node->value_exact<std::int64_t>();
    if (value && *value >= 1 && *value <= most) return value;
    mistaken(key, "un nombre entier entre 1 et " + std::to_string(most) + " est attendu");
    return std::nullopt;
}

void table_reader::seconds(std::string_view key, std::chrono::seconds& into)
{
    if (const auto value = number(key, 7 * 24 * 3600)) into = std::chrono::seconds(*value);
}

void table_reader::milliseconds(std::string_view key, std::chrono::milliseconds& into)
{
    if (const auto value = number(key, 3'600'000)) into = std::chrono::milliseconds(*value);
}

void table_reader::octets(std::string_view key, std::uint64_t& into)
{
    if (const auto value = number(key, std::int64_t{1} << 40)) into = static_cast<std::uint64_t>(*value);
}

void table_reader::count(std::string_view key, std::uint32_t& into)
{
    if (const auto value = number(key, 100'000)) into = static_cast<std::uint32_t>(*value);
}

void table_reader::texts(std::string_view key, std::vector<std::string>& into)
{
    const toml::node* node = find(key, need::optional);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    bool good = array != nullptr;
    if (good)
        for (const toml::node& item : *array) {
            const auto value = item.value_exact<std::string>();
            if (!value)
                good = false;
            else
                into.push_back(*value);
        }
    if (!good) mistaken(key, "une liste de textes est attendue");
}

void table_reader::pairs(std::string_view key, std::vector<std::pair<std::string, std::string>>& into)
{
    const toml::node* node = find(key, need::optional);
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    bool good = table != nullptr;
    if (good)
        for (const auto& [name, item] : *table) {
            const auto value = item.value_exact<std::string>();
            if (!value)
                good = false;
            else
                into.emplace_back(std::string(name.str()), *value);
        }
    if (!good) mistaken(key, "une table de textes est attendue : { ancien = \"nouveau\" }");
}

void table_reader::address(std::string_view key, endpoint& into)
{
    std::string value;
    text(key, value, need::required);
    if (value.empty()) return;
    if (const auto read = read_endpoint(value))
        into = *read;
    else
        mistaken(key, "hôte:port est attendu");
}

void table_reader::address(std::string_view key, std::optional<endpoint>& into)
{
    std::string value;
    text(key, value, need::optional);
    if (value.empty()) return;
    into = read_endpoint(value);
    if (!into) mistaken(key, "hôte:port est attendu");
}
}
