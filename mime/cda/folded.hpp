// mime/cda/folded.hpp: comparing names and looking for words in French text whatever the case, the accents and the
// punctuation. For the source files of mime/cda only. Pure, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mime::cda::detail {
// Lower-case ASCII words with one blank between them: "Élodie-Anne  D'ARC" gives "elodie anne d arc".
[[nodiscard]] std::string folded(std::string_view utf8);

[[nodiscard]] bool same_name(std::string_view a, std::string_view b);
// One is the other, or its first words: "ELODIE" and "Élodie Anne".
[[nodiscard]] bool starts_alike(std::string_view a, std::string_view b);

// One sentence of `text` (up to '.', ';', '!' or a line end) holds a word that begins like one of `one`, another like
// one of `other` unless that list is empty, and none like `none_of`. `text` is UTF-8 as written, the lists are folded.
[[nodiscard]] bool has_sentence_with(std::string_view text, std::span<const std::string_view> one,
                                     std::span<const std::string_view> other = {},
                                     std::span<const std::string_view> none_of = {});
}
