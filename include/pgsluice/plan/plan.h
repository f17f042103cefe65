#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/pg/session.h"

/// A document is one line: the selected columns in their order, computed fields, embeds, and
/// pgsluice's own fields:
///   `__id`   the `_id`, for sorting and paging (root only, always last);
///   `__enum` per object: the place of each enum value in the declared order ({"status":2});
///   `__raw:NAME` instead of NAME: a value that the engine would refuse at this path (an empty
///            range, a JSON scalar under a flattened field). Not mapped. Callers see it as NAME.
///   `__unsearchable` the paths of values that no search finds; see unsearchable.h.
/// The mapping adds fields that are not in the document: `__all`, a copy of the text fields that
/// have the index's analyzer (see text_rules.h), and sub-fields whose names begin with `__`.
///
/// A plan says how the rows of a root table and its tree of embeds become documents. It is derived
/// once from the configuration and the catalog, and immutable afterwards. All statements that read
/// documents, and everything the search API knows about fields, come from it.
namespace pgsluice::plan {

/// The kind of a field's values, which decides mapping, filters, sorting and exactness.
enum class Kind {
  kInteger,  ///< smallint, integer, bigint: exact.
  kDecimal,  ///< numeric, real, double: compared as double.
  kBool,
  kText,     ///< text, varchar, citext: analysed, with exact value in `.keyword`.
  kKeyword,  ///< char, uuid, money, interval, bit, …: exact value only.
  kEnum,     ///< keyword whose order is the declared one.
  kDate,     ///< date, timestamp, timestamptz.
  kTime,     ///< time, timetz: keyword.
  kJson,     ///< json, jsonb, hstore: flattened / flat_object.
  kRange,    ///< the engine's ranges.
  kIp,
  kIpRange,
  kBinary,
  kGeoPoint,
  kGeoShape,
  kVector,
  kObject,  ///< an embed or composite: has `fields`.
};

struct Field {
  std::string name;  ///< Last part of the path.
  std::string path;  ///< "owner.name".
  Kind kind = Kind::kKeyword;
  std::string
      engine_type;  ///< Mapping type if the kind does not determine it ("long", "integer_range").
  std::string pg_type;      ///< For messages: "numeric(10,2)".
  bool bigint = false;      ///< int8 or numeric: `numbers=string` applies.
  bool array = false;       ///< Several values, or a to-many embed.
  bool nested = false;      ///< kObject that the engine maps as nested.
  std::string nested_path;  ///< Path of the innermost nested ancestor (or itself); else empty.
  std::vector<std::string> labels;  ///< kEnum, in declared order.
  int vector_dimensions = 0;
  bool nullable = true;       ///< False for a NOT NULL column, a list of rows and a count.
  bool unindexed = false;     ///< The mapping says `"index": false`.
  bool no_values = false;     ///< The mapping says `"doc_values": false`.
  bool identifier = false;    ///< Named in `search.identifiers`: found by its parts, without typos.
  std::vector<Field> fields;  ///< kObject.
};

/// A table whose changes affect the index, and how its events lead to the root.
struct Source {
  std::uint32_t table = 0;            ///< oid.
  std::string table_name;             ///< Qualified, quoted.
  std::vector<std::string> captured;  ///< Columns in the event key, in this order: identity first.
  std::vector<std::string> watched;   ///< Columns whose change matters; empty: all.
  /// $1 = JSON array of event keys (arrays positional by `captured`). Returns one column: root keys
  /// as JSON arrays (text). Empty for the root, whose event keys begin with the root key and mean
  /// that document. But if the root's table is also embedded in itself, this finds the documents
  /// that embed the row.
  pg::Statement to_roots;
  /// False for a view at the root: it has no triggers, and its events are keys of documents that
  /// have to be synced again.
  bool has_triggers = true;
};

struct Plan;

/// The schemas of an index over many schemas. Most of their tables have the same columns, so a few
/// plans serve all schemas. A plan is bound to a schema when its rows are read.
struct Schemas {
  struct Member {
    std::string name;
    std::size_t shape = 0;   ///< Index of the plan in `shapes`.
    std::uint32_t root = 0;  ///< oid of its root table.
    /// The oids of this schema's relations in the place of the shape's, and their layouts.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> oids;
    std::vector<std::int64_t> layouts;
    std::vector<std::uint32_t> descendants;  ///< Partitions and children of the root.
    std::string resolved;                    ///< As Plan::resolved.

    /// Returns this schema's oid for a relation of the shape.
    std::uint32_t Own(std::uint32_t of_shape) const;
  };
  std::vector<std::shared_ptr<const Plan>> shapes;
  std::vector<Member> members;  ///< Sorted by name.
  /// Schemas that have the table but do not fit the definition. Their documents stay as they are.
  std::set<std::string> broken;

  /// Returns the index in `members` of the member with this name.
  std::optional<std::size_t> Find(std::string_view name) const;
  /// Returns the member whose root table, or a descendant of it, has this oid.
  std::optional<std::size_t> FindRelation(std::uint32_t oid) const;
};

/// One index: its root, its statements, its fields.
struct Plan {
  config::Index config;          ///< With its defaults filled in.
  std::string name;              ///< Index name without prefix: also the alias.
  std::uint32_t root = 0;        ///< oid of the root table.
  std::string root_name;         ///< Qualified, quoted.
  std::vector<std::string> key;  ///< Key columns of the root, in order.
  bool row_hash_id = false;      ///< No key: `_id` is "row:" and a hash of the whole row.
  /// The root has inheritance children, so that several rows and documents may have one key. Then a
  /// key stands for all of its documents, and blocks are scanned by their keys.
  bool several_ids = false;
  /// KeyOfId() cannot turn the ids of such children back into keys.
  bool hashed_child_ids = false;
  std::vector<Field> fields;  ///< The document's fields, in order.
  /// The root first; after a view, the tables it is made from. Several embeds of one table share
  /// one source.
  std::vector<Source> sources;
  /// A table or view of the tree, and its name and columns when the plan was made.
  struct Relation {
    std::uint32_t oid = 0;
    std::int64_t layout = 0;  ///< Same meaning as catalog::Table::layout.
  };
  std::vector<Relation> relations;  ///< Root first.
  /// What the names in its SQL were resolved to: the relations and the columns that matter. Differs
  /// if a table or column was replaced by another one with the same name.
  std::string resolved;

  /// Reads documents by key. $1 = JSON array of root keys. Each is an array of key values as texts
  /// or JSON scalars, positional by `key`. With a routing column, the item after them is its value,
  /// and a row that has another value now counts as missing; further items are ignored. Returns one
  /// row per distinct key:
  ///   0 version (bigint, the same in every row), 1 `_id` (text), 2 document (JSON text without
  ///   newlines) or NULL if there is no such document, 3 routing or NULL.
  pg::Statement read_by_key;
  /// Reads adjacent keys in one index range scan. Faster for many keys, but has a higher start-up
  /// cost.
  pg::Statement read_many_by_key;
  /// Returns the one of the two that is faster for this many keys.
  const pg::Statement& ReadStatement(std::size_t keys) const;
  /// Reads the documents of a block range of the root or one of its partitions. Columns as in
  /// read_by_key, but documents are never NULL.
  pg::Statement BlockStatement(std::string_view qualified_relation) const;
  std::string block_sql;  ///< With a NUL in place of the relation; $1, $2 = first, end block.
  /// Returns the root keys of the same rows, in the form of all_keys_sql, for ranges in which a row
  /// makes the documents fail.
  pg::Statement BlockKeysStatement(std::string_view qualified_relation) const;
  std::string block_keys_sql;  ///< In the form of block_sql.
  /// Returns all keys of the root in any order, as JSON array text (column 0), for views and other
  /// roots without blocks. Used with a cursor.
  std::string all_keys_sql;
  /// $1 = JSON array of root keys. Returns rows like read_by_key for keys without a document now,
  /// without computing any document. With a routing, also for keys whose row has another one now.
  /// Empty with row_hash_id.
  pg::Statement missing_keys;
  /// Saves in pgsluice.refresh_time when the documents of keys change by themselves, whether or not
  /// `where` holds for their rows, and removes outdated times. $1 = JSON array of root keys.
  /// Returns one row: whether one of the times is less than two seconds away. Empty without
  /// `refresh_at`.
  pg::Statement keep_times;
  /// Does the same for the rows of a block range, like BlockStatement(), but removes nothing.
  pg::Statement KeepTimesOfBlocks(std::string_view qualified_relation) const;
  std::string keep_block_times_sql;  ///< In the form of block_sql.
  /// Does the same for all rows, for a view. Without parameters.
  std::string keep_all_times_sql;
  /// $1 = JSON array of `_id`s (texts). Returns those without a document now: columns 0 `_id`, 1
  /// version. For indexes whose ids cannot be turned back into keys (row_hash_id, long keys).
  pg::Statement missing_ids;
  /// $1 = JSON array of `_id`s (texts). Returns column 0: the root key as JSON array text, for each
  /// id that has a row now. For ids in the engine that KeyOfId() cannot turn back.
  pg::Statement keys_of_ids;
  /// $1 = JSON array of root keys. Returns 0 the key's position in the array, from 1, and 1 the
  /// `_id` of its document, whether or not it exists. Reads no table.
  pg::Statement ids_of_keys;

  /// Set if this index covers many schemas, otherwise null. Such a plan has the fields, sources and
  /// relations of all schemas, but no statements: those are in the plans of the members.
  std::shared_ptr<const Schemas> schemas;
  /// In the plan of a member: its schema, and whether documents are routed by the schema.
  std::string schema;
  bool routed_by_schema = false;
  /// Returns the plan of a member of `schemas`.
  std::shared_ptr<const Plan> Of(std::size_t member) const;
  /// Returns whether an id alone does not determine a document's shard.
  bool IsRouted() const { return !config.routing.empty() || routed_by_schema; }

  /// {"dynamic":false,"_routing":…,"properties":{…}}
  std::string MappingJson(bool opensearch) const;
  /// Returns the key array (JSON text) of an `_id`, or empty if it cannot be turned back.
  std::string KeyOfId(std::string_view id) const;
  const Field* Find(std::string_view path) const;

 private:
  std::string KeyOfMember(std::string_view id) const;
};

/// One configured index with its plan, or with what is wrong with its definition. It has both if
/// only some of its schemas do not fit.
struct Planned {
  config::Index config;
  std::shared_ptr<const Plan> plan;  ///< Null if no part of it fits.
  config::Findings findings;         ///< Errors and warnings.
};

/// Plans the configured indexes (or, with config.all_tables, one per table of schema public)
/// against the live catalog. A definition that does not fit affects only its index. Checks SQL
/// fragments with `session`, without executing them.
std::vector<Planned> PlanIndexes(const config::Config& config, const catalog::Catalog& catalog,
                                 pg::Session& session);

/// Returns warnings about tables that a configuration without indexes leaves out: they cannot be
/// read, have no columns, or belong to another role; or all tables are outside schema public.
config::Findings NotIndexed(const config::Config& config, const catalog::Catalog& catalog,
                            pg::Session& session);

/// Returns whether every path that a policy hides exists in the documents of `plan`. A path that
/// does not exist would silently hide nothing.
bool HidesOnlyKnownFields(const config::Auth& auth, const Plan& plan);

/// Returns the plans of PlanIndexes() without errors; collects the findings of all indexes.
std::vector<std::shared_ptr<const Plan>> BuildPlans(const config::Config& config,
                                                    const catalog::Catalog& catalog,
                                                    pg::Session& session,
                                                    config::Findings& findings);

/// Returns the names of the configured indexes; with config.all_tables, those that the tables would
/// get.
std::vector<std::string> ConfiguredNames(const config::Config& config,
                                         const catalog::Catalog& catalog, pg::Session& session);

/// Returns a statement of a plan without the functions of schema pgsluice, which does not exist
/// before the migrations. Arrays with several dimensions become text.
std::string WithoutFunctions(std::string sql);

}  // namespace pgsluice::plan
