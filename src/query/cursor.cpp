#include "pgsluice/query/cursor.h"

#include <openssl/crypto.h>

#include "pgsluice/query/problem.h"

namespace pgsluice::query {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string Encode(std::string_view bytes) {
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xFFFFFFU;
    for (count += 8; count >= 6;) out += kAlphabet[bits >> (count -= 6) & 63U];
  }
  if (count > 0) out += kAlphabet[bits << (6 - count) & 63U];
  return out;
}

bool Decode(std::string_view text, std::string& out) {
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFFFU;
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 255U);
  }
  return true;
}

std::string Mac(std::string_view payload, std::string_view binding, const base::HmacKey& key) {
  std::string text(payload);
  text += '\n';
  text += binding;
  return key.Sign(text);
}

}  // namespace

std::string SealCursor(std::string_view sort_values, std::string_view binding,
                       const base::HmacKey& key) {
  return Encode(sort_values) + "." + Encode(Mac(sort_values, binding, key));
}

std::string OpenCursor(std::string_view cursor, std::string_view binding,
                       const base::HmacKey& key) {
  const std::size_t dot = cursor.find('.');
  std::string payload;
  if (dot != std::string_view::npos && Decode(cursor.substr(0, dot), payload) &&
      SameSecret(cursor.substr(dot + 1), Encode(Mac(payload, binding, key)))) {
    return payload;
  }
  Reject("invalid_cursor", "cursor", std::nullopt,
         "the cursor does not belong to this search; begin again without it");
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace pgsluice::query
