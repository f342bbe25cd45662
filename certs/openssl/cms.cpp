#include "certs/openssl/cms.hpp"

#include <openssl/buffer.h>

#include <limits>

namespace certs::openssl {
cms_ptr read_cms(std::string_view octets)
{
    if (octets.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
    const auto* at = reinterpret_cast<const unsigned char*>(octets.data());
    const unsigned char* const end = at + octets.size();
    cms_ptr cms(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(octets.size())));
    return at == end ? std::move(cms) : nullptr;
}

bool has_content(CMS_ContentInfo& cms)
{
    ASN1_OCTET_STRING** inside = CMS_get0_content(&cms);  // borrowed
    return inside != nullptr && *inside != nullptr;
}

std::optional<written_cms> write_cms(CMS_ContentInfo& cms)
{
    unsigned char* raw = nullptr;
    const int size = i2d_CMS_ContentInfo(&cms, &raw);
    octets_ptr der(raw);
    if (size <= 0) return std::nullopt;
    return written_cms{std::move(der), static_cast<std::size_t>(size)};
}

namespace {
BIO* new_sink(std::size_t content_octets, content_place place)
{
    if (place == content_place::detached) return BIO_new(BIO_s_null());
    BIO* sink = BIO_new(BIO_s_mem());
    BUF_MEM* room = nullptr;  // borrowed
    constexpr std::size_t block_octets = 32;
    if (sink == nullptr || BIO_get_mem_ptr(sink, &room) != 1 ||
        BUF_MEM_grow(room, content_octets + block_octets) == 0) {
        BIO_free(sink);
        return nullptr;
    }
    room->length = 0;
    return sink;
}
}

bool finish_cms(CMS_ContentInfo& cms, std::string_view content, content_place place)
{
    if (content.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
    bio_ptr sink(new_sink(content.size(), place));
    if (!sink) return false;
    const bio_ptr chain(CMS_dataInit(&cms, sink.get()));
    if (!chain) return false;
    (void)sink.release();  // the end of the chain now
    const int size = static_cast<int>(content.size());
    return (size == 0 || BIO_write(chain.get(), content.data(), size) == size) && BIO_flush(chain.get()) == 1 &&
           CMS_dataFinal(&cms, chain.get()) == 1;
}
}
