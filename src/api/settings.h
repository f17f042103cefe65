#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/auth/jwt.h"
#include "api/rest/request_log.h"
#include "pgsluice/config/config.h"
#include "pgsluice/query/ranking.h"
#include "pgsluice/query/vocabulary.h"

namespace pgsluice::api {

/// The part of the configuration that a reload may change. Immutable.
struct Settings {
  /// Throws Error(kReject) if the key set's file cannot be read. `fetch` is for jwks_url.
  explicit Settings(const config::Config& config, const FetchText& fetch)
      : auth(config.auth),
        limits(config.limits),
        cors_origins(config.cors_origins),
        admin_auth(config.admin_auth),
        admin_row_values(config.admin_row_values),
        access_log(RequestLog::Open(config.access_log)),
        audit_log(RequestLog::Open(config.audit_log)) {
    if (auth.jwt) tokens = std::make_shared<TokenVerifier>(*auth.jwt, fetch);
    for (const config::Index& index : config.indexes) {
      searches[index.name] = std::make_shared<const Search>(index.search);
    }
  }

  /// How an index is searched.
  struct Search {
    explicit Search(const config::Search& search)
        : options(search),
          vocabulary(search),
          ranking(query::ReadBoosts(search.ranking)),
          rules(search) {}
    config::Search options;
    query::Vocabulary vocabulary;
    std::vector<query::Boost> ranking;
    query::Rules rules;
  };

  config::Auth auth;
  config::Limits limits;
  std::vector<std::string> cors_origins;
  std::map<std::string, std::shared_ptr<const Search>> searches;  ///< By the index's name.
  bool admin_auth, admin_row_values;
  std::shared_ptr<RequestLog> access_log, audit_log;  ///< Null: off.
  std::shared_ptr<const TokenVerifier> tokens;        ///< Null: tokens are not accepted.
};

}  // namespace pgsluice::api
