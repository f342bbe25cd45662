#include "certs/openssl/error.hpp"

#include <openssl/err.h>

#include <new>

namespace certs::openssl {
boost::system::error_code take_error(boost::system::error_code meaning)
{
    bool memory_is_out = false;
    while (const unsigned long error = ERR_get_error()) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) memory_is_out = true;
    }
    if (memory_is_out) throw std::bad_alloc();
    return meaning;
}

quiet_queue::quiet_queue() noexcept
{
    ERR_clear_error();
}
quiet_queue::~quiet_queue()
{
    ERR_clear_error();
}
}
