// relay/app/node_paths.hpp: where a node keeps its own files, under settings.node.data (0700).
#pragma once

#include "relay/config/settings.hpp"

namespace relay::app {
struct node_paths {
    explicit node_paths(const config::path& data)
        : store(data / "liaison.db"),
          lock(data / "liaison.lock"),
          directory(data / "directory.db"),
          certificates(data / "certificates.db"),
          control(data / "control.sock"),
          run(data / "run"),
          endpoints(run / "endpoints.json"),
          identity(data / "node-id")
    {
    }
    config::path store, lock, directory, certificates, control, run;
    config::path endpoints;  // {pid, smtp, returns, imap, imaps}: what is listening now; there while the node is ready
    config::path identity;   // random id of this node: names its claims in a shared spool
};
}
