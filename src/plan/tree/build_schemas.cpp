// The plan of an index over many schemas.

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>

#include "pgsluice/base/error.h"
#include "pgsluice/pg/sql_error.h"
#include "plan/index/type_rules.h"
#include "plan/sql/bind_sql.h"
#include "plan/tree/checks.h"
#include "plan/tree/merge_fields.h"
#include "plan/tree/plan_builder.h"
#include "plan/tree/schemas.h"
#include "plan/tree/search_checks.h"

namespace pgsluice::plan {

namespace {

using Tables = std::vector<const catalog::Table*>;

/// The names of the tables that a definition uses from each schema.
class OwnTables {
 public:
  OwnTables(const config::Index& index, const config::SchemaPattern& pattern) {
    names_.insert(catalog::SplitName(pattern.table).second);
    AddSources(index.sources);
    Add(index.embeds);
  }
  const std::set<std::string>& names() const { return names_; }

 private:
  void Add(const std::string& name) {
    try {
      const auto [schema, table] = catalog::SplitName(name);
      if (schema.empty()) names_.insert(table);
    } catch (const Error&) {
      return;  // reported where it is looked up
    }
  }
  void AddSources(const std::vector<std::pair<std::string, config::On>>& sources) {
    for (const auto& [table, on] : sources) Add(table);
  }
  void Add(const std::vector<config::Embed>& embeds) {
    for (const config::Embed& embed : embeds) {
      Add(embed.table);
      for (const config::Through& through : embed.through) Add(through.table);
      AddSources(embed.sources);
      Add(embed.embeds);
    }
  }

  std::set<std::string> names_;
};

/// Returns the properties of a schema's tables that determine statements and fields. Schemas with
/// the same text have the same plan.
class Looks {
 public:
  Looks(const catalog::Catalog& catalog, const std::set<std::string>& names)
      : catalog_(catalog), names_(names) {
    for (const catalog::ForeignKey& key : catalog.foreign_keys()) keys_[key.table].push_back(&key);
  }

  std::string Of(const std::string& schema) const {
    std::string text;
    for (const std::string& name : names_) {
      const catalog::Table* table =
          catalog_.Find(std::string_view(Quoted(schema) + "." + Quoted(name)));
      text += "\n" + name;
      if (table != nullptr) AddTable(*table, schema, text);
    }
    return text;
  }

 private:
  void AddTable(const catalog::Table& table, const std::string& schema, std::string& text) const {
    text += fmt::format(" {} {} {}", table.kind, table.can_select, table.row_security);
    // Statements over inheritance children contain their names.
    if (table.HasInheritanceChildren()) text += " " + schema;
    for (const catalog::Column& column : table.columns) {
      text += fmt::format("\n {} {} {} {} {} ", column.number, column.name, column.not_null,
                          column.generated, column.can_select);
      AddType(column.type, schema, text);
    }
    for (const catalog::Index& index : table.indexes) {
      text += fmt::format("\n i {} {} {} {} {}", fmt::join(index.columns, ","), index.unique,
                          index.primary, index.partial, index.ordered);
    }
    const auto keys = keys_.find(table.oid);
    if (keys == keys_.end()) return;
    for (const catalog::ForeignKey* key : keys->second) {
      const catalog::Table* target = catalog_.Find(key->target);
      const bool own = target->schema == schema;
      text +=
          fmt::format("\n f {} {}.{} {}", fmt::join(key->columns, ","), own ? "" : target->schema,
                      target->name, fmt::join(key->target_columns, ","));
    }
  }

  static void AddType(const catalog::TypeInfo& type, const std::string& schema, std::string& text) {
    const bool own = type.schema == schema;
    const auto name = [&](const std::string& sql) {
      const std::size_t dot = sql.rfind('.');
      return own && dot != std::string::npos ? sql.substr(dot) : sql;
    };
    // A type that belongs to the schema has another oid in each schema.
    text += fmt::format("{} {} {} {} {} {} {} {} {} {} {}", type.BuiltIn() ? type.oid : 0,
                        name(type.sql), name(type.base_sql), type.base, own ? "" : type.schema,
                        type.kind, type.array, fmt::join(type.labels, ","), type.domain,
                        type.ambiguous, type.deterministic);
    if (type.element != nullptr) AddType(*type.element, schema, text);
    for (std::size_t i = 0; i < type.field_types.size(); ++i) {
      text += " " + type.field_names[i] + " ";
      AddType(*type.field_types[i], schema, text);
    }
  }

  const catalog::Catalog& catalog_;
  const std::set<std::string>& names_;
  std::map<std::uint32_t, std::vector<const catalog::ForeignKey*>> keys_;
};

class Builder {
 public:
  Builder(const catalog::Catalog& catalog, pg::Session& session, Planned& planned,
          const config::SchemaPattern& pattern)
      : catalog_(catalog), session_(session), planned_(planned), pattern_(pattern) {}

  std::shared_ptr<Plan> Build() {
    const Tables tables = TablesOf(pattern_, catalog_);
    const OwnTables own(planned_.config, pattern_);
    const Looks looks(catalog_, own.names());
    std::map<std::string, Tables> groups;
    for (const catalog::Table* table : tables) groups[looks.Of(table->schema)].push_back(table);
    std::vector<Tables> ordered;
    for (auto& [text, group] : groups) ordered.push_back(std::move(group));
    std::sort(ordered.begin(), ordered.end(), [](const Tables& a, const Tables& b) {
      return a.front()->schema < b.front()->schema;
    });
    for (const Tables& group : ordered) AddGroup(group);
    LeaveOutConflicts();
    if (shapes_.empty() && !tables.empty()) return nullptr;
    if (tables.empty()) {
      planned_.findings.push_back(
          {planned_.config.place + ".table",
           fmt::format("no schema that matches {} has a table {}", pattern_.schema, pattern_.table),
           "the index is filled when there is one", true});
    }
    return Finish();
  }

 private:
  /// Schemas with the same properties, and their plan, which is built for the first of them.
  struct Shape {
    Tables tables;  ///< The roots.
    std::shared_ptr<const Plan> plan;
    std::vector<Field> fields;
  };

  void AddGroup(const Tables& tables) {
    config::Index one = InSchema(planned_.config, pattern_, tables.front()->schema);
    one.place += " (schema " + tables.front()->schema +
                 (tables.size() > 1 ? fmt::format(" and {} more)", tables.size() - 1) : ")");
    config::Findings findings;
    Building building{catalog_, one, findings, {}, false};
    const std::shared_ptr<Plan> plan = BuildPlan(building);
    CheckFragments(session_, building);
    if (plan != nullptr && !building.failed) CheckStatements(session_, *plan, building);
    std::shared_ptr<const Plan> shape;
    if (plan != nullptr && !building.failed) shape = ShapeOf(tables.front()->schema, building);
    planned_.findings.insert(planned_.findings.end(), findings.begin(), findings.end());
    if (shape == nullptr) return LeaveOut(tables);
    shapes_.push_back({tables, std::move(shape), plan->fields});
  }

  void LeaveOut(const Tables& tables) {
    for (const catalog::Table* table : tables) schemas_->broken.insert(table->schema);
  }

  /// Returns the same plan with placeholders for the schema's name.
  std::shared_ptr<const Plan> ShapeOf(const std::string& schema, Building& checked) const {
    const std::string place(kSchemaPlace);
    const catalog::Catalog renamed =
        catalog_.Rename(schema, place, [this](const std::string& other) {
          return !config::MatchesSchema(pattern_.schema, other);
        });
    const config::Index one = InSchema(planned_.config, pattern_, place);
    config::Findings findings;
    Building building{renamed, one, findings, {}, false};
    const std::shared_ptr<Plan> shape = BuildPlan(building);
    if (shape == nullptr || building.failed) {
      for (const config::Finding& finding : findings) {
        if (!finding.warning) checked.Error(finding.place, finding.message, finding.hint);
      }
      return nullptr;
    }
    for (const auto& [oid, layout] : shape->relations) {
      if (const catalog::Table* table = renamed.Find(oid)) {
        shape->resolved += "\n" + table->QualifiedName() + ColumnsText(*table, *shape);
      }
    }
    return shape;
  }

  /// Removes the schemas whose documents the engine would refuse.
  void LeaveOutConflicts() {
    fields_ = {SchemaField(planned_.config)};
    std::vector<FieldsOfSome> all;
    for (const Shape& shape : shapes_) all.push_back({&shape.fields, shape.tables.size()});
    if (!all.empty()) fields_ = MergeFields(all);
    std::erase_if(shapes_, [&](const Shape& shape) {
      const std::string conflict = Conflict(shape.fields, fields_);
      if (conflict.empty()) return false;
      planned_.findings.push_back(
          {fmt::format("{} (schema {})", planned_.config.place, shape.tables.front()->schema),
           conflict, "change the column's type in this schema, or exclude the column", false});
      LeaveOut(shape.tables);
      return true;
    });
  }

  std::shared_ptr<Plan> Finish() {
    auto plan = std::make_shared<Plan>();
    plan->config = planned_.config;
    plan->name = planned_.config.name;
    plan->root_name = planned_.config.table;
    plan->key = {planned_.config.schema_field};
    plan->fields = fields_;
    for (const Shape& shape : shapes_) AddMembers(shape, *plan);
    std::sort(schemas_->members.begin(), schemas_->members.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    plan->schemas = schemas_;
    if (shapes_.empty()) return plan;
    const Plan& first = *shapes_.front().plan;
    plan->key.insert(plan->key.end(), first.key.begin(), first.key.end());
    plan->keep_times = first.keep_times;
    Building building{catalog_, planned_.config, planned_.findings, {}, false};
    CheckPaths(*plan, building);
    return building.failed ? nullptr : plan;
  }

  void AddMembers(const Shape& shape, Plan& plan) {
    const catalog::Catalog& catalog = catalog_;
    for (const catalog::Table* root : shape.tables) {
      Schemas::Member member;
      member.name = root->schema;
      member.shape = schemas_->shapes.size();
      member.root = root->oid;
      member.descendants = root->descendants;
      for (const auto& [oid, layout] : shape.plan->relations) {
        const catalog::Table* table = Own(*catalog.Find(oid), shape, root->schema);
        member.oids.emplace_back(oid, table->oid);
        member.layouts.push_back(table->layout);
        member.resolved += fmt::format("\n{} {}", table->oid, table->rule);
        AddRelation(*table, plan);
      }
      AddSources(shape, member, plan);
      schemas_->members.push_back(std::move(member));
    }
    schemas_->shapes.push_back(shape.plan);
  }

  /// Returns the table of a schema that corresponds to `table` in the first one.
  const catalog::Table* Own(const catalog::Table& table, const Shape& shape,
                            const std::string& schema) const {
    if (table.schema != shape.tables.front()->schema) return &table;
    return catalog_.Find(std::string_view(Quoted(schema) + "." + Quoted(table.name)));
  }

  void AddRelation(const catalog::Table& table, Plan& plan) {
    if (relations_.insert(table.oid).second) plan.relations.push_back({table.oid, table.layout});
  }

  /// Collects the sources of all schemas, each once: for triggers, and to route events to the
  /// index.
  void AddSources(const Shape& shape, const Schemas::Member& member, Plan& plan) {
    for (const Source& source : shape.plan->sources) {
      const std::uint32_t oid = member.Own(source.table);
      const auto [at, is_new] = sources_.try_emplace(oid, plan.sources.size());
      if (!is_new) {
        Unite(plan.sources[at->second], source);
        continue;
      }
      Source one = source;
      one.table = oid;
      one.table_name = catalog_.Find(oid)->QualifiedName();
      one.to_roots = {};
      plan.sources.push_back(std::move(one));
    }
  }

  static void Unite(Source& into, const Source& more) {
    const auto add = [](std::vector<std::string>& names, const std::vector<std::string>& others) {
      for (const std::string& name : others) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    };
    add(into.captured, more.captured);
    const bool all = into.watched.empty() || more.watched.empty();
    if (all) {
      into.watched.clear();
    } else {
      add(into.watched, more.watched);
    }
  }

  const catalog::Catalog& catalog_;
  pg::Session& session_;
  Planned& planned_;
  const config::SchemaPattern& pattern_;
  std::vector<Shape> shapes_;
  std::vector<Field> fields_;
  std::shared_ptr<Schemas> schemas_ = std::make_shared<Schemas>();
  std::set<std::uint32_t> relations_;
  std::map<std::uint32_t, std::size_t> sources_;  ///< Places in Plan::sources, by oid.
};

}  // namespace

Field SchemaField(const config::Index& index) {
  Field field;
  field.name = field.path = index.schema_field;
  ApplyEngineType("keyword", field);
  field.pg_type = "text";
  field.nullable = false;
  return field;
}

void BuildOverSchemas(const catalog::Catalog& catalog, pg::Session& session, Planned& planned,
                      const config::SchemaPattern& pattern) {
  try {
    planned.plan = Builder(catalog, session, planned, pattern).Build();
  } catch (const pg::SqlError&) {
    throw;
  } catch (const Error& error) {
    if (error.disposition() != Disposition::kReject) throw;
    planned.findings.push_back(
        {planned.config.place + ".table", error.what(), error.hint(), false});
  }
}

}  // namespace pgsluice::plan
