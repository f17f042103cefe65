#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::api {

/// Public keys of a JSON Web Key Set (RFC 7517): RSA of 2048 bits and more, and the curves P-256,
/// P-384, P-521. Others in the set are left out. Immutable.
class KeySet {
 public:
  /// Throws Error(kReject) for a text that is no key set.
  explicit KeySet(std::string_view json);

  /// Whether one of the keys made the signature. `algorithm`: RS… or ES…; `kid` empty: any key.
  bool Verifies(const std::string& algorithm, const std::string& kid, std::string_view signed_text,
                std::string_view signature) const;

 private:
  struct Key {
    std::string kid, algorithm;  ///< Empty: not given.
    std::shared_ptr<void> key;   ///< EVP_PKEY.
    bool elliptic = false;
  };
  std::vector<Key> keys_;
};

/// The key set of a file, read again when the file changes. A file that cannot be read leaves the
/// keys as they are. Thread-safe.
class KeySetFile {
 public:
  /// Throws Error(kReject) when it cannot be read now.
  explicit KeySetFile(std::string path);
  std::shared_ptr<const KeySet> Get();

 private:
  std::shared_ptr<const KeySet> Read() const;

  const std::string path_;
  std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;  // This and below: guarded by mutex_.
  std::filesystem::file_time_type written_{};
  std::chrono::steady_clock::time_point looked_{};
};

/// Base64url without padding (RFC 4648); false when it is none.
bool DecodeBase64Url(std::string_view text, std::string& out);

}  // namespace pgsluice::api
