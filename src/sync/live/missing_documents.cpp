#include "sync/live/missing_documents.h"

#include <algorithm>
#include <string_view>

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/pg/sql_error.h"
#include "sync/live/routed_key.h"

namespace pgsluice::sync {

namespace {

void AddItem(std::string& array, const std::string& item) {
  array += array.empty() ? "[" : ",";
  array += item;
}

/// Turns keys into ids. A key with a text that does not fit its type fails the whole statement; it
/// is found by halving.
class KeyReader {
 public:
  KeyReader(pg::Session& session, const plan::Plan& plan, const std::vector<std::string>& keys,
            bool in_transaction)
      : session_(session), plan_(plan), keys_(keys), in_transaction_(in_transaction) {}

  std::vector<std::vector<std::string>> Read() {
    ids_.resize(keys_.size());
    Read(0, keys_.size());
    return std::move(ids_);
  }

 private:
  void Read(std::size_t begin, std::size_t end) {
    if (begin == end || TryRead(begin, end) || end - begin == 1) return;
    const std::size_t middle = begin + (end - begin) / 2;
    Read(begin, middle);
    Read(middle, end);
  }

  bool TryRead(std::size_t begin, std::size_t end) {
    std::string array;
    for (std::size_t i = begin; i < end; ++i) AddItem(array, keys_[i]);
    try {
      if (in_transaction_) session_.Exec("SAVEPOINT ids");
      const pg::Result rows = session_.Exec(plan_.ids_of_keys, {array + "]"});
      for (std::size_t row = 0; row < rows.rows(); ++row) {
        const auto place = begin + static_cast<std::size_t>(rows.Int(row, 0)) - 1;
        if (!rows.IsNull(row, 1)) ids_.at(place).emplace_back(rows.Text(row, 1));
      }
      if (in_transaction_) session_.Exec("RELEASE SAVEPOINT ids");
      return true;
    } catch (const pg::SqlError& error) {
      if (!error.IsOfOneRow() && !IsOfDomain(error)) throw;
      if (in_transaction_) session_.Exec("ROLLBACK TO SAVEPOINT ids");
      return false;
    }
  }

  /// Returns whether the CHECK or NOT NULL of a domain does not allow the value.
  static bool IsOfDomain(const pg::SqlError& error) {
    return error.sqlstate() == "23514" || error.sqlstate() == "23502";
  }

  pg::Session& session_;
  const plan::Plan& plan_;
  const std::vector<std::string>& keys_;
  const bool in_transaction_;
  std::vector<std::vector<std::string>> ids_;
};

}  // namespace

std::vector<std::string> KeysToRefresh(const plan::Plan& plan, const pg::Result& missing,
                                       const std::vector<std::string>& ids) {
  constexpr std::size_t kId = 1, kRouting = 3;
  std::set<std::string> keys;
  const bool routed = !plan.config.routing.empty();
  if (!routed && !plan.several_ids) return {};
  const std::set<std::string_view> asked(ids.begin(), ids.end());
  for (std::size_t row = 0; row < missing.rows(); ++row) {
    if (!asked.contains(missing.Text(row, kId))) continue;
    const std::string key = plan.KeyOfId(missing.Text(row, kId));
    if (key.empty()) continue;
    keys.insert(routed ? RoutedKey(key, std::string(missing.Text(row, kRouting))) : key);
  }
  return {keys.begin(), keys.end()};
}

std::vector<std::vector<std::string>> IdsOfKeys(pg::Session& session, const plan::Plan& plan,
                                                const std::vector<std::string>& keys,
                                                bool in_transaction) {
  return KeyReader(session, plan, keys, in_transaction).Read();
}

SortedIds SortIds(pg::Session& session, const plan::Plan& plan, const std::vector<std::string>& ids,
                  const std::vector<std::string>& routings, bool in_transaction) {
  SortedIds sorted;
  std::vector<std::string> keys;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    // No text in PostgreSQL contains this character.
    if (ids[i].find('\0') != std::string::npos) {
      sorted.foreign.push_back(i);
      continue;
    }
    std::string key = plan.KeyOfId(ids[i]);
    if (key.empty()) {
      sorted.opaque.push_back(ids[i]);
      continue;
    }
    keys.push_back(std::move(key));
    places.push_back(i);
  }
  const auto right = IdsOfKeys(session, plan, keys, in_transaction);
  const bool routed = !plan.config.routing.empty() && !routings.empty();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::size_t place = places[i];
    // A text that can be read as a key, but is written in another way ("007"), is not the id of a
    // row.
    if (std::find(right[i].begin(), right[i].end(), ids[place]) == right[i].end()) {
      sorted.foreign.push_back(place);
    } else {
      sorted.keys.push_back(routed ? RoutedKey(keys[i], routings[place]) : keys[i]);
    }
  }
  return sorted;
}

std::vector<MissingQuery> MissingQueries(const plan::Plan& plan, const SortedIds& ids) {
  std::vector<MissingQuery> queries;
  if (!ids.keys.empty()) {
    std::string keys;
    for (const std::string& key : ids.keys) AddItem(keys, key);
    queries.push_back({plan.missing_keys, keys + "]"});
  }
  if (!ids.opaque.empty()) {
    std::string opaque;
    for (const std::string& id : ids.opaque) AddItem(opaque, json::Quote(id));
    queries.push_back(
        {{"missing_ids", "SELECT version, id, NULL, " +
                             (plan.routed_by_schema ? pg::Session::QuoteLiteral(plan.schema)
                                                    : std::string("NULL")) +
                             " FROM (" + plan.missing_ids.sql + ") AS d(id, version)"},
         opaque + "]"});
  }
  return queries;
}

MissingQuery ForeignQuery(const std::vector<std::string>& ids,
                          const std::vector<std::string>& routings,
                          const std::vector<std::size_t>& foreign) {
  static const pg::Statement kForeign{
      "foreign_ids",
      "SELECT (SELECT pgsluice.version()), v ->> 0, NULL, v ->> 1 FROM "
      "jsonb_array_elements($1::jsonb) AS e(v)"};
  std::string pairs = "[";
  for (const std::size_t place : foreign) {
    if (ids[place].find('\0') != std::string::npos) continue;  // only the engine can hold it
    const std::string routing = place < routings.size() ? routings[place] : "";
    pairs += (pairs.size() > 1 ? ",[" : "[") + json::Quote(ids[place]) + "," +
             (routing.empty() ? "null" : json::Quote(routing)) + "]";
  }
  return {kForeign, pairs + "]"};
}

}  // namespace pgsluice::sync
