#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/pg/session.h"

/// Documents are one line: the selected columns in their order, computed fields, embeds, and our
/// own:
///   `__id`   the `_id`, for sorting and paging (root only, always last);
///   `__enum` per object: the place of each enum value in the declared order ({"status":2});
///   `__raw:NAME` instead of NAME: a value that the engine's type for the path would refuse (an
///   empty
///            range, a JSON scalar under a flattened field). Not mapped. For readers it is NAME.
/// The mapping adds what is not in the document: `__all`, a copy of the text fields that are
/// analysed as the index is (see text_rules.h), and sub-fields whose names begin with `__`.
///
/// How the rows of a root table and its tree of embeds become documents: derived once from the
/// configuration and the catalog, then immutable. Everything PostgreSQL is asked for documents and
/// everything the search API knows about fields comes from here.
namespace pgsluice::plan {

/// What kind of value a field holds: decides mapping, filters, sorting and exactness.
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
      engine_type;      ///< Mapping type where the kind does not fix it ("long", "integer_range").
  std::string pg_type;  ///< For people: "numeric(10,2)".
  bool bigint = false;  ///< int8 or numeric: `numbers=string` applies.
  bool array = false;   ///< Several values, or a to-many embed.
  bool nested = false;  ///< kObject that the engine maps as nested.
  std::string nested_path;  ///< Path of the innermost nested ancestor (or itself); else empty.
  std::vector<std::string> labels;  ///< kEnum, in declared order.
  int vector_dimensions = 0;
  bool nullable = true;       ///< False for a NOT NULL column, a list of rows and a count.
  bool unindexed = false;     ///< The mapping says `"index": false`.
  bool no_values = false;     ///< The mapping says `"doc_values": false`.
  bool identifier = false;    ///< Named in `search.identifiers`: found by its parts, without typos.
  std::vector<Field> fields;  ///< kObject.
};

/// A table whose changes reach the index, and the way up to the root.
struct Source {
  std::uint32_t table = 0;            ///< oid.
  std::string table_name;             ///< Qualified, quoted.
  std::vector<std::string> captured;  ///< Columns in the event key, in this order: identity first.
  std::vector<std::string> watched;   ///< Columns whose change matters; empty: all.
  /// $1 = JSON array of event keys (arrays positional by `captured`), answers one column: root keys
  /// as JSON arrays (text). The root's event keys begin with the root key and mean that document;
  /// for the root this is empty, unless its table is embedded in itself: then the documents that
  /// embed the row are found by it, in addition.
  pg::Statement to_roots;
  /// False for a view at the root: it has no triggers, and events of it are keys of documents that
  /// have to be refreshed once more.
  bool has_triggers = true;
};

/// One index: its root, its statements, its fields.
struct Plan {
  config::Index config;          ///< With its defaults filled in.
  std::string name;              ///< Index name without prefix: also the alias.
  std::uint32_t root = 0;        ///< oid of the root table.
  std::string root_name;         ///< Qualified, quoted.
  std::vector<std::string> key;  ///< Key columns of the root, in order.
  bool row_hash_id = false;      ///< No key: `_id` is "row:" and a hash of the whole row.
  /// The root has inheritance children, so that several rows, and several documents, may have one
  /// key: what is read or deleted is all documents of a key, and blocks are scanned by their keys.
  bool several_ids = false;
  bool hashed_child_ids = false;  ///< KeyOfId() cannot turn the ids of such children back.
  std::vector<Field> fields;      ///< The document's fields, in order.
  /// The root first; behind a view the tables it is made from. Several embeds of one table share
  /// one source.
  std::vector<Source> sources;
  /// A table or view of the tree, and what its name and columns were when the plan was made.
  struct Relation {
    std::uint32_t oid = 0;
    std::int64_t layout = 0;  ///< As catalog::Table::layout.
  };
  std::vector<Relation> relations;  ///< Root first.
  /// What the names in its SQL were resolved to: the relations and their columns that matter. It
  /// differs when a table or a column is another one of the same name.
  std::string resolved;

  /// Documents by key. $1 = JSON array of root keys (arrays of key values as texts or JSON
  /// scalars, positional by `key`; with a routing column, the item behind them is its value, and a
  /// row that has another one now counts as gone; more items are ignored). One row per distinct
  /// key:
  ///   0 version (bigint, the same in every row), 1 `_id` (text), 2 document (JSON text without
  ///   newlines) or NULL when there is no such document, 3 routing or NULL.
  pg::Statement read_by_key;
  /// The same for many keys: an index is gone through once where they lie side by side. To begin
  /// it takes longer.
  pg::Statement read_many_by_key;
  /// That of the two which is faster for so many keys.
  const pg::Statement& ReadStatement(std::size_t keys) const;
  /// Documents of a block range of the root or of one of its partitions, found by `relation_oid`
  /// being put in by BlockStatement(). Columns as read_by_key; never NULL documents.
  pg::Statement BlockStatement(std::string_view qualified_relation) const;
  std::string block_sql;  ///< With a NUL in the relation's place; $1, $2 = first, end block.
  /// The root keys of the same rows, in the form of all_keys_sql: for where a row among them makes
  /// the documents fail.
  pg::Statement BlockKeysStatement(std::string_view qualified_relation) const;
  std::string block_keys_sql;  ///< As block_sql.
  /// All keys of the root in any order, for views and other roots without blocks: a query text
  /// that answers the root key as JSON array text (column 0), to be used with a cursor.
  std::string all_keys_sql;
  /// $1 = JSON array of root keys. The rows of read_by_key of those without a document now; none is
  /// computed. With a routing also those whose row has another one now. Empty with row_hash_id.
  pg::Statement missing_keys;
  /// Remembers in pgsluice.refresh_time when the documents of keys change by themselves, whether
  /// `where` holds for their rows or not, and forgets the times of others. $1 = JSON array of root
  /// keys. Returns one row: whether one of the times is less than two seconds away. Empty without
  /// `refresh_at`.
  pg::Statement keep_times;
  /// The same for the rows of a block range, as BlockStatement(); forgets nothing.
  pg::Statement KeepTimesOfBlocks(std::string_view qualified_relation) const;
  std::string keep_block_times_sql;  ///< As block_sql.
  /// The same for all rows, for a view. Without parameters.
  std::string keep_all_times_sql;
  /// $1 = JSON array of `_id`s (texts). Answers those without a document now: columns 0 `_id`,
  /// 1 version. For indexes whose ids cannot be turned back into keys (row_hash_id, long keys).
  pg::Statement missing_ids;
  /// $1 = JSON array of `_id`s (texts). Returns column 0: the root key as JSON array text, for each
  /// id that has a row now. For ids in the engine that KeyOfId() cannot turn back.
  pg::Statement keys_of_ids;
  /// $1 = JSON array of root keys. Returns 0 the key's place in the array, from 1, and 1 the `_id`
  /// of its document, if there is one or not. Reads no table.
  pg::Statement ids_of_keys;

  std::string MappingJson(
      bool opensearch) const;  ///< {"dynamic":false,"_routing":…,"properties":{…}}
  /// The key array (JSON text) that an `_id` stands for, or empty when it cannot be turned back.
  std::string KeyOfId(std::string_view id) const;
  const Field* Find(std::string_view path) const;
};

/// One configured index: its plan, or what is wrong with its definition.
struct Planned {
  config::Index config;
  std::shared_ptr<const Plan> plan;  ///< Null if `findings` has an error.
  config::Findings findings;         ///< Errors and warnings.
};

/// The configured indexes (or, with config.all_tables, one per table of schema public) against the
/// live catalog. A definition that does not fit concerns its index only. SQL fragments are checked
/// with `session` (PREPARE-like, touching nothing).
std::vector<Planned> PlanIndexes(const config::Config& config, const catalog::Catalog& catalog,
                                 pg::Session& session);

/// Warnings about tables that a configuration without indexes leaves out: they cannot be read, have
/// no columns, or belong to others; or all tables are outside of schema public.
config::Findings NotIndexed(const config::Config& config, const catalog::Catalog& catalog,
                            pg::Session& session);

/// Whether every path that a policy hides exists in the documents of `plan`: one that does not
/// exist would hide nothing, and nobody would notice.
bool HidesOnlyKnownFields(const config::Auth& auth, const Plan& plan);

/// The plans of PlanIndexes() that have no errors; the findings of all indexes are collected.
std::vector<std::shared_ptr<const Plan>> BuildPlans(const config::Config& config,
                                                    const catalog::Catalog& catalog,
                                                    pg::Session& session,
                                                    config::Findings& findings);

/// The names of the configured indexes. With config.all_tables, those that the tables would have.
std::vector<std::string> ConfiguredNames(const config::Config& config,
                                         const catalog::Catalog& catalog, pg::Session& session);

/// Returns a statement of a plan without the functions of schema pgsluice, which does not exist
/// before the migrations. Arrays of several dimensions come out as text.
std::string WithoutFunctions(std::string sql);

}  // namespace pgsluice::plan
