#include "pg/conninfo.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <map>
#include <memory>

#include "pg/certificate.h"
#include "pgsluice/base/error.h"
#include "pgsluice/pg/databases.h"

namespace pgsluice::pg {

namespace {

using Options = std::map<std::string, std::string>;

Options Parse(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(url.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);  // may quote the password
  if (!parsed) {
    throw Error(Disposition::kFatal, "the database URL is not valid",
                "write postgresql://user@host:port/database or host=… dbname=… user=…");
  }
  Options options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options[option->keyword] = option->val;
  }
  return options;
}

std::string Or(const Options& options, const std::string& key, const char* variable,
               const char* otherwise) {
  const auto found = options.find(key);
  if (found != options.end()) return found->second;
  const char* value = std::getenv(variable);
  return value != nullptr ? value : otherwise;
}

std::string Quote(const std::string& value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Join(const Options& options) {
  std::string text;
  for (const auto& [key, value] : options) {
    if (!text.empty()) text += ' ';
    text.append(key).append("=").append(Quote(value));
  }
  return text;
}

}  // namespace

std::string WithDatabase(const std::string& url, const std::string& database) {
  Options all = Parse(url);
  all["dbname"] = database;
  return Join(all);
}

std::string ConnInfo(const SessionOptions& options) {
  Options all = Parse(options.url);
  all.emplace("connect_timeout", std::to_string(options.connect_timeout_s));
  all.emplace("keepalives_idle", "30");
  all.emplace("keepalives_interval", "10");
  all.emplace("keepalives_count", "3");
  all.emplace("tcp_user_timeout", "30000");
  all.emplace("fallback_application_name", options.application_name);
  all.emplace("client_encoding", "UTF8");
  return Join(all);
}

std::string Describe(const SessionOptions& options) {
  const Options all = Parse(options.url);
  return Or(all, "host", "PGHOST", "localhost") + ":" + Or(all, "port", "PGPORT", "5432") + "/" +
         Or(all, "dbname", "PGDATABASE", "") + " as " + Or(all, "user", "PGUSER", "");
}

std::string WhyRefused(const SessionOptions& options) {
  const Options all = Parse(options.url);
  const char* home = std::getenv("HOME");
  const std::string usual = std::string(home == nullptr ? "" : home) + "/.postgresql/root.crt";
  const std::string why = CertificateTrouble(
      Or(all, "hostaddr", "PGHOSTADDR", Or(all, "host", "PGHOST", "localhost").c_str()),
      Or(all, "port", "PGPORT", "5432"), Or(all, "sslrootcert", "PGSSLROOTCERT", usual.c_str()));
  return why.empty() ? "" : " (" + why + ")";
}

}  // namespace pgsluice::pg
