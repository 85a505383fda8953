// record.cpp -- turso_cdc_record_*: a blob of the change log as names and values.
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text.hpp"
#include "cdc/record.hpp"
#include "cdc/schema_epochs.hpp"
#include "handles.hpp"
#include "turso_cdc.h"

struct turso_cdc_record {
  struct Item {
    std::string name;  // empty: not known
    turso::Value value;
    bool is_set = true;
  };
  std::vector<Item> items;
};

namespace turso::capi {
namespace {

// In the order of the record's values; empty when the table is not known.
Result<std::vector<std::string>> names_of(sqlite::Connection& connection, std::string_view table,
                                          std::int64_t change_id, turso_cdc_record_kind_t kind) {
  cdc::SchemaEpochs epochs(connection);
  TURSO_TRY(const cdc::TableColumns* columns, epochs.columns(table, change_id));
  std::vector<std::string> names;
  if (columns == nullptr) return names;
  if (kind != TURSO_CDC_RECORD_KEY) {
    for (const cdc::Column* column : columns->stored()) names.push_back(column->name);
    return names;
  }
  std::vector<const cdc::Column*> key;
  for (const cdc::Column& column : columns->columns)
    if (column.pk > 0) key.push_back(&column);
  std::sort(key.begin(), key.end(), [](const auto* a, const auto* b) { return a->pk < b->pk; });
  for (const cdc::Column* column : key) names.push_back(column->name);
  return names;
}

Status put_values(turso_cdc_record& record, std::vector<Value> values, turso_cdc_record_kind_t kind) {
  if (kind != TURSO_CDC_RECORD_UPDATES) {
    for (Value& value : values) record.items.push_back({"", std::move(value), true});
    return ok();
  }
  // n flags, then n values.
  if (values.size() % 2 != 0)
    return Error{ErrorKind::kCorrupt,
                 concat("a record of updates holds ", values.size(), " values, expected an even number")};
  std::size_t half = values.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    bool is_set = values[i].type() == ValueType::kInteger && values[i].integer() != 0;
    record.items.push_back({"", std::move(values[half + i]), is_set});
  }
  return ok();
}

Result<std::unique_ptr<turso_cdc_record>> decode(const turso_connection_t* connection, const char* table,
                                                 std::int64_t change_id, turso_cdc_record_kind_t kind,
                                                 turso_slice_ref_t bytes) {
  if (bytes.ptr == nullptr) return null_pointer();
  if (kind < TURSO_CDC_RECORD_IMAGE || kind > TURSO_CDC_RECORD_KEY)
    return Error{ErrorKind::kMisuse, concat("record kind ", static_cast<int>(kind), " is unknown")};
  TURSO_TRY(auto values, cdc::decode_record({static_cast<const std::uint8_t*>(bytes.ptr), bytes.len}));
  auto record = std::make_unique<turso_cdc_record>();
  TURSO_CHECK(put_values(*record, std::move(values), kind));
  if (connection == nullptr) return record;
  if (table == nullptr) return null_pointer();
  std::vector<std::string> names;
  TURSO_TRY(turso_connection * self, unwrap(connection));
  TURSO_CHECK(self->connection->inspect([&](sqlite::Connection& db) -> Status {
    TURSO_TRY(auto found, names_of(db, table, change_id, kind));
    names = std::move(found);
    return ok();
  }));
  // A record written before a column was added is shorter than the list: its columns are the first ones.
  for (std::size_t i = 0; i < std::min(names.size(), record->items.size()); ++i)
    record->items[i].name = std::move(names[i]);
  return record;
}

turso_cdc_value_t translate(const turso_cdc_record::Item& item) {
  turso_cdc_value_t out{};
  out.is_set = item.is_set ? 1 : 0;
  switch (item.value.type()) {
    case ValueType::kNull: out.type = TURSO_TYPE_NULL; break;
    case ValueType::kInteger:
      out.type = TURSO_TYPE_INTEGER;
      out.integer = item.value.integer();
      break;
    case ValueType::kReal:
      out.type = TURSO_TYPE_REAL;
      out.real = item.value.real();
      break;
    case ValueType::kText:
      out.type = TURSO_TYPE_TEXT;
      out.bytes = {item.value.text().data(), item.value.text().size()};
      break;
    case ValueType::kBlob:
      out.type = TURSO_TYPE_BLOB;
      out.bytes = {item.value.blob().data(), item.value.blob().size()};
      break;
  }
  return out;
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

turso_status_code_t turso_cdc_record_decode(const turso_connection_t* connection, const char* table, int64_t change_id,
                                            turso_cdc_record_kind_t kind, turso_slice_ref_t record,
                                            turso_cdc_record_t** decoded, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    if (decoded == nullptr) return null_pointer();
    TURSO_TRY(auto made, decode(connection, table, change_id, kind, record));
    *decoded = made.release();
    return ok();
  });
}

int64_t turso_cdc_record_count(const turso_cdc_record_t* record) noexcept {
  return record != nullptr ? static_cast<std::int64_t>(record->items.size()) : -1;
}

const char* turso_cdc_record_name(const turso_cdc_record_t* record, size_t index) noexcept {
  if (record == nullptr || index >= record->items.size() || record->items[index].name.empty()) return nullptr;
  return record->items[index].name.c_str();
}

turso_status_code_t turso_cdc_record_value(const turso_cdc_record_t* record, size_t index,
                                           turso_cdc_value_t* value) noexcept {
  return guard(nullptr, [&]() -> Status {
    if (record == nullptr || value == nullptr) return null_pointer();
    if (index >= record->items.size() || value->struct_size < sizeof(value->struct_size))
      return Error{ErrorKind::kMisuse, "no such value, or struct_size is not set"};
    turso_cdc_value_t full = translate(record->items[index]);
    full.struct_size = value->struct_size;
    std::memcpy(value, &full, std::min<std::size_t>(value->struct_size, sizeof(full)));
    return ok();
  });
}

void turso_cdc_record_deinit(turso_cdc_record_t* record) noexcept { release(record); }
