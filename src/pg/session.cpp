#include "pgsluice/pg/session.h"

#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <charconv>
#include <utility>

#include "pg/conninfo.h"
#include "pg/session_impl.h"
#include "pgsluice/base/error.h"

namespace pgsluice::pg {

Result::Result(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

std::size_t Result::rows() const { return static_cast<std::size_t>(data_->rows.size()); }
std::size_t Result::columns() const { return static_cast<std::size_t>(data_->rows.columns()); }

namespace {

pqxx::field Field(const pqxx::result& rows, std::size_t row, std::size_t column) {
  return rows[static_cast<pqxx::result::size_type>(row)][static_cast<pqxx::row::size_type>(column)];
}

// Makes texts of values independent of the settings of the role or the database.
constexpr const char* kSettings = R"(
  SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres';
  SET bytea_output = 'hex'; SET extra_float_digits = 1; SET search_path = ''; SET jit = off;
  SET client_min_messages = warning; SET standard_conforming_strings = on;
  SET default_transaction_isolation = 'read committed'; SET row_security = off;
  SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
  SET idle_in_transaction_session_timeout = '120 s';)";

constexpr const char* kBackend = R"(
  SELECT pg_catalog.pg_backend_pid(), coalesce(max(extract(epoch FROM backend_start)), 0)
  FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid())";

std::atomic<bool> refuse_views = false;

/// Returns whether the server has restrict_nonsystem_relation_kind.
bool CanRefuseViews(int version) {
  const int minor = version % 10000;
  switch (version / 10000) {
    case 14:
      return minor >= 13;
    case 15:
      return minor >= 8;
    case 16:
      return minor >= 4;
    default:
      return version >= 170000;
  }
}

}  // namespace

bool Result::IsNull(std::size_t row, std::size_t column) const {
  return Field(data_->rows, row, column).is_null();
}

std::string_view Result::Text(std::size_t row, std::size_t column) const {
  const pqxx::field field = Field(data_->rows, row, column);
  return {field.c_str(), field.size()};
}

std::int64_t Result::Int(std::size_t row, std::size_t column) const {
  const std::string_view text = Text(row, column);
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size()) {
    throw Error(Disposition::kReject, fmt::format("'{}' is not a 64-bit integer", text));
  }
  return number;
}

bool Result::Bool(std::size_t row, std::size_t column) const { return Text(row, column) == "t"; }

std::int64_t Result::affected() const {
  return static_cast<std::int64_t>(data_->rows.affected_rows());
}

Session::Session(const SessionOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->where = Describe(options);
  const std::string conninfo = ConnInfo(options);
  try {
    impl_->connection = compat::Connect(conninfo);
  } catch (const std::exception& error) {
    std::string message = error.what();
    if (message.find("certificate verify failed") != std::string::npos) {
      message += WhyRefused(options);
    }
    ThrowConnectError(message, impl_->where);
  }
  impl_->watched = std::make_unique<Watched>(impl_->connection->sock(), conninfo, impl_->where);
  std::string settings = kSettings;
  settings += fmt::format("SET statement_timeout = {}; SET lock_timeout = {};",
                          options.statement_timeout_ms, options.lock_timeout_ms);
  if (refuse_views && CanRefuseViews(server_version())) {
    settings += "SET restrict_nonsystem_relation_kind = 'view';";
  }
  const Result backend = Exec(settings + kBackend);
  impl_->watched->Identify(std::string(backend.Text(0, 0)), std::string(backend.Text(0, 1)));
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Result Session::Exec(std::string_view sql) {
  return impl_->Guard([&] { return impl_->Transaction().exec(std::string(sql)); });
}

Result Session::Exec(const Statement& statement, std::initializer_list<Param> params) {
  return impl_->Guard([&] {
    auto known = impl_->prepared.find(statement.sql);
    if (known == impl_->prepared.end()) {
      impl_->ForgetPrepared();
      // A plain number, because the server cuts names after 63 bytes and two could become equal.
      const std::string name = fmt::format("pgsluice_{}", impl_->prepared_ever++);
      impl_->connection->prepare(name, statement.sql);
      known = impl_->prepared.emplace(statement.sql, name).first;
    }
    return compat::ExecPrepared(impl_->Transaction(), known->second, params);
  });
}

Result Session::ExecParams(std::string_view sql, std::initializer_list<Param> params) {
  return impl_->Guard(
      [&] { return compat::ExecParams(impl_->Transaction(), std::string(sql), params); });
}

void Session::Begin() { Exec("BEGIN"); }
void Session::Commit() { Exec("COMMIT"); }

void Session::Rollback() noexcept {
  if (impl_->broken) return;
  try {
    Exec("ROLLBACK");
  } catch (const std::exception&) {
    impl_->broken = true;
  }
}

bool Session::broken() const { return impl_->broken; }
int Session::server_version() const { return impl_->connection->server_version(); }

void Session::RefuseViews(bool refuse) { refuse_views = refuse; }

std::string Session::QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string Session::QuoteLiteral(std::string_view text) {
  std::string quoted = text.find('\\') == std::string_view::npos ? "'" : " E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

}  // namespace pgsluice::pg
