#pragma once

#include <openssl/hmac.h>

#include <string>

#include "pgsluice/query/cursor.h"

namespace pgsluice::api {

inline std::string Base64Url(const std::string& bytes) {
  const std::string sealed = query::CursorKeys({""}).Seal(bytes, "");
  return sealed.substr(0, sealed.find('.'));
}

/// A token signed with HMAC and SHA-256, whatever its header says.
inline std::string SignedToken(const std::string& header, const std::string& claims,
                               const std::string& secret) {
  const std::string text = Base64Url(header) + "." + Base64Url(claims);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return text + "." + Base64Url({reinterpret_cast<const char*>(mac), size});
}

}  // namespace pgsluice::api
