#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/config/config.h"

/// Parses texts that have a meaning in configuration and on the command line. They return nullopt
/// for texts that do not fit.
namespace pgsluice::config {

/// Parses "5MB", "512 kb", "1gb" (powers of 1024, any case) or a plain number of bytes.
std::optional<std::size_t> ParseBytes(std::string_view text);
/// Parses "250ms", "30s", "2m", "1h" or a plain number of seconds.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
/// Parses "host:port" or "[::1]:8080"; ":8080" means every address. Port 0 lets the system choose.
std::optional<Address> ParseAddress(std::string_view text);
/// Returns whether only this machine can connect.
bool IsLoopback(const Address& address);

/// Returns what is wrong with a text, or nullopt.
std::optional<std::string> CheckAddress(std::string_view text);
std::optional<std::string> CheckDatabaseUrl(std::string_view text);
std::optional<std::string> CheckHttpUrl(std::string_view text);
std::optional<std::string> CheckNetwork(std::string_view text);
std::optional<std::string> CheckRefreshInterval(std::string_view text);
std::optional<std::string> CheckInterval(std::string_view text);
std::optional<std::string> CheckSha256(std::string_view text);
std::optional<std::string> CheckDate(std::string_view text);
/// Returns Unix seconds of a date (midnight UTC) or a time (RFC 3339; UTC if it has no offset).
std::optional<std::int64_t> ParseTime(std::string_view text);
/// Returns why the engine or our own routes do not accept this index name after the prefix, or
/// nullopt. The rules are those of Elasticsearch ("Create index", path parameters); 200 bytes leave
/// room for "-000001".
std::optional<std::string> CheckIndexName(std::string_view prefix, std::string_view name);
/// Returns whether `name` is the name of an index behind the alias `index` ("users-000001", and
/// "users-000002-next" while it is built).
bool IsPhysicalName(std::string_view name, std::string_view index);

}  // namespace pgsluice::config
