#pragma once

// The differences between libpqxx 6.4 (Debian 12) and 7.10 (Debian 13).

#include <initializer_list>
#include <optional>
#include <pqxx/pqxx>
#include <string>

namespace pgsluice::pg::compat {

using Params = std::initializer_list<std::optional<std::string>>;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/// 7.10 recommends connection::listen(), which 6.4 does not have.
class NotificationReceiver : public pqxx::notification_receiver {
 public:
  NotificationReceiver(pqxx::connection& connection, const std::string& channel)
      : pqxx::notification_receiver(connection, channel) {}
};
#pragma GCC diagnostic pop

#if PQXX_VERSION_MAJOR >= 7

inline pqxx::params Pack(Params params) {
  pqxx::params packed;
  for (const auto& param : params) packed.append(param);
  return packed;
}

inline pqxx::result ExecPrepared(pqxx::transaction_base& tx, const std::string& name,
                                 Params params) {
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return tx.exec(pqxx::prepped{name}, Pack(params));
#else
  return tx.exec_prepared(name, Pack(params));
#endif
}

inline pqxx::result ExecParams(pqxx::transaction_base& tx, const std::string& sql, Params params) {
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return tx.exec(sql, Pack(params));
#else
  return tx.exec_params(sql, Pack(params));
#endif
}

inline std::unique_ptr<pqxx::connection> Connect(const std::string& conninfo) {
  return std::make_unique<pqxx::connection>(conninfo);
}

#else

/// Converts NULLs and texts to the pointers that libpqxx 6 takes.
inline std::vector<const char*> Pack(Params params) {
  std::vector<const char*> packed;
  packed.reserve(params.size());
  for (const auto& param : params) packed.push_back(param ? param->c_str() : nullptr);
  return packed;
}

inline pqxx::result ExecPrepared(pqxx::transaction_base& tx, const std::string& name,
                                 Params params) {
  return tx.exec_prepared(name, pqxx::prepare::make_dynamic_params(Pack(params)));
}

inline pqxx::result ExecParams(pqxx::transaction_base& tx, const std::string& sql, Params params) {
  return tx.exec_params(sql, pqxx::prepare::make_dynamic_params(Pack(params)));
}

inline std::unique_ptr<pqxx::connection> Connect(const std::string& conninfo) {
  auto connection = std::make_unique<pqxx::connection>(conninfo);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection->inhibit_reactivation(true);  // a broken session is replaced, never revived silently
#pragma GCC diagnostic pop
  return connection;
}

#endif

}  // namespace pgsluice::pg::compat
