#include "api/auth/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "pgsluice/api/key_set.h"
#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/query/cursor.h"

namespace pgsluice::api {

namespace {

constexpr std::chrono::seconds kLook{1};
constexpr std::chrono::minutes kAge{10};
constexpr std::chrono::seconds kPause{10};
constexpr std::size_t kShortestSecret = 32;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string MemberBytes(const json::Value& key, const char* name) {
  const json::Value* value = key.Find(name);
  std::string bytes;
  if (value == nullptr || !DecodeBase64Url(value->text, bytes)) bytes.clear();
  return bytes;
}

std::string MemberText(const json::Value& key, const char* name) {
  const json::Value* value = key.Find(name);
  return value == nullptr ? "" : value->text;
}

/// Creates a key of `type` from what `fill` adds; null if it is not a key.
template <typename Fill>
std::shared_ptr<void> Build(const char* type, const Fill& fill) {
  const std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> builder(
      OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  if (!fill(builder.get())) return nullptr;
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(
      OSSL_PARAM_BLD_to_param(builder.get()), OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return {key, [](void* pointer) { EVP_PKEY_free(static_cast<EVP_PKEY*>(pointer)); }};
}

std::shared_ptr<void> RsaKey(const json::Value& value) {
  const std::string n = MemberBytes(value, "n");
  const std::string e = MemberBytes(value, "e");
  if (n.size() < 256 || e.empty()) return nullptr;
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> modulus(
      BN_bin2bn(Bytes(n), static_cast<int>(n.size()), nullptr), BN_free);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> exponent(
      BN_bin2bn(Bytes(e), static_cast<int>(e.size()), nullptr), BN_free);
  return Build("RSA", [&](OSSL_PARAM_BLD* builder) {
    return OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
           OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1;
  });
}

std::size_t CoordinateSize(const std::string& algorithm) {
  return algorithm == "ES256" ? 32 : algorithm == "ES384" ? 48 : 66;
}

std::shared_ptr<void> CurveKey(const json::Value& value, std::string& algorithm) {
  const std::string curve = MemberText(value, "crv");
  algorithm = curve == "P-256"   ? "ES256"
              : curve == "P-384" ? "ES384"
              : curve == "P-521" ? "ES512"
                                 : "";
  const std::string x = MemberBytes(value, "x");
  const std::string y = MemberBytes(value, "y");
  const std::size_t size = CoordinateSize(algorithm);
  if (algorithm.empty() || x.size() != size || y.size() != size) return nullptr;
  const std::string point = "\x04" + x + y;
  return Build("EC", [&](OSSL_PARAM_BLD* builder) {
    return OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0) ==
               1 &&
           OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                            point.size()) == 1;
  });
}

/// JWS puts the two numbers of a signature next to each other (RFC 7518, 3.4); OpenSSL needs DER.
std::string ToDer(std::string_view signature, std::size_t size) {
  if (signature.size() != 2 * size) return "";
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  BIGNUM* r = BN_bin2bn(Bytes(signature), static_cast<int>(size), nullptr);
  BIGNUM* s = BN_bin2bn(Bytes(signature.substr(size)), static_cast<int>(size), nullptr);
  ECDSA_SIG_set0(pair.get(), r, s);
  unsigned char* bytes = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return der;
}

const EVP_MD* Digest(const std::string& algorithm) {
  const std::string bits = algorithm.substr(2);
  return bits == "256" ? EVP_sha256() : bits == "384" ? EVP_sha384() : EVP_sha512();
}

}  // namespace

bool DecodeBase64Url(std::string_view text, std::string& out) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFFFU;
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 255U);
  }
  return text.size() % 4 != 1;
}

KeySet::KeySet(std::string_view json) {
  const json::Value set = json::Parse(json);
  const json::Value* keys = set.Find("keys");
  if (keys == nullptr || !keys->IsArray()) {
    throw Error(Disposition::kReject, "this is not a JSON Web Key Set: it has no list 'keys'");
  }
  for (const json::Value& value : keys->items) {
    const std::string use = MemberText(value, "use");
    if (!use.empty() && use != "sig") continue;
    Key key;
    key.kid = MemberText(value, "kid");
    const std::string kind = MemberText(value, "kty");
    const std::string stated = MemberText(value, "alg");
    key.algorithm = stated;
    if (kind == "EC") {
      key.type = "ES";
      key.key = CurveKey(value, key.algorithm);
      if (!stated.empty() && stated != key.algorithm) continue;
    } else if (kind == "RSA") {
      key.type = "RS";
      key.key = RsaKey(value);
    } else if (kind == "oct") {
      key.type = "HS";
      key.secret = MemberBytes(value, "k");
    }
    if (key.key || key.secret.size() >= kShortestSecret) keys_.push_back(std::move(key));
  }
}

bool KeySet::Has(const std::string& kid) const {
  return std::any_of(keys_.begin(), keys_.end(), [&kid](const Key& key) { return key.kid == kid; });
}

bool KeySet::Verifies(const std::string& algorithm, const std::string& kid,
                      std::string_view signed_text, std::string_view signature) const {
  for (const Key& key : keys_) {
    if (algorithm.compare(0, 2, key.type) != 0) continue;
    if (!key.algorithm.empty() && key.algorithm != algorithm) continue;
    if (!kid.empty() && !key.kid.empty() && key.kid != kid) continue;
    const bool right = key.key
                           ? Verifies(algorithm, key.key.get(), signed_text, signature)
                           : query::SameSecret(signature, Hmac(algorithm, key.secret, signed_text));
    if (right) return true;
  }
  return false;
}

bool KeySet::Verifies(const std::string& algorithm, void* key, std::string_view signed_text,
                      std::string_view signature) {
  const bool elliptic = algorithm.compare(0, 2, "ES") == 0;
  const std::string bytes =
      elliptic ? ToDer(signature, CoordinateSize(algorithm)) : std::string(signature);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  return !bytes.empty() &&
         EVP_DigestVerifyInit(context.get(), nullptr, Digest(algorithm), nullptr,
                              static_cast<EVP_PKEY*>(key)) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(bytes), bytes.size(), Bytes(signed_text),
                          signed_text.size()) == 1;
}

std::string Hmac(const std::string& algorithm, const std::string& secret, std::string_view text) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(Digest(algorithm), secret.data(), static_cast<int>(secret.size()), Bytes(text), text.size(),
       mac, &size);
  return {reinterpret_cast<const char*>(mac), size};
}

std::size_t CountKeys(const std::string& file) { return KeySetFile(file).Keys("")->size(); }

KeySetUrl::KeySetUrl(std::string url, FetchText fetch)
    : url_(std::move(url)),
      fetch_(std::move(fetch)),
      keys_(std::make_shared<const KeySet>(R"({"keys":[]})")) {}

std::shared_ptr<const KeySet> KeySetUrl::Keys(const std::string& kid) {
  {
    base::MutexLock lock(mutex_);
    const auto age = Clock::now() - asked_;
    const bool missing = !known_ || (!kid.empty() && !keys_->Has(kid));
    const bool due = asked_ == Clock::time_point{} || age > (missing ? kPause : kAge);
    if (missing && fetching_) {
      fetched_.wait(lock, [this]() PGSLUICE_REQUIRES(mutex_) { return !fetching_; });
      return keys_;
    }
    if (!due || fetching_) return keys_;
    fetching_ = true;
  }
  const std::shared_ptr<const KeySet> fresh = Fetch();
  const base::MutexLock lock(mutex_);
  fetching_ = false;
  fetched_.notify_all();
  asked_ = Clock::now();
  known_ = known_ || fresh;
  if (fresh) keys_ = fresh;
  return keys_;
}

std::shared_ptr<const KeySet> KeySetUrl::Fetch() const {
  try {
    if (!fetch_) throw Error(Disposition::kReject, "this command cannot fetch it");
    auto keys = std::make_shared<const KeySet>(fetch_(url_));
    if (keys->size() > 0) return keys;
    throw Error(Disposition::kReject, "no key of the set can be used");
  } catch (const Error& error) {
    observe::Log(observe::Level::kError, "api",
                 "the key set cannot be fetched, the keys stay as they are",
                 {{"url", observe::MaskUrl(url_)}, {"reason", error.what()}});
    return nullptr;
  }
}

KeySetFile::KeySetFile(std::string path) : path_(std::move(path)) {
  keys_ = Read();
  std::error_code ignored;
  written_ = std::filesystem::last_write_time(path_, ignored);
}

std::shared_ptr<const KeySet> KeySetFile::Read() const {
  std::ifstream file(path_);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file.good()) {
    throw Error(Disposition::kReject, "cannot read " + path_, "check auth.jwt.jwks_file");
  }
  return std::make_shared<const KeySet>(text.str());
}

std::shared_ptr<const KeySet> KeySetFile::Keys(const std::string& /*kid*/) {
  const base::MutexLock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < looked_ + kLook) return keys_;
  looked_ = now;
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path_, error);
  if (error || written == written_) return keys_;
  written_ = written;
  try {
    keys_ = Read();
    observe::Log(observe::Level::kInfo, "api", "key set reloaded", {{"file", path_}});
  } catch (const Error& failure) {
    observe::Log(observe::Level::kError, "api", failure.what(), {{"file", path_}});
  }
  return keys_;
}

}  // namespace pgsluice::api
