#include "user_function.hpp"

#include <deque>
#include <vector>

#include "base/text.hpp"

namespace turso::capi {
namespace {

constexpr unsigned kJsonSubtype = 'J';

const Registration& registration_of(sqlite3_context* context) {
  return **static_cast<SharedRegistration*>(sqlite3_user_data(context));
}

void destroy_shared(void* shared) { delete static_cast<SharedRegistration*>(shared); }

// The arguments of one call. What they point to lives as long as SQLite's values and this object.
class Arguments {
 public:
  Arguments(int count, sqlite3_value** values) {
    values_.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) values_.push_back(convert(values[i]));
  }
  std::int32_t count() const { return static_cast<std::int32_t>(values_.size()); }
  const turso_value_t* data() const { return values_.data(); }

 private:
  turso_value_t convert(sqlite3_value* value) {
    turso_value_t out{};
    switch (sqlite3_value_type(value)) {
      case SQLITE_INTEGER:
        out.value_type = TURSO_EXTENSION_VALUE_INTEGER;
        out.value.int_value = sqlite3_value_int64(value);
        break;
      case SQLITE_FLOAT:
        out.value_type = TURSO_EXTENSION_VALUE_FLOAT;
        out.value.float_value = sqlite3_value_double(value);
        break;
      case SQLITE_TEXT: {
        const unsigned char* text = sqlite3_value_text(value);
        auto subtype =
            sqlite3_value_subtype(value) == kJsonSubtype ? TURSO_EXTENSION_TEXT_JSON : TURSO_EXTENSION_TEXT_TEXT;
        texts_.push_back({subtype, text, static_cast<std::uint32_t>(sqlite3_value_bytes(value))});
        out.value_type = TURSO_EXTENSION_VALUE_TEXT;
        out.value.text = &texts_.back();
        break;
      }
      case SQLITE_BLOB: {
        const auto* blob = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
        blobs_.push_back({blob, static_cast<std::uint64_t>(sqlite3_value_bytes(value))});
        out.value_type = TURSO_EXTENSION_VALUE_BLOB;
        out.value.blob = &blobs_.back();
        break;
      }
      default: out.value_type = TURSO_EXTENSION_VALUE_NULL;
    }
    return out;
  }

  std::vector<turso_value_t> values_;
  std::deque<turso_extension_text_t> texts_;  // a deque does not move its elements
  std::deque<turso_extension_blob_t> blobs_;
};

int code_of(turso_extension_result_code_t code) {
  switch (code) {
    case TURSO_EXTENSION_RESULT_OOM: return SQLITE_NOMEM;
    case TURSO_EXTENSION_RESULT_CORRUPT: return SQLITE_CORRUPT;
    case TURSO_EXTENSION_RESULT_READ_ONLY: return SQLITE_READONLY;
    case TURSO_EXTENSION_RESULT_INTERRUPT: return SQLITE_INTERRUPT;
    case TURSO_EXTENSION_RESULT_BUSY: return SQLITE_BUSY;
    case TURSO_EXTENSION_RESULT_CONSTRAINT_VIOLATION: return SQLITE_CONSTRAINT;
    default: return SQLITE_ERROR;
  }
}

void set_error(sqlite3_context* context, const turso_extension_error_t* error) {
  if (error != nullptr && error->message != nullptr && error->message->text != nullptr) {
    const auto* text = reinterpret_cast<const char*>(error->message->text);
    sqlite3_result_error(context, text, static_cast<int>(error->message->len));
  } else {
    sqlite3_result_error(context, "the function failed", -1);
  }
  if (error != nullptr) sqlite3_result_error_code(context, code_of(error->code));
}

void set_text(sqlite3_context* context, const turso_extension_text_t* text) {
  if (text == nullptr) return sqlite3_result_null(context);
  const char* bytes = text->text != nullptr ? reinterpret_cast<const char*>(text->text) : "";
  if (!is_valid_utf8({bytes, text->len})) return sqlite3_result_error(context, "the function's text is not UTF-8", -1);
  sqlite3_result_text64(context, bytes, text->len, SQLITE_TRANSIENT, SQLITE_UTF8);
  if (text->subtype == TURSO_EXTENSION_TEXT_JSON) sqlite3_result_subtype(context, kJsonSubtype);
}

void set_blob(sqlite3_context* context, const turso_extension_blob_t* blob) {
  if (blob == nullptr) return sqlite3_result_null(context);
  if (blob->size == 0) return sqlite3_result_blob64(context, "", 0, SQLITE_STATIC);
  sqlite3_result_blob64(context, blob->data, blob->size, SQLITE_TRANSIENT);
}

// Copies the result into SQLite, then lets the host free it.
void set_result(sqlite3_context* context, const Registration& registration, turso_value_t result) {
  switch (result.value_type) {
    case TURSO_EXTENSION_VALUE_NULL: sqlite3_result_null(context); break;
    case TURSO_EXTENSION_VALUE_INTEGER: sqlite3_result_int64(context, result.value.int_value); break;
    case TURSO_EXTENSION_VALUE_FLOAT: sqlite3_result_double(context, result.value.float_value); break;
    case TURSO_EXTENSION_VALUE_TEXT: set_text(context, result.value.text); break;
    case TURSO_EXTENSION_VALUE_BLOB: set_blob(context, result.value.blob); break;
    case TURSO_EXTENSION_VALUE_ERROR: set_error(context, result.value.error); break;
    default: sqlite3_result_error(context, "the function's result is of no known type", -1);
  }
  if (registration.value_destructor != nullptr) registration.value_destructor(&result);
}

void call_scalar(sqlite3_context* context, int count, sqlite3_value** values) {
  try {
    const Registration& registration = registration_of(context);
    Arguments arguments(count, values);
    set_result(context, registration,
               registration.scalar(registration.context, arguments.count(), arguments.data(),
                                   registration.context_destructor, registration.value_destructor));
  } catch (...) {
    sqlite3_result_error_nomem(context);
  }
}

// One aggregation: SQLite zeroes it before the first step and frees it after the last call.
struct Aggregation {
  turso_agg_ctx_t* state;
  int begun;
};

Aggregation* begin(sqlite3_context* context, const Registration& registration) {
  auto* aggregation = static_cast<Aggregation*>(sqlite3_aggregate_context(context, sizeof(Aggregation)));
  if (aggregation == nullptr) {
    sqlite3_result_error_nomem(context);
    return nullptr;
  }
  if (aggregation->begun == 0) {
    aggregation->begun = 1;
    aggregation->state = registration.init(registration.context);
  }
  if (aggregation->state == nullptr) {
    sqlite3_result_error(context, "the aggregate could not begin", -1);
    return nullptr;
  }
  return aggregation;
}

void call_step(sqlite3_context* context, int count, sqlite3_value** values) {
  try {
    const Registration& registration = registration_of(context);
    Aggregation* aggregation = begin(context, registration);
    if (aggregation == nullptr) return;
    Arguments arguments(count, values);
    turso_value_t result =
        registration.step(registration.context, aggregation->state, arguments.count(), arguments.data());
    if (result.value_type == TURSO_EXTENSION_VALUE_ERROR)
      set_result(context, registration, result);
    else if (registration.value_destructor != nullptr)
      registration.value_destructor(&result);
  } catch (...) {
    sqlite3_result_error_nomem(context);
  }
}

// SQLite calls this once for every aggregation that began, after an error too; then the result is dropped.
void call_final(sqlite3_context* context) {
  const Registration& registration = registration_of(context);
  Aggregation* aggregation = begin(context, registration);
  if (aggregation == nullptr) return;
  set_result(context, registration, registration.finalize(registration.context, aggregation->state));
  if (registration.aggregate_destructor != nullptr)
    registration.aggregate_destructor(reinterpret_cast<std::uintptr_t>(aggregation->state));
  aggregation->state = nullptr;
}

int call_collation(void* shared, int left_size, const void* left, int right_size, const void* right) {
  const Registration& registration = **static_cast<SharedRegistration*>(shared);
  return registration.collation(registration.context, static_cast<const std::uint8_t*>(left),
                                static_cast<std::size_t>(left_size), static_cast<const std::uint8_t*>(right),
                                static_cast<std::size_t>(right_size));
}

int flags_of(const Registration& registration) {
  int flags = SQLITE_UTF8 | SQLITE_SUBTYPE | SQLITE_RESULT_SUBTYPE;
  return registration.deterministic ? flags | SQLITE_DETERMINISTIC : flags;
}

}  // namespace

int create_scalar(sqlite3* db, const char* name, int argc, const SharedRegistration& registration) {
  return sqlite3_create_function_v2(db, name, argc, flags_of(*registration), new SharedRegistration(registration),
                                    call_scalar, nullptr, nullptr, destroy_shared);
}

int create_aggregate(sqlite3* db, const char* name, int argc, const SharedRegistration& registration) {
  return sqlite3_create_function_v2(db, name, argc, flags_of(*registration), new SharedRegistration(registration),
                                    nullptr, call_step, call_final, destroy_shared);
}

int create_collation(sqlite3* db, const char* name, const SharedRegistration& registration) {
  auto* shared = new SharedRegistration(registration);
  int code = sqlite3_create_collation_v2(db, name, SQLITE_UTF8, shared, call_collation, destroy_shared);
  if (code != SQLITE_OK) destroy_shared(shared);  // unlike for functions, SQLite leaves it to the caller
  return code;
}

}  // namespace turso::capi
