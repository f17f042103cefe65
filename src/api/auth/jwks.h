#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/base/mutex.h"

namespace pgsluice::api {

/// Keys of a JSON Web Key Set (RFC 7517): RSA with at least 2048 bits, the curves P-256, P-384,
/// P-521, and shared secrets ("oct") of at least 32 bytes. Ignores other keys. Immutable.
class KeySet {
 public:
  /// Throws Error(kReject) if the text is not a key set.
  explicit KeySet(std::string_view json);

  /// Returns how many keys of the set can be used.
  std::size_t size() const { return keys_.size(); }
  bool Has(const std::string& kid) const;
  /// Returns whether one of the keys created the signature. `kid` empty: any key.
  bool Verifies(const std::string& algorithm, const std::string& kid, std::string_view signed_text,
                std::string_view signature) const;

 private:
  struct Key {
    std::string kid, algorithm;  ///< Empty: not given.
    std::shared_ptr<void> key;   ///< EVP_PKEY; null for a shared secret.
    std::string type;            ///< "RS", "ES" or "HS": the beginning of its algorithms' names.
    std::string secret;
  };
  static bool Verifies(const std::string& algorithm, void* key, std::string_view signed_text,
                       std::string_view signature);

  std::vector<Key> keys_;
};

std::string Hmac(const std::string& algorithm, const std::string& secret, std::string_view text);

/// A source of keys. Thread-safe.
class KeySource {
 public:
  virtual ~KeySource() = default;
  /// Returns the present keys. `kid` is the key that is needed, or empty.
  virtual std::shared_ptr<const KeySet> Keys(const std::string& kid) = 0;
};

/// Fetches a URL's body. Throws Error.
using FetchText = std::function<std::string(const std::string& url)>;

/// The key set at a URL. Fetched at first use, then every ten minutes, and when a token names an
/// unknown key (at most once in ten seconds, because callers choose these names). One caller
/// fetches; the others use the present keys, or wait if their key is not among them. If fetching
/// fails, the old keys stay.
class KeySetUrl : public KeySource {
 public:
  KeySetUrl(std::string url, FetchText fetch);
  std::shared_ptr<const KeySet> Keys(const std::string& kid) override;

 private:
  using Clock = std::chrono::steady_clock;
  std::shared_ptr<const KeySet> Fetch() const;

  const std::string url_;
  const FetchText fetch_;
  base::Mutex mutex_;
  std::condition_variable_any fetched_;
  std::shared_ptr<const KeySet> keys_ PGSLUICE_GUARDED_BY(mutex_);
  Clock::time_point asked_ PGSLUICE_GUARDED_BY(mutex_){};
  bool known_ PGSLUICE_GUARDED_BY(mutex_) = false;  ///< Fetched at least once.
  bool fetching_ PGSLUICE_GUARDED_BY(mutex_) = false;
};

/// The key set of a file, reloaded when the file changes. If the file cannot be read, the old keys
/// stay. Thread-safe.
class KeySetFile : public KeySource {
 public:
  /// Throws Error(kReject) if the file cannot be read now.
  explicit KeySetFile(std::string path);
  std::shared_ptr<const KeySet> Keys(const std::string& kid) override;

 private:
  std::shared_ptr<const KeySet> Read() const;

  const std::string path_;
  base::Mutex mutex_;
  std::shared_ptr<const KeySet> keys_ PGSLUICE_GUARDED_BY(mutex_);
  std::filesystem::file_time_type written_ PGSLUICE_GUARDED_BY(mutex_){};
  std::chrono::steady_clock::time_point looked_ PGSLUICE_GUARDED_BY(mutex_){};
};

/// Decodes base64url without padding (RFC 4648). Returns false if it is malformed.
bool DecodeBase64Url(std::string_view text, std::string& out);

}  // namespace pgsluice::api
