// mime/text/result.hpp: the value-or-error type of every room of mime/ (boost::system::result).
// Rooms whose errors carry more than a code (HL7 locations, JSON fields) use result<T, E> with their own E.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace mime {
template <class T, class E = boost::system::error_code>
using result = boost::system::result<T, E>;
}
