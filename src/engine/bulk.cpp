#include "pgsluice/engine/bulk.h"

#include <spdlog/fmt/fmt.h>

#include <array>

#include "engine/answer.h"
#include "pgsluice/base/error.h"
#include "pgsluice/engine/refused.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::engine {

namespace {

void AppendAction(std::string& out, std::string_view action, std::string_view id,
                  std::int64_t version, std::string_view routing, std::string_view pipeline) {
  out += action;
  json::AppendString(out, id);
  out += R"(,"version":)";
  const fmt::format_int digits(version);
  out.append(digits.data(), digits.size());
  out += R"(,"version_type":"external_gte")";
  if (!routing.empty()) {
    out += R"(,"routing":)";
    json::AppendString(out, routing);
  }
  if (!pipeline.empty()) {
    out += R"(,"pipeline":)";
    json::AppendString(out, pipeline);
  }
  out += "}}\n";
}

}  // namespace

void BulkBody::Index(std::string_view id, std::string_view document, std::int64_t version,
                     std::string_view routing, std::string_view pipeline) {
  AppendAction(text_, R"({"index":{"_id":)", id, version, routing, pipeline);
  const std::size_t start = text_.size();
  text_ += document;
  // A line feed would start another action. In JSON it is white space (or an error), so a space can
  // replace it.
  for (std::size_t at = text_.find('\n', start); at != std::string::npos;
       at = text_.find('\n', at)) {
    text_[at] = ' ';
  }
  text_ += '\n';
  ++count_;
  indexes_ = true;
}

void BulkBody::Delete(std::string_view id, std::int64_t version, std::string_view routing) {
  AppendAction(text_, R"({"delete":{"_id":)", id, version, routing, {});
  ++count_;
}

void BulkBody::Clear() {
  text_.clear();
  count_ = 0;
  indexes_ = false;
}

namespace {

std::string Text(const json::Value* value) {
  return value == nullptr ? std::string() : value->text;
}

std::string Reason(const json::Value& answer) {
  const std::string type = Text(answer.Find({"error", "type"}));
  const std::string reason = Text(answer.Find({"error", "reason"}));
  return reason.empty() ? type : type + ": " + reason;
}

// Returns whether a status 400 is about the index and not about the document. Such an error ends by
// itself or by an operator's action, so it must not become a dead letter.
bool IsAboutTheIndex(std::string_view type) {
  static constexpr std::array<std::string_view, 4> kTypes = {
      "cluster_block_exception", "index_closed_exception", "index_not_found_exception",
      "illegal_state_exception"};
  for (const std::string_view known : kTypes) {
    if (type == known) return true;
  }
  return false;
}

// Returns whether the alias has several indexes, or none to write to.
bool IsAboutTheAlias(std::string_view reason) {
  return reason.find("no write index is defined for alias") != std::string_view::npos;
}

ItemResult ReadItem(const json::Value& item) {
  if (item.members.empty()) return {Outcome::kRetry, 0, "no answer for this document"};
  const auto& [action, answer] = item.members.front();
  ItemResult result;
  const json::Value* status = answer.Find("status");
  result.status = status == nullptr ? 0 : static_cast<int>(status->AsInt().value_or(0));
  const std::string type = Text(answer.Find({"error", "type"}));
  // 409: the engine has this version or a newer one, so nothing is lost. 404 of a deletion: there
  // is no such document.
  const bool done = (result.status >= 200 && result.status < 300 && type.empty()) ||
                    (result.status == 409 && type == "version_conflict_engine_exception") ||
                    (result.status == 404 && action == "delete" && type.empty());
  if (done) return result;
  // Only an error about the document itself is final. Any other write may succeed later, and must
  // not become a dead letter.
  const bool rejected = result.status == 400 && !type.empty() && !IsAboutTheIndex(type) &&
                        !IsAboutTheAlias(Text(answer.Find({"error", "reason"})));
  result.outcome = rejected ? Outcome::kRejected : Outcome::kRetry;
  result.error = Reason(answer);
  if (result.error.empty()) result.error = fmt::format("status {} without a reason", result.status);
  return result;
}

// Returns whether the response reports that all actions succeeded. Engines write "errors" before
// the items, and a truncated response does not end with a brace.
bool AllDone(std::string_view body) {
  while (!body.empty() && (body.back() == '\n' || body.back() == ' ')) body.remove_suffix(1);
  return !body.empty() && body.back() == '}' &&
         body.substr(0, 200).find(R"("errors":false)") != std::string_view::npos;
}

constexpr const char* kBetween = "is there a proxy between pgsluice and the engine?";

json::Value ParseAnswer(std::string_view body) {
  try {
    return json::Parse(body);
  } catch (const Error& error) {
    throw IndexRefused(fmt::format("the answer to _bulk is not JSON: {}", error.what()), kBetween);
  }
}

bool IsAboutTheLogin(std::string_view text) {
  return text.find("signature") != std::string_view::npos ||
         text.find("token") != std::string_view::npos;
}

[[noreturn]] void ThrowWhole(int status, std::string_view body) {
  const std::string text =
      fmt::format("_bulk was answered with status {}: {}", status, ErrorReason(body));
  // A refused login or signature concerns every index.
  if (status == 401 || (status == 403 && IsAboutTheLogin(text))) RequireAllowed(status, text);
  throw IndexRefused(text, RemedyOf(status, text));
}

// The engine refuses the whole request because of one of its lines. Halving finds which one.
BulkResult RefusedWhole(const json::Value& answer, std::size_t actions) {
  BulkResult result;
  if (actions > 1) {
    result.too_large = true;
  } else {
    result.items.push_back({Outcome::kRejected, 400, Reason(answer)});
  }
  return result;
}

}  // namespace

BulkResult ReadBulkAnswer(int status, std::string_view body, std::size_t actions) {
  BulkResult result;
  if (status == 413) {
    result.too_large = true;
    return result;
  }
  // Usually nothing failed, and then the items need not be parsed.
  if (status == 200 && AllDone(body)) {
    result.all_done = true;
    return result;
  }
  if (status != 200 && status != 400 && status != 404) ThrowWhole(status, body);
  const json::Value answer = ParseAnswer(body);
  if (status != 200) {
    const std::string type = Text(answer.Find({"error", "type"}));
    result.index_missing = status == 404 && type == "index_not_found_exception";
    if (result.index_missing) return result;
    if (status == 404 || type.empty() || IsAboutTheIndex(type)) ThrowWhole(status, body);
    return RefusedWhole(answer, actions);
  }
  const json::Value* items = answer.Find("items");
  if (items == nullptr || items->items.size() != actions) {
    throw IndexRefused("the answer to _bulk does not fit the request", kBetween);
  }
  result.items.reserve(actions);
  for (const json::Value& item : items->items) {
    result.items.push_back(ReadItem(item));
    const ItemResult& last = result.items.back();
    if (last.error.rfind("index_not_found_exception", 0) == 0 || IsAboutTheAlias(last.error)) {
      result.index_missing = true;
    }
  }
  return result;
}

}  // namespace pgsluice::engine
