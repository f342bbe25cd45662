#include "relay/io/hosts_file.hpp"

#include <fstream>
#include <sstream>

namespace relay::io {
namespace {
std::string lower_name(std::string_view name)
{
    std::string out(name);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}
}

std::vector<boost::asio::ip::address> hosts_file::find(std::string_view name)
{
    std::error_code unread;
    const auto written = std::filesystem::last_write_time(file_, unread);
    if (unread) return {};
    if (written != read_at_) {
        load();
        read_at_ = written;
    }
    const auto found = names_.find(lower_name(name));
    return found == names_.end() ? std::vector<boost::asio::ip::address>() : found->second;
}

void hosts_file::load()
{
    names_.clear();
    std::string text(max_octets, '\0');
    std::ifstream in(file_, std::ios::binary);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string word;
        words >> word;
        boost::system::error_code not_numeric;
        const auto address = boost::asio::ip::make_address(word, not_numeric);
        if (not_numeric) continue;
        while (words >> word) names_[lower_name(word)].push_back(address);
    }
}
}
