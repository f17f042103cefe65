#include "api/rest/engine_analysis.h"

#include <algorithm>

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"

namespace pgsluice::api {

namespace {

constexpr std::size_t kMostKnown = 20000;
constexpr const char* kOurs = "pgsluice_text";

/// Returns the length in UTF-16 units, in which engines count offsets.
std::size_t Utf16Length(const std::string& text) {
  std::size_t length = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) ++length;
    if (byte >= 0xF0U) ++length;
  }
  return length;
}

std::int64_t Offset(const json::Value& token, const char* name) {
  const json::Value* value = token.Find(name);
  return value == nullptr ? 0 : value->AsInt().value_or(0);
}

/// Distributes the tokens of a response to the lines that were sent.
std::vector<std::vector<query::Term>> Dealt(const json::Value& answer,
                                            const std::vector<std::string>& texts) {
  std::vector<std::vector<query::Term>> all(texts.size());
  const json::Value* tokens = answer.Find("tokens");
  if (tokens == nullptr || texts.empty()) return all;
  std::size_t line = 0;
  auto end = static_cast<std::int64_t>(Utf16Length(texts[0]));
  std::int64_t before = -1;
  for (const json::Value& item : tokens->items) {
    const json::Value* text = item.Find("token");
    const json::Value* type = item.Find("type");
    const std::int64_t begin = Offset(item, "start_offset");
    while (begin > end && line + 1 < texts.size()) {
      end += 1 + static_cast<std::int64_t>(Utf16Length(texts[++line]));
    }
    if (text == nullptr) continue;
    query::Term token;
    token.text = text->text;
    token.ideograph =
        type != nullptr && (type->text == "<IDEOGRAPHIC>" || type->text == "<HIRAGANA>");
    token.glued = begin == before;
    before = Offset(item, "end_offset");
    all[line].push_back(std::move(token));
  }
  return all;
}

http::Response ParseSearch(engine::Engine& engine, const std::string& path,
                           const std::string& analyzer, const std::string& text) {
  http::Request request;
  request.method = "POST";
  request.path = path;
  const std::string body =
      R"({"analyzer":)" + json::Quote(analyzer) + R"(,"text":)" + json::Quote(text) + "}";
  request.body = body;
  request.timeout = std::chrono::seconds(5);
  return engine.Send(request);
}

}  // namespace

std::vector<std::vector<query::Term>> AnalysisCache::Tokens(engine::Engine& engine,
                                                            const std::string& alias,
                                                            const std::string& analyzer,
                                                            const std::vector<std::string>& texts) {
  const std::string name = analyzer.empty() ? kOurs : analyzer;
  const std::string prefix = alias + '\n' + name + '\n';
  std::vector<std::vector<query::Term>> found;
  if (Lookup(prefix, texts, found)) return found;
  std::string lines;
  for (const std::string& text : texts) {
    std::string line = text;
    std::replace(line.begin(), line.end(), '\n', ' ');
    lines += (lines.empty() ? "" : "\n") + line;
  }
  const std::string path = "/" + http::Encode(alias) + "/_analyze";
  http::Response response = ParseSearch(engine, path, name, lines);
  // The index was created before the analyzer was configured.
  if (response.status == 400 && name != kOurs) response = ParseSearch(engine, path, kOurs, lines);
  if (response.status != 200) return query::AsciiAnalysis().Tokens(analyzer, texts);
  found = Dealt(query::ParsePart(response.body), texts);
  Remember(prefix, texts, found);
  return found;
}

bool AnalysisCache::Lookup(const std::string& prefix, const std::vector<std::string>& texts,
                           std::vector<std::vector<query::Term>>& found) {
  const base::MutexLock lock(mutex_);
  for (const std::string& text : texts) {
    const auto known = known_.find(prefix + text);
    if (known == known_.end()) {
      found.clear();
      return false;
    }
    found.push_back(known->second);
  }
  return true;
}

void AnalysisCache::Remember(const std::string& prefix, const std::vector<std::string>& texts,
                             const std::vector<std::vector<query::Term>>& found) {
  const base::MutexLock lock(mutex_);
  if (known_.size() > kMostKnown) known_.clear();
  for (std::size_t i = 0; i < texts.size(); ++i) known_[prefix + texts[i]] = found[i];
}

}  // namespace pgsluice::api
