#pragma once

#include <string>
#include <string_view>

#include "pgsluice/http/transport.h"

namespace pgsluice::http {

struct AwsCredentials {
  std::string access_key, secret_key;
  std::string session_token;  ///< Empty for permanent keys.
};

/// The parts of a request that are signed: method, body and content type, as they will be sent.
struct AwsRequest {
  std::string_view method;
  std::string_view host;  ///< As in the Host header.
  std::string_view path;  ///< As AwsPath() returns it, with its query.
  std::string_view body;
};

/// Returns path and query in the one form that both sides agree on: each segment, name and value
/// percent-encoded, parameters sorted, `name=` for those without a value.
std::string AwsPath(std::string_view path);

/// Returns the headers that sign a request with AWS Signature Version 4 (X-Amz-Date,
/// X-Amz-Content-Sha256, X-Amz-Security-Token, Authorization). `time` is "20240102T030405Z".
Headers AwsSign(const AwsRequest& request, const AwsCredentials& credentials, const AwsScope& scope,
                const std::string& time);

}  // namespace pgsluice::http
