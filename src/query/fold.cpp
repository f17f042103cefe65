#include "query/fold.h"

#include <algorithm>

namespace pgsluice::query {

namespace {

/// U+00C0 to U+017F, one letter each; '?' means none.
constexpr std::string_view kLatin1 =
    "aaaaaa?ceeeeiiiidnooooo?ouuuuy??aaaaaa?ceeeeiiiidnooooo?ouuuuy?y";
constexpr std::string_view kLatinA =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii??jjkkkllllllllllnnnnnnnnnoooo"
    "oo??rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

void AppendFolded(std::string& out, char32_t c, std::string_view bytes) {
  if (c < 0x80) {
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : static_cast<char>(c);
  } else if (bytes.size() == 1) {
    out += bytes;  // Not UTF-8.
  } else if (c >= 0xC0 && c < 0x100 && kLatin1[c - 0xC0] != '?') {
    out += kLatin1[c - 0xC0];
  } else if (c >= 0x100 && c < 0x100 + kLatinA.size() && kLatinA[c - 0x100] != '?') {
    out += kLatinA[c - 0x100];
  } else if (c == 0xC6 || c == 0xE6) {
    out += "ae";
  } else if (c == 0xDE || c == 0xFE) {
    out += "th";
  } else if (c == 0xDF) {
    out += "ss";
  } else if (c == 0x152 || c == 0x153) {
    out += "oe";
  } else if ((c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) {
    out += ToUtf8({c + 0x20});
  } else if (c >= 0x400 && c <= 0x40F) {
    out += ToUtf8({c + 0x50});
  } else if (c < 0x300 || c > 0x36F) {  // Accents that stand alone are left out.
    out += bytes;
  }
}

std::size_t Length(unsigned char lead) {
  return lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

/// Returns the character at `at`, and how many bytes it takes.
char32_t Decode(std::string_view text, std::size_t at, std::size_t& length) {
  const auto lead = static_cast<unsigned char>(text[at]);
  length = std::min(Length(lead), text.size() - at);
  if (length == 1) return lead;
  char32_t c = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    c = (c << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  }
  return c;
}

}  // namespace

std::vector<char32_t> Characters(std::string_view text) {
  std::vector<char32_t> characters;
  std::size_t length = 1;
  for (std::size_t at = 0; at < text.size(); at += length) {
    characters.push_back(Decode(text, at, length));
  }
  return characters;
}

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string ToUtf8(const std::vector<char32_t>& characters) {
  std::string out;
  const auto add = [&out](char32_t bits) { out += static_cast<char>(bits); };
  for (const char32_t c : characters) {
    if (c < 0x80) {
      add(c);
    } else if (c < 0x800) {
      add(0xC0U | (c >> 6U));
      add(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
      add(0xE0U | (c >> 12U));
      add(0x80U | ((c >> 6U) & 0x3FU));
      add(0x80U | (c & 0x3FU));
    } else {
      add(0xF0U | (c >> 18U));
      add(0x80U | ((c >> 12U) & 0x3FU));
      add(0x80U | ((c >> 6U) & 0x3FU));
      add(0x80U | (c & 0x3FU));
    }
  }
  return out;
}

std::string Folded(std::string_view text) {
  std::string out;
  std::size_t length = 1;
  for (std::size_t at = 0; at < text.size(); at += length) {
    const char32_t c = Decode(text, at, length);
    AppendFolded(out, c, text.substr(at, length));
  }
  return out;
}

std::vector<std::string> FoldedWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : Folded(text)) {
    const bool part =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    if (part) word += c;
    if (part || word.empty()) continue;
    words.push_back(std::move(word));
    word.clear();
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

bool IsOneTypoApart(const std::vector<char32_t>& a, const std::vector<char32_t>& b) {
  if (a.size() > b.size()) return IsOneTypoApart(b, a);
  if (b.size() - a.size() > 1) return false;
  std::size_t at = 0;
  while (at < a.size() && a[at] == b[at]) ++at;
  const auto rest = [&](std::size_t from_a, std::size_t from_b) {
    return from_a <= a.size() && from_b <= b.size() &&
           std::equal(a.begin() + static_cast<std::ptrdiff_t>(from_a), a.end(),
                      b.begin() + static_cast<std::ptrdiff_t>(from_b), b.end());
  };
  if (a.size() < b.size()) return rest(at, at + 1);
  if (at == a.size()) return false;
  const bool swapped = at + 1 < a.size() && a[at] == b[at + 1] && a[at + 1] == b[at];
  return rest(at + 1, at + 1) || (swapped && rest(at + 2, at + 2));
}

}  // namespace pgsluice::query
