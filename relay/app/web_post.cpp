#include "relay/app/web_post.hpp"

#include <memory>
#include <mutex>

#include <curl/curl.h>

namespace relay::app {
namespace {
struct free_handle {
    void operator()(CURL* one) const noexcept { curl_easy_cleanup(one); }
};
struct free_list {
    void operator()(curl_slist* one) const noexcept { curl_slist_free_all(one); }
};

std::size_t ignore(const char* /*octets*/, std::size_t size, std::size_t count, void* /*into*/)
{
    return size * count;
}

int stop_when_leaving(void* flag, curl_off_t /*in_all*/, curl_off_t /*in*/, curl_off_t /*out_all*/, curl_off_t /*out*/)
{
    return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0;
}
}

web_answer post_json(const web_address& to, const std::string& body, const std::atomic<bool>& leaving)
{
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    const std::unique_ptr<CURL, free_handle> handle(curl_easy_init());
    const std::unique_ptr<curl_slist, free_list> fields(curl_slist_append(nullptr, "Content-Type: application/json"));
    if (!handle || !fields) return {0, "memory"};
    CURL* const curl = handle.get();
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(to.timeout).count();
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
    set(CURLOPT_URL, to.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTPHEADER, fields.get());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(CURLOPT_POSTFIELDS, body.c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_USERAGENT, "Liaison");
    set(CURLOPT_WRITEFUNCTION, ignore);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, stop_when_leaving);
    set(CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&leaving));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!to.anchors.empty()) {  // these alone: the library was built with a folder of the system's
        set(CURLOPT_CAINFO, to.anchors.c_str());
        set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
    const CURLcode done = curl_easy_perform(curl);
    if (done != CURLE_OK) return {0, curl_easy_strerror(done)};
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return {static_cast<int>(status), {}};
}
}
