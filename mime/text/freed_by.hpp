// mime/text/freed_by.hpp: the deleter of std::unique_ptr for what a C library gives out: the function that frees it.
// Pure. Not for certs, which uses no room of mime and has its own.
#pragma once

namespace mime {
template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* handle) const noexcept
    {
        Free(handle);
    }
};
}
