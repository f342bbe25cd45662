// relay/base/result.hpp: the value-or-error type of every room of relay/ (boost::system::result).
// Used for whatever a peer, a file or a person can cause; exceptions are for start-up, bugs and exhausted memory.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace relay {
template <class T>
using result = boost::system::result<T>;
using boost::system::error_code;
}
