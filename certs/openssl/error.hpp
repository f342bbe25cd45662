// certs/openssl/error.hpp: OpenSSL's per-thread error queue becomes our error at once, and is left empty (style.md §7).
// A queue that is not empty makes the next TLS read on this thread fail for no reason of its own.
// Errors: take_error throws std::bad_alloc if the queue says that memory is out.
#pragma once

#include <boost/system/error_code.hpp>

namespace certs::openssl {
// Empties the queue. The caller knows what its call was for, so it names the meaning: OpenSSL's reasons change between
// versions and may quote what was being read.
[[nodiscard]] boost::system::error_code take_error(boost::system::error_code meaning);

// Leaves the queue empty on both ways out of a scope, also after a call that succeeded with something in the queue.
class quiet_queue {
public:
    quiet_queue() noexcept;
    ~quiet_queue();
    quiet_queue(const quiet_queue&) = delete;
    quiet_queue& operator=(const quiet_queue&) = delete;
};
}
