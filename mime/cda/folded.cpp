#include "mime/cda/folded.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"
#include "mime/text/charset.hpp"

namespace mime::cda::detail {
namespace {
bool has_word_like(std::string_view sentence, std::span<const std::string_view> beginnings)
{
    return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view word) {
        for (std::size_t at = sentence.find(word); at != std::string_view::npos; at = sentence.find(word, at + 1)) {
            if (at == 0 || sentence[at - 1] == ' ') return true;
        }
        return false;
    });
}
}

std::string folded(std::string_view utf8)
{
    std::string out;
    for (const char c : ascii_fold(utf8)) {
        if (is_alnum(c)) {
            out += to_lower(c);
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

bool same_name(std::string_view a, std::string_view b)
{
    return folded(a) == folded(b);
}

bool starts_alike(std::string_view a, std::string_view b)
{
    std::string shorter = folded(a);
    std::string longer = folded(b);
    if (shorter.size() > longer.size()) std::swap(shorter, longer);
    return longer.starts_with(shorter) && (longer.size() == shorter.size() || longer[shorter.size()] == ' ');
}

bool has_sentence_with(std::string_view text, std::span<const std::string_view> one,
                       std::span<const std::string_view> other, std::span<const std::string_view> none_of)
{
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(".;!\n");
        const std::string sentence = folded(text.substr(0, end)) + ' ';  // every word has its end
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (has_word_like(sentence, one) && (other.empty() || has_word_like(sentence, other)) &&
            !has_word_like(sentence, none_of)) {
            return true;
        }
    }
    return false;
}
}
