#include "certs/openssl/handles.hpp"

#include <limits>
#include <new>

namespace certs::openssl {
bio_ptr reading(std::string_view bytes)
{
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
    return bio_ptr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

bio_ptr writing()
{
    return bio_ptr(BIO_new(BIO_s_mem()));
}

std::string_view written(BIO& sink)
{
    char* data = nullptr;  // borrowed
    const long size = BIO_get_mem_data(&sink, &data);
    if (data == nullptr || size <= 0) return {};
    return {data, static_cast<std::size_t>(size)};
}

certificate_list_ptr certificate_list()
{
    certificate_list_ptr list(sk_X509_new_null());
    if (!list) throw std::bad_alloc();
    return list;
}

void add_borrowed(STACK_OF(X509) & list, const X509* certificate)
{
    // The stack takes no reference; OpenSSL's signature lacks the const.
    if (sk_X509_push(&list, const_cast<X509*>(certificate)) <= 0) throw std::bad_alloc();
}
}
