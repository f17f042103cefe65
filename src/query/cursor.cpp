#include "pgsluice/query/cursor.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "pgsluice/query/cursor_values.h"

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

/// Splits "<payload>.<key id>.<mac>". Returns false if there are not three parts.
bool Split(std::string_view cursor, std::string_view& payload, std::string_view& id,
           std::string_view& mac) {
  const std::size_t first = cursor.find('.');
  const std::size_t second = first == std::string_view::npos ? first : cursor.find('.', first + 1);
  if (second == std::string_view::npos) return false;
  payload = cursor.substr(0, first);
  id = cursor.substr(first + 1, second - first - 1);
  mac = cursor.substr(second + 1);
  return true;
}

std::string Mac(std::string_view payload, std::string_view binding, const base::HmacKey& key) {
  std::string text(payload);
  text += '\n';
  text += binding;
  return Encode(key.Sign(text));
}

}  // namespace

CursorKeys::CursorKeys(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    keys_.push_back({base::Sha256("cursor key id\n" + secret).substr(0, 8), base::HmacKey(secret)});
  }
}

std::shared_ptr<const CursorKeys> CursorKeys::OfThisProcess() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random bytes");
  }
  return std::make_shared<const CursorKeys>(
      std::vector<std::string>{{reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
}

std::string CursorKeys::Seal(std::string_view payload, std::string_view binding) const {
  const Key& key = keys_.front();
  return Encode(payload) + "." + key.id + "." + Mac(payload, binding, key.hmac);
}

std::string CursorKeys::Open(std::string_view cursor, std::string_view binding) const {
  std::string_view encoded, id, mac;
  std::string payload;
  if (!Split(cursor, encoded, id, mac) || !Decode(encoded, payload)) RejectCursor();
  for (const Key& key : keys_) {
    if (key.id != id) continue;
    if (!SameSecret(mac, Mac(payload, binding, key.hmac))) RejectCursor();
    return payload;
  }
  throw CursorExpired("the key that signed the cursor is no longer in force");
}

bool CursorKeys::KnowsKeyOf(std::string_view cursor) const {
  std::string_view payload, id, mac;
  if (!Split(cursor, payload, id, mac)) return true;
  return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.id == id; });
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace pgsluice::query
