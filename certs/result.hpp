// certs/result.hpp: the value-or-error type of the rooms of certs/ (boost::system::result).
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace certs {
template <class T>
using result = boost::system::result<T>;
}
