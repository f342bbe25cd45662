#include "relay/http/request.hpp"

#include <algorithm>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "mime/text/ascii.hpp"

namespace relay::http {
namespace {
namespace beast = boost::beast::http;
namespace urls = boost::urls;
constexpr std::string_view empty_line = "\r\n\r\n";

// "GET /x HTTP/1.1": read apart, so that what is wrong with it has its own answer.
struct request_line {
    std::string_view verb, target, version;
};
std::optional<request_line> split_line(std::string_view head)
{
    const auto line = head.substr(0, head.find("\r\n"));
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == 0 || last <= first + 1) return std::nullopt;
    const request_line found{line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
    if (found.target.find(' ') != std::string_view::npos || !found.version.starts_with("HTTP/")) return std::nullopt;
    return found;
}

// absolute-form (RFC 9112 §3.2.2): the host it names is the one that counts. Leaves the origin-form.
error_code strip_authority(std::string_view& target)
{
    constexpr std::string_view scheme = "http://";
    if (!mime::starts_with_text(target, scheme)) return {};
    target.remove_prefix(scheme.size());
    const auto authority = target.substr(0, target.find('/'));
    if (!is_loopback_host(authority)) return errc::host_refused;
    target.remove_prefix(authority.size());
    if (target.empty()) target = "/";
    return {};
}

error_code check_fields(const beast::request_header<>& fields)
{
    const auto [first, end] = fields.equal_range(beast::field::host);
    const auto hosts = std::distance(first, end);
    if (hosts != 1) return errc::host_missing;
    const auto host = first->value();
    if (!is_loopback_host({host.data(), host.size()})) return errc::host_refused;
    if (fields.count(beast::field::transfer_encoding) != 0) return errc::body_refused;
    if (fields.count(beast::field::content_length) != 0 && fields[beast::field::content_length] != "0")
        return errc::body_refused;
    return {};
}

error_code read_target(std::string_view target, request& into)
{
    const auto read = urls::parse_origin_form({target.data(), target.size()});
    if (read.has_error()) return errc::malformed;
    into.path = read->path();
    urls::encoding_opts form;
    form.space_as_plus = true;  // application/x-www-form-urlencoded: what a browser's form sends
    for (const auto one : read->params(form)) {
        if (one.key.find('\0') != std::string::npos || one.value.find('\0') != std::string::npos)
            return errc::malformed;
        into.parameters.emplace_back(one.key, one.value);
    }
    return into.path.find('\0') == std::string::npos ? error_code{} : errc::malformed;
}
}

std::string_view request::parameter(std::string_view name) const
{
    const auto found =
        std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) { return one.first == name; });
    return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

result<std::optional<std::size_t>> find_head(std::string_view octets, const request_limits& limits)
{
    const auto at = octets.substr(0, limits.head_octets).find(empty_line);
    if (at != std::string_view::npos) return std::optional(at + empty_line.size());
    if (octets.size() >= limits.head_octets) return errc::head_too_large;
    return std::optional<std::size_t>();
}

result<request> read_head(std::string_view head, const request_limits& limits)
{
    const auto line = split_line(head);
    if (!line) return errc::malformed;
    if (line->target.size() > limits.target_octets) return errc::target_too_long;
    if (line->version != "HTTP/1.1" && line->version != "HTTP/1.0") return errc::version_refused;
    beast::request_parser<beast::empty_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(limits.head_octets));
    parser.body_limit(boost::none);
    parser.skip(true);
    boost::system::error_code wrong;
    parser.put(boost::asio::buffer(head.data(), head.size()), wrong);
    if (wrong || !parser.is_header_done()) return errc::malformed;
    const auto& fields = parser.get();
    if (const error_code refused = check_fields(fields)) return refused;
    request made;
    if (line->verb == "HEAD")
        made.verb = method::head;
    else if (line->verb != "GET")
        return errc::method_refused;
    std::string_view target = line->target;
    if (const error_code refused = strip_authority(target)) return refused;
    if (const error_code refused = read_target(target, made)) return refused;
    const auto tag = fields[beast::field::if_none_match];
    made.known_tag.assign(tag.data(), tag.size());
    made.connection = fields.keep_alive() ? persistence::keep : persistence::close;
    return made;
}

bool is_loopback_host(std::string_view host)
{
    if (host.starts_with("[::1]")) {
        host.remove_prefix(5);
    } else {
        const auto colon = host.find(':');
        const auto name = host.substr(0, colon);
        const bool four = name.starts_with("127.") && name.size() <= 15 &&
                          name.find_first_not_of("0123456789.") == std::string_view::npos &&
                          std::count(name.begin(), name.end(), '.') == 3 && name.back() != '.';
        if (!four && !mime::same_text(name, "localhost")) return false;
        host = colon == std::string_view::npos ? std::string_view() : host.substr(colon);
    }
    return host.empty() || (host.size() > 1 && host.size() <= 6 && host.front() == ':' &&
                            host.find_first_not_of("0123456789", 1) == std::string_view::npos);
}
}
