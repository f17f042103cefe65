#include <spdlog/fmt/fmt.h>

#include <optional>
#include <ostream>

#include "app/commands/commands.h"
#include "app/service/wanted_plans.h"
#include "pgsluice/base/text.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/json/build.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/plan/schema_ids.h"

namespace pgsluice::app {

namespace {

constexpr int kMostDepth = 1000;

struct Document {
  std::string id, text;
};

/// Reads the documents of one plan and writes nothing: every statement runs in a READ ONLY
/// transaction that is rolled back. Also works before the migrations.
class Reader {
 public:
  Reader(pg::Session& session, const plan::Plan& plan) : session_(session), plan_(plan) {}

  std::vector<Document> ById(const std::string& id) {
    const pg::Transaction transaction(session_);
    session_.Exec("SET TRANSACTION READ ONLY");
    std::string key = plan_.KeyOfId(id);
    try {
      if (key.empty()) {
        const pg::Result keys =
            session_.ExecParams(Possible(plan_.keys_of_ids.sql), {json::ToText(json::Items({id}))});
        if (keys.rows() > 0) key = keys.Text(0, 0);
      }
      return key.empty() ? std::vector<Document>() : Read("[" + key + "]");
    } catch (const Error& error) {
      // No key of this type can have this id.
      if (error.disposition() != Disposition::kReject) throw;
      return {};
    }
  }

  std::vector<Document> First(std::size_t limit) {
    const pg::Transaction transaction(session_);
    session_.Exec("SET TRANSACTION READ ONLY");
    session_.ExecParams("DECLARE previewed NO SCROLL CURSOR FOR " + Possible(plan_.all_keys_sql),
                        {});
    std::vector<Document> documents;
    while (documents.size() < limit) {
      const pg::Result rows =
          session_.Exec(fmt::format("FETCH {} FROM previewed", limit - documents.size()));
      if (rows.rows() == 0) break;
      std::string keys;
      for (std::size_t row = 0; row < rows.rows(); ++row) {
        keys += (keys.empty() ? "[" : ",") + std::string(rows.Text(row, 0));
      }
      for (Document& document : Read(keys + "]")) documents.push_back(std::move(document));
    }
    return documents;
  }

 private:
  std::vector<Document> Read(const std::string& keys) {
    const pg::Result rows = session_.ExecParams(Possible(plan_.read_by_key.sql), {keys});
    std::vector<Document> documents;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      if (rows.IsNull(row, 2)) continue;  // does not match "where", or has no row
      documents.push_back({std::string(rows.Text(row, 1)), WithoutOurs(rows.Text(row, 2))});
    }
    return documents;
  }

  /// Returns the statement in a form that this database can run.
  std::string Possible(const std::string& sql) {
    if (!migrated_) {
      migrated_ = session_
                      .Exec(R"sql(
        SELECT EXISTS (
          SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname = 'pgsluice' AND p.proname = 'typed'
            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')))sql")
                      .Bool(0, 0);
    }
    return *migrated_ ? sql : plan::WithoutFunctions(sql);
  }

  static std::string WithoutOurs(std::string_view text) {
    json::Value document = json::Parse(text, {false, false, kMostDepth});
    std::erase_if(document.members,
                  [](const auto& member) { return member.first.starts_with("__"); });
    return json::ToText(document);
  }

  pg::Session& session_;
  const plan::Plan& plan_;
  std::optional<bool> migrated_;
};

/// Returns the mapping for the configured engine, or for OpenSearch if no engine can be asked.
std::string Mapping(const Context& context, const plan::Plan& plan) {
  try {
    engine::Engine engine(engine::MakeTransport(context.config.elasticsearch));
    return plan.MappingJson(engine.Detect().opensearch);
  } catch (const Error& error) {
    context.err << "the mapping is that for OpenSearch, because no engine can be asked: "
                << error.what() << '\n';
    return plan.MappingJson(true);
  }
}

json::ObjectPtr DescribeSql(const plan::Plan& plan) {
  json::ArrayPtr sources = json::Items();
  for (const plan::Source& source : plan.sources) {
    const std::string& sql = source.to_roots.sql;
    sources->add(json::Members({{"table", source.table_name},
                                {"to_roots", sql.empty() ? json::Built() : json::Built(sql)}}));
  }
  return json::Members({{"documents", plan.read_by_key.sql}, {"sources", sources}});
}

void PrintSql(const plan::Plan& plan, std::ostream& out) {
  out << "-- documents by key; $1 = JSON array of keys\n" << plan.read_by_key.sql << '\n';
  for (const plan::Source& source : plan.sources) {
    if (source.to_roots.sql.empty()) continue;
    out << "-- keys of the documents that rows of " << source.table_name
        << " concern; $1 = JSON array of the rows' keys\n"
        << source.to_roots.sql << '\n';
  }
}

/// Calls `use` for the plan, or for the plan of each schema until `use` returns false.
template <typename Use>
void ForEachPlan(const plan::Plan& plan, const Use& use) {
  if (plan.schemas == nullptr) {
    use(plan);
    return;
  }
  for (std::size_t i = 0; i < plan.schemas->members.size(); ++i) {
    if (!use(*plan.Of(i))) return;
  }
}

std::vector<Document> First(pg::Session& session, const plan::Plan& plan, std::size_t limit) {
  std::vector<Document> all;
  ForEachPlan(plan, [&](const plan::Plan& one) {
    for (Document& document : Reader(session, one).First(limit - all.size())) {
      all.push_back(std::move(document));
    }
    return all.size() < limit;
  });
  return all;
}

std::vector<Document> ById(pg::Session& session, const plan::Plan& plan, const std::string& id) {
  std::vector<Document> found;
  const auto schema = plan.schemas == nullptr ? std::nullopt : plan::SchemaOfId(id);
  ForEachPlan(plan, [&](const plan::Plan& one) {
    const bool may_have = !schema || one.schema == *schema;
    if (may_have) found = Reader(session, one).ById(id);
    return found.empty();
  });
  return found;
}

/// Returns the plan whose SQL is shown. For an index over many schemas, this is the first one.
std::shared_ptr<const plan::Plan> WithSql(const std::shared_ptr<const plan::Plan>& plan) {
  const bool many = plan->schemas != nullptr && !plan->schemas->members.empty();
  return many ? plan->Of(0) : plan;
}

std::vector<Document> Documents(const Context& context, pg::Session& session,
                                const plan::Plan& plan) {
  const Invocation& invocation = context.invocation;
  if (!invocation.Has("id")) {
    return First(session, plan, base::Number(invocation.Option("limit", "1"), 10).value_or(1));
  }
  std::vector<Document> found = ById(session, plan, invocation.Option("id"));
  if (found.empty()) {
    throw Error(
        Disposition::kReject,
        fmt::format("index '{}' would have no document '{}'", plan.name, invocation.Option("id")),
        "its row does not exist, or does not match \"where\"");
  }
  return found;
}

}  // namespace

int RunPreview(const Context& context) {
  const Invocation& invocation = context.invocation;
  if (invocation.arguments.size() != 1) {
    throw UsageError("preview takes one index", "see pgsluice preview --help");
  }
  if (invocation.Has("id") && invocation.Has("limit")) {
    throw UsageError("--id and --limit are given", "keep one of them");
  }
  const std::string show = invocation.Option("show", "document");
  const bool all = show == "all";
  pg::Session session({.url = context.config.database.url});
  const auto plan = WantedPlans(context, session).plans.at(0);
  json::ObjectPtr out = json::Members({{"index", plan->name}});
  const bool as_json = invocation.Has("json");
  if (all || show == "document") {
    json::ArrayPtr list = json::Items();
    for (const Document& document : Documents(context, session, *plan)) {
      const json::ObjectPtr line =
          json::Members({{"id", document.id}, {"document", json::Raw(document.text)}});
      list->add(line);
      if (!as_json) context.out << json::ToText(line) << '\n';
    }
    out->set("documents", list);
  }
  if (all || show == "mapping") {
    const std::string mapping = Mapping(context, *plan);
    if (!as_json) context.out << mapping << '\n';
    out->set("mapping", json::Raw(mapping));
  }
  if (all || show == "sql") {
    const auto with_sql = WithSql(plan);
    if (!as_json) PrintSql(*with_sql, context.out);
    out->set("sql", DescribeSql(*with_sql));
  }
  if (as_json) context.out << json::ToText(out) << '\n';
  return kOk;
}

}  // namespace pgsluice::app
