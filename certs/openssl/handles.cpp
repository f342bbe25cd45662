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

std::optional<std::chrono::sys_seconds> instant(const ASN1_TIME* time)
{
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    using namespace std::chrono;
    const year_month_day day(year(parts.tm_year + 1900), month(static_cast<unsigned>(parts.tm_mon + 1)),
                             std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
    if (!day.ok()) return std::nullopt;
    return sys_days(day) + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
}
}
