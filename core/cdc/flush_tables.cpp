#include "cdc/flush_tables.hpp"

#include <memory>

#include "base/text.hpp"
#include "cdc/capture.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/marks.hpp"

namespace turso::cdc {
namespace {

void result_field(sqlite3_context* context, const Field& field) {
  // A row's fields live until the next one is read, and the INSERT takes them before.
  const void* data = field.bytes.data() != nullptr ? static_cast<const void*>(field.bytes.data()) : "";
  switch (field.type) {
    case ValueType::kNull: sqlite3_result_null(context); break;
    case ValueType::kInteger: sqlite3_result_int64(context, field.integer); break;
    case ValueType::kReal: sqlite3_result_double(context, field.real); break;
    case ValueType::kText:
      sqlite3_result_text64(context, static_cast<const char*>(data), field.bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
      break;
    case ValueType::kBlob: sqlite3_result_blob64(context, data, field.bytes.size(), SQLITE_STATIC); break;
  }
}

}  // namespace

struct FlushTables::Table {
  sqlite3_vtab base;  // first: SQLite knows the object by it
  Capture* capture;
};

struct FlushTables::Cursor {
  Capture* capture = nullptr;

  virtual ~Cursor() = default;
  virtual Status start() = 0;
  virtual Status next() = 0;
  virtual bool at_end() const = 0;
  virtual void column(sqlite3_context* context, int index) const = 0;
};

struct FlushTables::RowsCursor final : Cursor {
  static constexpr std::string_view kDeclaration = sql::kDeclareRows;

  std::optional<Arena::Cursor> rows;
  Change change;
  std::int64_t id = 0;
  std::optional<std::int64_t> txn_id;
  bool ended = false;

  Status start() override {
    if (!capture->flushing_) return Error{ErrorKind::kError, "this table is internal to change capture"};
    rows.emplace(capture->arena_, capture->progress_.flushed);
    id = *capture->progress_.next_id - 1;
    txn_id = capture->progress_.txn_id;
    return next();
  }
  Status next() override {
    ended = rows->at_end();
    if (ended) return ok();
    TURSO_TRY(change, rows->next());
    ++id;
    // A transaction is named by its first row; a lone COMMIT record names none.
    if (!txn_id.has_value()) txn_id = change.type == ChangeType::kCommit ? -1 : id;
    capture->progress_.txn_id = txn_id;
    capture->flush_saw_marks_ |= change.marks != kMarkNone;
    return ok();
  }
  bool at_end() const override { return ended; }
  void column(sqlite3_context* context, int index) const override {
    switch (index) {
      case 0: sqlite3_result_int64(context, id); break;
      case 1: sqlite3_result_int64(context, change.time); break;
      case 2: sqlite3_result_int64(context, *txn_id); break;
      case 3: sqlite3_result_int(context, static_cast<int>(change.type)); break;
      case 4: result_field(context, change.table_name); break;
      case 5: result_field(context, change.id); break;
      case 6: result_field(context, change.before); break;
      case 7: result_field(context, change.after); break;
      default: result_field(context, change.updates); break;
    }
  }
};

// One pass over the rows per kind of mark; a range is a run of rows that have it.
struct FlushTables::RangesCursor final : Cursor {
  static constexpr std::string_view kDeclaration = sql::kDeclareMarkRanges;

  std::size_t kind = 0;
  std::optional<Arena::Cursor> rows;
  std::int64_t first = 0;
  std::int64_t last = 0;

  Status start() override {
    if (!capture->flushing_) return Error{ErrorKind::kError, "this table is internal to change capture"};
    kind = 0;
    rows.emplace(capture->arena_, capture->progress_.flushed);
    return next();
  }
  Status next() override {
    for (; kind < kMarks.size(); ++kind, rows.emplace(capture->arena_, capture->progress_.flushed)) {
      bool open = false;
      while (!rows->at_end()) {
        std::int64_t id = *capture->progress_.next_id + (rows->row() - capture->progress_.flushed.rows);
        TURSO_TRY(Change change, rows->next());
        if ((change.marks & kMarks[kind]) != 0) {
          if (!open) first = id;
          open = true;
          last = id;
        } else if (open) {
          break;
        }
      }
      if (open) return ok();
    }
    return ok();
  }
  bool at_end() const override { return kind == kMarks.size(); }
  void column(sqlite3_context* context, int index) const override {
    if (index < 2) return sqlite3_result_int64(context, index == 0 ? first : last);
    std::string_view name = mark_name(kMarks[kind]);
    sqlite3_result_text64(context, name.data(), name.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
};

struct FlushTables::StateCursor final : Cursor {
  static constexpr std::string_view kDeclaration = sql::kDeclareState;

  bool ended = false;

  Status start() override {
    ended = false;
    return ok();
  }
  Status next() override {
    ended = true;
    return ok();
  }
  bool at_end() const override { return ended; }
  void column(sqlite3_context* context, int index) const override {
    const CaptureState& state = capture->state();
    if (index > 0 && !state.on()) return sqlite3_result_null(context);
    std::string text(index == 0 ? mode_name(state.mode) : index == 1 ? state.given : layout_name(state.layout));
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
};

namespace {

template <typename CursorType>
int report(CursorType* cursor, const Status& status) {
  if (status.has_value()) return SQLITE_OK;
  sqlite3_free(cursor->base.pVtab->zErrMsg);
  cursor->base.pVtab->zErrMsg = sqlite3_mprintf("%s", status.error().message.c_str());
  int code = status.error().sqlite_code;
  return code != 0 ? code : status.error().kind == ErrorKind::kIo ? SQLITE_IOERR : SQLITE_ERROR;
}

}  // namespace

template <typename CursorType>
const sqlite3_module* FlushTables::module() {
  // A cursor is handed out by its first base field, so that the vtable pointer stays ours.
  struct Handle {
    sqlite3_vtab_cursor base;
    CursorType cursor;
  };
  static const sqlite3_module kModule = [] {
    sqlite3_module m = {};
    m.xConnect = [](sqlite3* db, void* aux, int, const char* const*, sqlite3_vtab** out, char**) {
      int code = sqlite3_declare_vtab(db, std::string(CursorType::kDeclaration).c_str());
      if (code != SQLITE_OK) return code;
      auto table = std::make_unique<Table>();
      table->capture = static_cast<Capture*>(aux);
      *out = &table.release()->base;
      return SQLITE_OK;
    };
    m.xDisconnect = [](sqlite3_vtab* table) {
      std::unique_ptr<Table> owned(reinterpret_cast<Table*>(table));
      return SQLITE_OK;
    };
    m.xBestIndex = [](sqlite3_vtab*, sqlite3_index_info* info) {
      info->estimatedCost = 1000;
      return SQLITE_OK;
    };
    m.xOpen = [](sqlite3_vtab* table, sqlite3_vtab_cursor** out) {
      auto handle = std::make_unique<Handle>();
      handle->cursor.capture = reinterpret_cast<Table*>(table)->capture;
      *out = &handle.release()->base;
      return SQLITE_OK;
    };
    m.xClose = [](sqlite3_vtab_cursor* base) {
      std::unique_ptr<Handle> owned(reinterpret_cast<Handle*>(base));
      return SQLITE_OK;
    };
    m.xFilter = [](sqlite3_vtab_cursor* base, int, const char*, int, sqlite3_value**) {
      auto* handle = reinterpret_cast<Handle*>(base);
      return report(handle, handle->cursor.start());
    };
    m.xNext = [](sqlite3_vtab_cursor* base) {
      auto* handle = reinterpret_cast<Handle*>(base);
      return report(handle, handle->cursor.next());
    };
    m.xEof = [](sqlite3_vtab_cursor* base) { return reinterpret_cast<Handle*>(base)->cursor.at_end() ? 1 : 0; };
    m.xColumn = [](sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
      reinterpret_cast<Handle*>(base)->cursor.column(context, index);
      return SQLITE_OK;
    };
    m.xRowid = [](sqlite3_vtab_cursor*, sqlite3_int64* rowid) {
      *rowid = 0;
      return SQLITE_OK;
    };
    return m;
  }();
  return &kModule;
}

Status FlushTables::install(sqlite3* db, Capture* capture) {
  const std::pair<const char*, const sqlite3_module*> modules[] = {
      {"sqlite_turso_cdc_rows", module<RowsCursor>()},
      {"sqlite_turso_cdc_mark_ranges", module<RangesCursor>()},
      {"pragma_capture_data_changes_conn", module<StateCursor>()},
      {"pragma_unstable_capture_data_changes_conn", module<StateCursor>()}};
  for (const auto& [name, table_module] : modules) {
    int code = sqlite3_create_module_v2(db, name, table_module, capture, nullptr);
    if (code != SQLITE_OK) return sqlite::error_of(db, code);
  }
  return ok();
}

}  // namespace turso::cdc
