#include "config/options.h"
#include "pgsluice/config/values.h"
#include "pgsluice/config/words.h"

namespace pgsluice::config {

namespace {

const Option kColumns = {
    .name = "columns",
    .type = Type::kStrings,
    .description = "Which columns. Left out: all. []: none, if there are \"fields\"."};
const Option kExclude = {.name = "exclude",
                         .type = Type::kStrings,
                         .description = "All columns but these. Not together with columns."};
const Option kRename = {.name = "rename", .type = Type::kMap, .description = "Column -> field."};
const Option kOn = {.name = "on",
                    .type = Type::kMap,
                    .description = "Parent column -> child column. Left out: the foreign key."};

const std::vector<Option>& FieldOptions() {
  static const std::vector<Option> options = {
      {.name = "sql", .description = "An expression over the table's columns.", .required = true},
      {.name = "type", .description = "The engine's field type.", .required = true},
  };
  return options;
}

const std::vector<Option>& SourceOptions() {
  static const std::vector<Option> options = {
      {.name = "table", .description = "A table the view is made from.", .required = true},
      {.name = "on",
       .type = Type::kMap,
       .description = "Column of that table -> key column of the view.",
       .required = true},
  };
  return options;
}

const std::vector<Option>& ThroughOptions() {
  static const std::vector<Option> options = {
      {.name = "table", .description = "A link table.", .required = true},
      kOn,
  };
  return options;
}

const Option kFields = {.name = "fields",
                        .type = Type::kMap,
                        .description = "Computed fields: name -> SQL and type.",
                        .members = FieldOptions};
const Option kKey = {.name = "key",
                     .type = Type::kStrings,
                     .description = "Key columns; only if the catalog has no usable key."};
const Option kSources = {.name = "sources",
                         .type = Type::kObjects,
                         .description = "The tables that a view is made from.",
                         .members = SourceOptions};

const std::vector<Option>& EmbedOptions();

const Option kEmbed = {.name = "embed",
                       .type = Type::kMap,
                       .description = "Field name -> rows of another table to embed.",
                       .members = EmbedOptions};

const std::vector<Option>& EmbedOptions() {
  static const std::vector<Option> options = {
      {.name = "table", .description = "A table or view, as in SQL.", .required = true},
      kOn,
      {.name = "through",
       .type = Type::kObjects,
       .description = "Link tables between the parent and the table, in order.",
       .members = ThroughOptions},
      kColumns,
      kExclude,
      kRename,
      kFields,
      {.name = "where", .description = "SQL over the table's columns.", .nullable = true},
      {.name = "order_by", .description = "An SQL list: created_at DESC, id.", .nullable = true},
      {.name = "limit", .type = Type::kInteger, .nullable = true, .min = 1, .max = 100000},
      {.name = "value", .description = "Scalars of this column instead of objects."},
      {.name = "aggregate",
       .type = Type::kAggregate,
       .description = "One value over the rows: count, or {\"sum\": \"stars\"}, min, max, avg."},
      {.name = "many",
       .type = Type::kBool,
       .description = "An array or an object. Left out: depends on whether the join columns are "
                      "unique.",
       .nullable = true},
      {.name = "nested",
       .type = Type::kBool,
       .description = "Map to-many objects as nested. Left out: yes.",
       .nullable = true},
      kKey,
      kSources,
      kEmbed,
  };
  return options;
}

const Option kBoostFilter = {.name = "filter",
                             .description =
                                 "Raises the documents that meet this condition, written like the "
                                 "parameter `filter`."};
const Option kBoostWeight = {.name = "weight",
                             .type = Type::kNumber,
                             .description = "Weight: one point adds a tenth of the text's score.",
                             .default_json = "1",
                             .min = 0,
                             .max = 1000};

const std::vector<Option>& RankingOptions() {
  static const std::vector<Option> options = {
      {.name = "field", .description = "A number: larger values come first."},
      {.name = "modifier",
       .description = "Function of the number. Use log1p for counts, none for ratings of 1 to "
                      "5.",
       .default_json = R"("none")",
       .allowed = Modifiers()},
      {.name = "recency", .description = "A date or time: newer ones come first."},
      {.name = "half_life",
       .description = "The age at which recency counts half: 12h, 30d, 2w.",
       .check = CheckHalfLife,
       .pattern = "^[0-9]+[smhdw]$"},
      kBoostFilter,
      kBoostWeight,
  };
  return options;
}

const std::vector<Option>& RuleBoostOptions() {
  static const std::vector<Option> options = {kBoostFilter, kBoostWeight};
  return options;
}

const std::vector<Option>& RuleOptions() {
  static const std::vector<Option> options = {
      {.name = "q",
       .description = "The words of the query, compared without case and accents.",
       .required = true},
      {.name = "match",
       .description = "Whether these are all words of the query, some of them, or its first "
                      "ones.",
       .default_json = R"("exact")",
       .allowed = {"exact", "contains", "starts_with"}},
      {.name = "pin",
       .type = Type::kStrings,
       .description = "Ids that come first, in this order, if the caller may see them and no "
                      "filter excludes them."},
      {.name = "hide", .type = Type::kStrings, .description = "Ids that are not found."},
      {.name = "boost",
       .type = Type::kObjects,
       .description = "Boosts in addition to search.ranking.",
       .members = RuleBoostOptions},
      {.name = "filter",
       .description = "A condition that every hit has to meet, including pinned ones."},
  };
  return options;
}

const std::vector<Option>& SearchOptions() {
  static const std::vector<Option> options = {
      {.name = "fields",
       .type = Type::kMap,
       .description = "Field path -> weight, for the fields that `q` searches. Left out: all "
                      "text.",
       .min = 0,
       .max = 1000,
       .item = Type::kNumber},
      {.name = "hidden",
       .type = Type::kStrings,
       .description = "Field paths that no caller sees or uses."},
      {.name = "default_sort",
       .type = Type::kStrings,
       .description = "Like the sort parameter: created_at:desc."},
      {.name = "per_page", .type = Type::kInteger, .default_json = "20", .min = 1, .max = 100},
      {.name = "language",
       .description = "How text is analysed: a language of the engine, \"cjk\" or \"standard\".",
       .default_json = R"("standard")",
       .allowed = Languages()},
      {.name = "languages",
       .type = Type::kMap,
       .description = "Field path -> language, for single fields. An analyzer in mapping takes "
                      "precedence.",
       .allowed = Languages()},
      {.name = "stop_words",
       .type = Type::kStrings,
       .description = "Words that need not match. Left out: those of the language."},
      {.name = "synonyms",
       .type = Type::kStrings,
       .description = "Lines: \"tv, television\" find each other, \"notebook => laptop\" one way. "
                      "Applies after a reload.",
       .check = CheckSynonyms},
      {.name = "identifiers",
       .type = Type::kStrings,
       .description = "Paths of codes, file names, addresses: found by their parts and beginnings "
                      "whatever their case and separators, without typos."},
      {.name = "fallback",
       .description = "What match=all does when it finds nothing: \"most\" leaves out the words "
                      "that occur nowhere, then asks for most of the others.",
       .default_json = R"("none")",
       .allowed = {"none", "most", "any"}},
      {.name = "ranking",
       .type = Type::kObjects,
       .description = "What comes first among documents that match about equally well: a "
                      "number, their age, a filter. Applies after a reload.",
       .members = RankingOptions},
      {.name = "rules",
       .type = Type::kObjects,
       .description = "Changes for certain queries: documents are pinned, hidden, raised or "
                      "filtered. Applies after a reload.",
       .members = RuleOptions},
      {.name = "facets", .type = Type::kStrings, .description = "Fields offered as facets."},
      {.name = "incomplete",
       .description = "While the first copy is not complete: mark answers as partial, or refuse "
                      "them (503 index_not_ready).",
       .default_json = R"("mark")",
       .allowed = {"mark", "refuse"}},
  };
  return options;
}

}  // namespace

const std::vector<Option>& IndexOptions() {
  static const std::vector<Option> options = {
      {.name = "database",
       .description =
           "Which of `databases` the table is in, or with `database.all` the name of the "
           "database. May be left out if there is only one."},
      {.name = "table",
       .description = "Table, partitioned table or view, as in SQL. Left out: the index's name. "
                      "tenant_*.orders is the same table in every schema that matches."},
      {.name = "schema_field",
       .description = "The field that holds the schema's name, for a table in many schemas. "
                      "Left out: schema."},
      {.name = "index_per",
       .description = "For a table in many schemas: \"schema\" creates an index <index>.<schema> "
                      "for each, instead of one for all.",
       .nullable = true,
       .allowed = {"schema"}},
      kKey,
      {.name = "where",
       .description = "SQL over the table's columns; other rows are not in the index.",
       .nullable = true},
      {.name = "refresh_at",
       .description = "SQL over the table's columns: a timestamptz at which the document changes "
                      "by itself, or null. It is written again then.",
       .nullable = true},
      {.name = "refresh_every",
       .description = "For a view or materialized view: how often it is read again, without "
                      "triggers. Differences are written, and documents without a row are "
                      "removed.",
       .nullable = true,
       .check = CheckInterval},
      kColumns,
      kExclude,
      kRename,
      kFields,
      kEmbed,
      kSources,
      {.name = "mapping",
       .type = Type::kMap,
       .description = "Field path -> definition, merged into the derived mapping.",
       .item = Type::kAnyObject},
      {.name = "settings",
       .type = Type::kAnyObject,
       .description = "Index settings for the engine. They replace ours: gc_deletes, "
                      "refresh_interval, analysis.analyzer.default, and on OpenSearch "
                      "merge_on_flush.enabled.",
       .nullable = true},
      {.name = "routing",
       .description = "A column to route by, or the field with the schema's name. Not for a view.",
       .nullable = true},
      {.name = "pipeline", .description = "An ingest pipeline of the engine.", .nullable = true},
      {.name = "search", .type = Type::kObject, .default_json = "{}", .members = SearchOptions},
  };
  return options;
}

}  // namespace pgsluice::config
