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

/// Keys of a JSON Web Key Set (RFC 7517): RSA of 2048 bits and more, the curves P-256, P-384,
/// P-521, and shared secrets ("oct") of 32 bytes and more. Others in the set are left out.
/// Immutable.
class KeySet {
 public:
  /// Throws Error(kReject) for a text that is not a key set.
  explicit KeySet(std::string_view json);

  /// How many keys of the set can be used.
  std::size_t size() const { return keys_.size(); }
  bool Has(const std::string& kid) const;
  /// Whether one of the keys made the signature. `kid` empty: any key.
  bool Verifies(const std::string& algorithm, const std::string& kid, std::string_view signed_text,
                std::string_view signature) const;

 private:
  struct Key {
    std::string kid, algorithm;  ///< Empty: not given.
    std::shared_ptr<void> key;   ///< EVP_PKEY; null of a shared secret.
    std::string type;            ///< "RS", "ES" or "HS": how its algorithms begin.
    std::string secret;
  };
  static bool Verifies(const std::string& algorithm, void* key, std::string_view signed_text,
                       std::string_view signature);

  std::vector<Key> keys_;
};

std::string Hmac(const std::string& algorithm, const std::string& secret, std::string_view text);

/// Where keys come from. Thread-safe.
class KeySource {
 public:
  virtual ~KeySource() = default;
  /// The keys as they are now; `kid` is the key that is looked for, or empty.
  virtual std::shared_ptr<const KeySet> Keys(const std::string& kid) = 0;
};

/// Fetches a URL's body. Throws Error.
using FetchText = std::function<std::string(const std::string& url)>;

/// The key set of a URL: fetched when it is first needed, again every ten minutes, and when a token
/// names a key that is not in it (once in ten seconds at most, because callers choose names). One
/// caller fetches; the others use the keys there are, or wait if theirs is not among them. If
/// fetching fails, the keys stay.
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

/// The key set of a file, read again when the file changes. A file that cannot be read leaves the
/// keys as they are. Thread-safe.
class KeySetFile : public KeySource {
 public:
  /// Throws Error(kReject) when it cannot be read now.
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

/// Base64url without padding (RFC 4648); false when it is none.
bool DecodeBase64Url(std::string_view text, std::string& out);

}  // namespace pgsluice::api
