#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "pgsluice/http/transport.h"

/// One request per error code and place, and its answer, for ApiFixture's index.
namespace pgsluice::api {

/// The state of the server while a row is tested.
enum class Given {
  kNothing,
  kKeys,           ///< Keys, tokens and policies.
  kStuckSync,      ///< A sync that never reaches a position.
  kLimited,        ///< This second's requests are used up.
  kCrowded,        ///< As many requests are running as allowed.
  kOtherTypes,     ///< The index was rebuilt: `level` is an integer. @ is an older cursor.
  kNoIndex,        ///< The engine has no such index yet.
  kEngineRefuses,  ///< The engine's answer to searches, from here on.
  kEngineFails,
  kEngineBusy,
  kEngineDown,
  kEngineForbids,
  kEngineLate,    ///< A gateway gave up.
  kEngineSilent,  ///< No answer in time.
  kEngineGone,    ///< No server listens.
  kDefect,
};

struct ErrorRow {
  int status;
  std::string code, path, body{};
  std::string parameter{};  ///< Of errors[0]; empty: `errors` is empty.
  std::optional<std::size_t> offset{};
  std::string detail{};   ///< The whole text; empty: any.
  std::string allowed{};  ///< One of errors[0].allowed; empty: there is no such list.
  Given given = Given::kNothing;
  http::Headers headers{};
  std::string method{};  ///< Empty: POST with a body, else GET.
  std::string type = "application/json";
};

std::vector<ErrorRow> ErrorRows();

/// Bytes that no well-behaved client sends: status, code, bytes.
using RawErrorRow = std::tuple<int, std::string, std::string>;
std::vector<RawErrorRow> RawErrorRows();

}  // namespace pgsluice::api
