// relay/io/hosts_file.hpp: addresses by name from a file such as /etc/hosts: an address, then its names, '#' begins a
// comment (hosts(5)). Read when first asked, and again when the file changed; what cannot be read has no names. Limits:
// the first max_octets are read. Blocking: worker threads only, one at a time.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace relay::io {
class hosts_file {
public:
    explicit hosts_file(std::filesystem::path file = "/etc/hosts") : file_(std::move(file)) {}
    // In the order of the file; `name` in any case.
    [[nodiscard]] std::vector<boost::asio::ip::address> find(std::string_view name);

    static constexpr std::size_t max_octets = 4U << 20U;

private:
    void load();

    std::filesystem::path file_;
    std::filesystem::file_time_type read_at_ = std::filesystem::file_time_type::min();
    std::map<std::string, std::vector<boost::asio::ip::address>, std::less<>> names_;  // lower case
};
}
