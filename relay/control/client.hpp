// relay/control/client.hpp: sends one command to the running node. Blocking.
#pragma once

#include <filesystem>

#include "relay/base/result.hpp"
#include "relay/control/protocol.hpp"

namespace relay::control {
// Error: connection_refused or no_such_file_or_directory when no node runs; protocol_error when the reply is not one.
[[nodiscard]] result<reply> send(const std::filesystem::path& socket, const request& what);
}
