// log.cpp -- `turso-sync log`: the captured changes, decoded, as JSON lines.
//
// FORMAT  {"change_id", "time" (unix seconds), "txn", "type": "insert" | "update" | "delete" | "commit"} and, unless it
// is a commit, "table", "id", "before", "after" and, for an update, "set": the columns that the statement set. Images
// are objects by column name, with the names that the columns had when the change was made.
//
// --follow asks `PRAGMA data_version` a few times a second: one read of the shared memory, no lock, no disk.
#include <poll.h>

#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "commands.hpp"
#include "failure.hpp"
#include "output.hpp"

namespace turso::cli {

using ::turso_sync::Connection;
using ::turso_sync::Database;
using ::turso_sync::Statement;

namespace {

constexpr int kFollowIntervalMs = 100;

struct RecordDeleter {
  void operator()(turso_cdc_record_t* record) const { turso_cdc_record_deinit(record); }
};
using Record = std::unique_ptr<turso_cdc_record_t, RecordDeleter>;

// The log's columns by name: their order differs between versions, and a v1 log has no change_txn_id.
struct Columns {
  static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
  std::size_t change_id = kAbsent, change_time = kAbsent, change_txn_id = kAbsent, change_type = kAbsent;
  std::size_t table_name = kAbsent, id = kAbsent, before = kAbsent, after = kAbsent, updates = kAbsent;

  explicit Columns(const Statement& statement) {
    const std::array<std::pair<std::string_view, std::size_t*>, 9> wanted{{{"change_id", &change_id},
                                                                           {"change_time", &change_time},
                                                                           {"change_txn_id", &change_txn_id},
                                                                           {"change_type", &change_type},
                                                                           {"table_name", &table_name},
                                                                           {"id", &id},
                                                                           {"before", &before},
                                                                           {"after", &after},
                                                                           {"updates", &updates}}};
    for (const auto& [name, index] : wanted) {
      for (std::size_t i = 0; i < statement.column_count(); ++i) {
        if (statement.column_name(i) == name) *index = i;
      }
      if (*index == kAbsent && index != &change_txn_id) {
        fail(TURSO_CDC_ERROR_SCHEMA, concat("the table is no change log: it has no column ", name));
      }
    }
  }
};

class Printer {
 public:
  Printer(Connection& connection, const LogOptions& options)
      : connection_(connection),
        select_(connection.prepare(select_sql(options.table))),
        columns_(select_),
        last_(options.since) {}

  // Prints every change that came since the last call.
  void print_new() {
    select_.reset();
    select_.bind_int(1, last_);
    while (!interrupted && select_.step()) print_change();
    select_.reset();  // a statement at rest holds no snapshot, so that checkpoints go on
    std::fflush(stdout);
  }

 private:
  static std::string select_sql(const std::string& table) {
    std::string name;
    for (const char c : table) name += c == '"' ? std::string("\"\"") : std::string(1, c);
    return concat("SELECT * FROM \"", name, "\" WHERE change_id > ?1 ORDER BY change_id");
  }

  void print_change() {
    last_ = cell_of(select_, columns_.change_id).integer;
    const std::int64_t type = cell_of(select_, columns_.change_type).integer;
    JsonLine line;
    line.integer("change_id", last_).cell("time", cell_of(select_, columns_.change_time));
    if (columns_.change_txn_id != Columns::kAbsent) line.cell("txn", cell_of(select_, columns_.change_txn_id));
    line.text("type", type == 1 ? "insert" : type == 0 ? "update" : type == -1 ? "delete" : "commit");
    if (type != 2) {
      table_ = std::string(cell_of(select_, columns_.table_name).bytes);
      line.cell("table", cell_of(select_, columns_.table_name));
      print_id(line);
      print_image(line, "before", cell_of(select_, columns_.before));
      print_image(line, "after", cell_of(select_, columns_.after));
      if (type == 0) print_set(line);
    }
    const std::string text = line.finish();
    std::fwrite(text.data(), 1, text.size(), stdout);
  }

  // A rowid, or the primary key of a table without one.
  void print_id(JsonLine& line) {
    const Cell id = cell_of(select_, columns_.id);
    if (id.kind != TURSO_TYPE_BLOB) {
      line.cell("id", id);
      return;
    }
    print_record(line, "id", id, TURSO_CDC_RECORD_KEY);
  }

  void print_image(JsonLine& line, const char* name, const Cell& image) {
    if (image.kind != TURSO_TYPE_BLOB) return;  // the mode of capture does not keep it
    print_record(line, name, image, TURSO_CDC_RECORD_IMAGE);
  }

  void print_set(JsonLine& line) {
    const Cell updates = cell_of(select_, columns_.updates);
    if (updates.kind == TURSO_TYPE_BLOB) print_record(line, "set", updates, TURSO_CDC_RECORD_UPDATES);
  }

  void print_record(JsonLine& line, const char* name, const Cell& blob, turso_cdc_record_kind_t kind) {
    const Record record = decode(blob, kind);
    line.begin(name);
    for (std::int64_t i = 0; i < turso_cdc_record_count(record.get()); ++i) {
      const auto index = static_cast<std::size_t>(i);
      turso_cdc_value_t value{};
      value.struct_size = sizeof value;
      turso_cdc_record_value(record.get(), index, &value);
      if (value.is_set == 0) continue;
      const char* column = turso_cdc_record_name(record.get(), index);
      line.cell(column != nullptr ? column : std::to_string(i), decoded_cell(value));
    }
    line.end();
  }

  static Cell decoded_cell(const turso_cdc_value_t& value) {
    return {value.type, value.integer, value.real, {static_cast<const char*>(value.bytes.ptr), value.bytes.len}};
  }

  Record decode(const Cell& blob, turso_cdc_record_kind_t kind) {
    turso_cdc_record_t* record = nullptr;
    const char* text = nullptr;
    const turso_status_code_t code = turso_cdc_record_decode(connection_.get(), table_.c_str(), last_, kind,
                                                             {blob.bytes.data(), blob.bytes.size()}, &record, &text);
    if (code != TURSO_OK)
      fail(TURSO_CDC_ERROR_CORRUPT, concat("change ", last_, ": ", text != nullptr ? text : "not a record"));
    return Record(record);
  }

  Connection& connection_;
  Statement select_;
  Columns columns_;
  std::int64_t last_;
  std::string table_;
};

std::int64_t version_of(Statement& data_version) {
  data_version.reset();
  data_version.step();
  const std::int64_t version = data_version.integer(0);
  data_version.reset();
  return version;
}

void follow(Connection& connection, Printer& printer) {
  Statement data_version = connection.prepare("PRAGMA data_version");
  std::int64_t seen = version_of(data_version);
  printer.print_new();  // what came between the first print and the first version
  while (!interrupted) {
    poll(nullptr, 0, kFollowIntervalMs);  // ends early when a signal comes
    const std::int64_t now = version_of(data_version);
    if (now != seen) printer.print_new();
    seen = now;
  }
}

}  // namespace

int log(const LogOptions& options) {
  return guarded([&] {
    Connection connection = Database(options.database, true).connect();
    connection.set_busy_timeout_ms(kBusyTimeoutMs);
    Printer printer(connection, options);
    printer.print_new();
    if (options.follow) follow(connection, printer);
    return kOk;
  });
}

}  // namespace turso::cli
