#include "sync/bookkeeping.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cdc/names.hpp"
#include "cdc/schema_epochs.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

using sqlite::identifier;

struct SchemaObject {
  std::string type;
  std::string name;
  std::string table;
  std::string sql;  // "": an automatic index
};

Result<std::vector<SchemaObject>> read_objects(sqlite::Connection& connection) {
  std::vector<SchemaObject> objects;
  TURSO_TRY(auto read, connection.prepare(sql::kReadSchema));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) return objects;
    objects.push_back({std::string(read.column_text(0)), std::string(read.column_text(1)),
                       std::string(read.column_text(2)), std::string(read.column_text(3))});
  }
}

// Meta and batches are written as facts, not copied as rows.
bool is_written_by_save_meta(std::string_view table) {
  return equals_ignore_case(table, cdc::kMetaTable) || equals_ignore_case(table, cdc::kBatchTable);
}

// Which rows of a table the image keeps; "": all. ?1 is the floor.
std::string_view retained(std::string_view table) {
  if (equals_ignore_case(table, cdc::kLogTable)) return sql::kRetainedLog;
  if (equals_ignore_case(table, cdc::kMarksTable) || equals_ignore_case(table, cdc::kSchemaTable))
    return sql::kRetainedByLast;
  return "";
}

Status copy_rows(sqlite::Connection& image, sqlite::Connection& live, std::string_view table, std::int64_t floor) {
  TURSO_TRY(auto read, live.prepare(concat(sql::kSelectAllFrom, identifier(table), retained(table))));
  if (sqlite3_bind_parameter_count(read.handle()) > 0) TURSO_CHECK(read.bind_int(1, floor));
  const int width = read.column_count();
  std::string places;
  for (int i = 0; i < width; ++i) places += i == 0 ? "?" : ",?";
  TURSO_TRY(auto write, image.prepare(concat(sql::kInsertInto, identifier(table), sql::kValues, "(", places, ")")));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) return ok();
    for (int i = 0; i < width; ++i) TURSO_CHECK(write.bind(i + 1, read.column(i)));
    TURSO_CHECK(write.run());
  }
}

// Creating and filling the log has made a row of sqlite_sequence. It must be there once: a second one of that name,
// or none, would make change ids start again at 1.
Status write_sequence(sqlite::Connection& image, std::int64_t highest_id) {
  // A multiple of 1024 would read as "reserved" (cdc.md 2.1).
  const std::int64_t exact = highest_id > 0 && highest_id % 1024 == 0 ? highest_id + 1 : highest_id;
  TURSO_CHECK(image.run(sql::kDeleteSequence, Value(cdc::kLogTable)));
  return image.run(sql::kWriteSequence, Value(cdc::kLogTable), Value(exact));
}

// A retained record must be read with the columns that its table has in P, not with those of the image.
Status keep_column_lists(sqlite::Connection& image, sqlite::Connection& live, std::int64_t floor,
                         std::int64_t highest_id) {
  TURSO_TRY(auto tables, live.prepare(sql::kTablesOfLog));
  TURSO_CHECK(tables.bind_int(1, floor));
  for (;;) {
    TURSO_TRY(bool row, tables.step());
    if (!row) return ok();
    const std::string table(tables.column_text(0));
    TURSO_TRY(auto in_live, cdc::read_columns(live, table));
    TURSO_TRY(auto in_image, cdc::read_columns(image, table));
    if (in_live.has_value() && in_live != in_image) TURSO_CHECK(cdc::write_epoch(image, table, highest_id, *in_live));
  }
}

Status copy_unknown_facts(sqlite::Connection& image, sqlite::Connection& live) {
  TURSO_TRY(auto read, live.prepare(sql::kReadMeta));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) return ok();
    TURSO_CHECK(set_fact(image, read.column_text(0), read.column(1)));
  }
}

}  // namespace

Result<std::vector<std::string>> drop_bookkeeping_objects(sqlite::Connection& image) {
  std::vector<std::string> dropped;
  TURSO_TRY(auto objects, read_objects(image));
  for (const SchemaObject& object : objects) {
    if (cdc::is_bookkeeping_table(object.name)) dropped.push_back(concat(object.type, " ", object.name));
  }
  if (dropped.empty()) return dropped;
  // The implied deletes of DROP TABLE must not run foreign key actions: the image is somebody else's until replay.
  TURSO_TRY(std::int64_t foreign_keys, image.query_int(sql::kReadForeignKeys));
  TURSO_CHECK(image.run(sql::kForeignKeysOff));
  {
    TURSO_TRY(auto transaction, sqlite::Transaction::begin(image, sqlite::Transaction::Kind::kImmediate));
    // Triggers and indexes first, by name; those of a bookkeeping table go with it.
    for (std::string_view type : {"trigger", "index", "view", "table"}) {
      for (const SchemaObject& object : objects) {
        if (object.type != type || object.sql.empty() || !cdc::is_bookkeeping_table(object.name)) continue;
        TURSO_CHECK(image.run(concat(sql::kDrop, object.type, sql::kIfExists, identifier(object.name))));
      }
    }
    TURSO_CHECK(transaction.commit());
  }
  if (foreign_keys != 0) TURSO_CHECK(image.run(sql::kForeignKeysOn));
  return dropped;
}

Status copy_bookkeeping(sqlite::Connection& image, sqlite::Connection& live, const Meta& meta, std::int64_t floor,
                        std::int64_t highest_id) {
  TURSO_TRY(auto objects, read_objects(live));
  bool has_log = false;
  for (const SchemaObject& object : objects) {
    if (object.sql.empty() || !cdc::is_bookkeeping_table(object.table)) continue;
    TURSO_CHECK(image.run(object.sql));
    if (object.type != "table" || is_written_by_save_meta(object.name)) continue;
    TURSO_CHECK(copy_rows(image, live, object.name, floor));
    has_log = has_log || equals_ignore_case(object.name, cdc::kLogTable);
  }
  if (has_log) {
    TURSO_CHECK(write_sequence(image, highest_id));
    TURSO_CHECK(keep_column_lists(image, live, floor, highest_id));
  }
  TURSO_CHECK(copy_unknown_facts(image, live));
  return save_meta(image, meta);
}

Status initialize_replica(sqlite::Connection& connection, Meta meta) {
  TURSO_TRY(auto dropped, drop_bookkeeping_objects(connection));
  TURSO_TRY(meta.base_fields, read_header_fields(connection));
  TURSO_TRY(meta.ack_table_known, sqlite::has_object(connection, "table", cdc::kAckTable));
  TURSO_TRY(auto transaction, sqlite::Transaction::begin(connection, sqlite::Transaction::Kind::kImmediate));
  TURSO_CHECK(save_meta(connection, meta));
  return transaction.commit();
}

}  // namespace turso::sync
