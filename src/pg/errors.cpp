#include "pg/errors.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "pg/pqxx_compat.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::pg {

namespace {

/// Server messages end with a line feed and begin with "ERROR:  "; libpqxx 7 puts the failed
/// statement before that.
std::string Clean(std::string text) {
  if (text.rfind("Failure during '", 0) == 0) {
    const auto at = std::min(text.find("': ERROR:  "), text.find("': FATAL:  "));
    if (at != std::string::npos) text.erase(0, at + 3);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (const std::string_view prefix : {"ERROR:  ", "FATAL:  "}) {
    if (text.rfind(prefix, 0) == 0) text.erase(0, prefix.size());
  }
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  return line;
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// libpqxx hides the SQLSTATE of some classes. These are the ones that callers need.
struct Named {
  std::string_view text, state;
};
constexpr std::array kNamed = {Named{"permission denied", "42501"}, Named{"must be owner", "42501"},
                               Named{"deadlock detected", "40P01"},
                               Named{"could not serialize", "40001"}};

std::string StateOf(const std::string& state, const std::string& text) {
  if (!state.empty()) return state;
  for (const Named& named : kNamed) {
    if (Contains(text, named.text)) return std::string(named.state);
  }
  return {};
}

Error Lost(const std::string& where, const std::string& text) {
  return Error(Disposition::kRetry,
               fmt::format("lost the connection to PostgreSQL at {}: {}", where, Clean(text)));
}

/// Returns whether the server ended the session: shutdown, crash of another backend, starting up,
/// or any connection trouble.
bool MeansLost(const std::string& state) {
  return state == "57P01" || state == "57P02" || state == "57P03" || state.rfind("08", 0) == 0;
}

Error Refused(const std::string& text, std::string hint) {
  return Error(Disposition::kFatal, text, std::move(hint));
}

}  // namespace

Failure Translate(const std::string& where) {
  try {
    throw;
  } catch (const pqxx::broken_connection& error) {
    return {std::make_exception_ptr(Lost(where, error.what())), true};
  } catch (const pqxx::sql_error& error) {
    const std::string text = Clean(error.what());
    const std::string state = StateOf(error.sqlstate(), text);
    if (MeansLost(state)) return {std::make_exception_ptr(Lost(where, text)), true};
    std::string shown = state.empty() ? text : fmt::format("{} (SQLSTATE {})", text, state);
    if (Contains(text, "access to non-system view")) {
      shown +=
          "; a view has replaced the table, and its functions would run with the "
          "rights of this role: restore the table, or configure the view as an index with "
          "\"key\" and \"sources\"";
    } else if (Contains(text, "would be affected by row-level security policy")) {
      shown +=
          "; the sync has to see every row: ALTER ROLE <role> BYPASSRLS, or disable row-level "
          "security on the table";
    }
    return {std::make_exception_ptr(SqlError(state, shown)), false};
  } catch (const pqxx::failure& error) {
    // libpqxx 6 reports 40001 and 40P01 this way, and every failure without a result.
    const std::string text = Clean(error.what());
    const std::string state = StateOf({}, text);
    if (state.empty()) return {std::make_exception_ptr(Lost(where, text)), true};
    return {std::make_exception_ptr(SqlError(state, text)), false};
  } catch (const Error&) {
    return {std::current_exception(), false};
  } catch (const std::exception& error) {
    return {std::make_exception_ptr(Lost(where, error.what())), true};
  }
}

void ThrowConnectError(const std::string& message, const std::string& where) {
  const std::string text =
      fmt::format("cannot connect to PostgreSQL at {}: {}", where, Clean(message));
  if (Contains(message, "password authentication failed") ||
      Contains(message, "no password supplied")) {
    throw Refused(text, "check user and password in PGSLUICE_DATABASE_URL or database.url");
  }
  if (Contains(message, "does not exist")) {
    throw Refused(text, "check the names of the database and the role");
  }
  if (Contains(message, "no encryption")) {
    throw Refused(text, "the server requires TLS: set sslmode=verify-full and sslrootcert");
  }
  if (Contains(message, "does not match host name")) {
    throw Error(Disposition::kRetry, text, "use the name that the server's certificate is for");
  }
  if (Contains(message, "certificate verify failed")) {
    const bool expired = Contains(message, "has expired");
    throw Error(Disposition::kRetry, text,
                expired ? "the server's certificate must be renewed"
                        : "set sslrootcert to the authority that signed the server's certificate");
  }
  if (Contains(message, "unknown ca") || Contains(message, "certificate authentication failed") ||
      Contains(message, "valid client certificate")) {
    throw Refused(text, "check sslcert and sslkey: the server does not accept them");
  }
  if (Contains(message, "no pg_hba.conf entry") || Contains(message, "permission denied") ||
      Contains(message, "not permitted to log in")) {
    throw Refused(text, "allow the role to connect: GRANT CONNECT ON DATABASE, and pg_hba.conf");
  }
  if (Contains(message, "could not translate host name") &&
      Contains(message, "Name or service not known")) {
    throw Error(Disposition::kRetry, text, "check the host name");
  }
  throw Error(Disposition::kRetry, text);
}

}  // namespace pgsluice::pg
