#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "pgsluice/http/transport.h"

/// One request per error code and place, and what is answered: for ApiFixture's index.
namespace pgsluice::api {

/// What is so while a row is asked.
enum class Given {
  kNothing,
  kKeys,           ///< Keys, tokens and policies.
  kStuckSync,      ///< A sync that never gets there.
  kLimited,        ///< This second's requests are used up.
  kCrowded,        ///< As many requests run as may.
  kOtherTypes,     ///< The index was built anew: `level` is an integer. @ is a cursor of before.
  kNoIndex,        ///< The engine has no such index yet.
  kEngineRefuses,  ///< What the engine answers to searches, from here on.
  kEngineFails,
  kEngineBusy,
  kEngineDown,
  kEngineForbids,
  kEngineLate,    ///< A gateway gave up.
  kEngineSilent,  ///< No answer in time.
  kEngineGone,    ///< Nobody listens.
  kDefect,
};

struct ErrorRow {
  int status;
  std::string code, path, body{};
  std::string parameter{};  ///< Of errors[0]; empty: `errors` is empty.
  std::optional<std::size_t> offset{};
  std::string detail{};   ///< The whole of it; empty: whatever.
  std::string allowed{};  ///< One of errors[0].allowed; empty: there is no such list.
  Given given = Given::kNothing;
  http::Headers headers{};
  std::string method{};  ///< Empty: POST with a body, else GET.
  std::string type = "application/json";
};

std::vector<ErrorRow> ErrorRows();

/// What no client sends that is well-behaved: status, code, bytes.
using RawErrorRow = std::tuple<int, std::string, std::string>;
std::vector<RawErrorRow> RawErrorRows();

}  // namespace pgsluice::api
