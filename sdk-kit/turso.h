/* turso.h -- SQLite databases with change capture, for programs in any language: the plain half of the C ABI.
**
** MODEL     database -> connections -> statements. A statement is prepared, bound, stepped to its rows and its end.
** HANDLES   Every handle that a function stores is the caller's and is given back by its `_deinit`, which takes
**           null. Handles may be given back in any order: a child keeps what it needs of its parent alive.
** THREADS   A database handle may be used by several threads at once. A connection and its statements belong to
**           one thread at a time; a second thread that enters meanwhile gets TURSO_MISUSE and changes nothing.
** ERRORS    Functions that can fail return a status. Where `error_opt_out` is not null, a failure stores a text
**           there (one sentence, zero-terminated, UTF-8), to be freed by turso_str_deinit; success stores nothing.
**           turso_cdc.h gives the same failure with its kind, codes, table and constraint.
** TEXTS     `const char *` is zero-terminated UTF-8. A returned `const char *` is the caller's (turso_str_deinit)
**           unless its function says that it is borrowed or static. What is passed in is copied before return.
** NULL      A null handle gives TURSO_MISUSE (counts: -1 or 0; autocommit: false). Out-pointers other than
**           `error_opt_out` must not be null where a function does not say that they may.
**
** Binary compatible with the reference's turso.h 0.8.0-pre.7: same symbols, layouts and values. What is ours alone
** is in turso_cdc.h. Structures here never grow.
*/
#ifndef TURSO_H
#define TURSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define TURSO_API __attribute__((visibility("default")))
#else
#define TURSO_API
#endif

#ifdef __cplusplus
#define TURSO_NOEXCEPT noexcept
extern "C" {
#else
#define TURSO_NOEXCEPT
#endif

/* Bytes that somebody else owns; the function that gives or takes a slice says for how long they must stay. `ptr` may
** be null when `len` is 0. */
typedef struct turso_slice_ref {
  const void* ptr;
  size_t len; /* bytes */
} turso_slice_ref_t;

/* What a call did. Values below TURSO_ERROR are not failures of the database: OK, DONE, ROW and IO are progress, BUSY
** and BUSY_SNAPSHOT say that somebody else is in the way. */
typedef enum turso_status_code {
  TURSO_OK = 0,              /* done */
  TURSO_DONE = 1,            /* a statement or operation has ended well */
  TURSO_ROW = 2,             /* a row is there */
  TURSO_IO = 3,              /* the host must perform IO (turso_sync.h), then call again */
  TURSO_BUSY = 4,            /* another connection or process holds a lock; nothing changed, try again later */
  TURSO_INTERRUPT = 5,       /* interrupted, see turso_cdc_connection_interrupt */
  TURSO_BUSY_SNAPSHOT = 6,   /* this read transaction is too old to write: roll back and begin again */
  TURSO_ERROR = 127,         /* anything else; the text says what */
  TURSO_MISUSE = 128,        /* the caller broke the contract; nothing was done */
  TURSO_CONSTRAINT = 129,    /* UNIQUE, NOT NULL, CHECK, FOREIGN KEY, ... */
  TURSO_READONLY = 130,      /* the database or connection is read-only */
  TURSO_DATABASE_FULL = 131, /* no space is left */
  TURSO_NOTADB = 132,        /* the file is not a SQLite database */
  TURSO_CORRUPT = 133,       /* the file is damaged */
  TURSO_IOERR = 134          /* the operating system refused: missing file or directory, permission, disk */
} turso_status_code_t;

/* The type of a value of the current row. */
typedef enum turso_type {
  TURSO_TYPE_UNKNOWN = 0, /* there is no current row, or no such column */
  TURSO_TYPE_INTEGER = 1, /* 64 bits, signed */
  TURSO_TYPE_REAL = 2,    /* IEEE double */
  TURSO_TYPE_TEXT = 3,    /* UTF-8 */
  TURSO_TYPE_BLOB = 4,
  TURSO_TYPE_NULL = 5
} turso_type_t;

/* ---- Values of user functions -------------------------------------------------------------------------------- */

typedef enum turso_extension_value_type {
  TURSO_EXTENSION_VALUE_NULL = 0,
  TURSO_EXTENSION_VALUE_INTEGER = 1, /* value.int_value */
  TURSO_EXTENSION_VALUE_FLOAT = 2,   /* value.float_value */
  TURSO_EXTENSION_VALUE_TEXT = 3,    /* value.text */
  TURSO_EXTENSION_VALUE_BLOB = 4,    /* value.blob */
  TURSO_EXTENSION_VALUE_ERROR = 5    /* value.error: a result only; the statement fails */
} turso_extension_value_type_t;

/* Why a user function failed. The statement ends with TURSO_ERROR, or with the status named beside the value. */
typedef enum turso_extension_result_code {
  TURSO_EXTENSION_RESULT_OK = 0,
  TURSO_EXTENSION_RESULT_ERROR = 1,
  TURSO_EXTENSION_RESULT_INVALID_ARGS = 2,
  TURSO_EXTENSION_RESULT_UNKNOWN = 3,
  TURSO_EXTENSION_RESULT_OOM = 4,
  TURSO_EXTENSION_RESULT_CORRUPT = 5, /* TURSO_CORRUPT */
  TURSO_EXTENSION_RESULT_NOT_FOUND = 6,
  TURSO_EXTENSION_RESULT_ALREADY_EXISTS = 7,
  TURSO_EXTENSION_RESULT_PERMISSION_DENIED = 8,
  TURSO_EXTENSION_RESULT_ABORTED = 9,
  TURSO_EXTENSION_RESULT_OUT_OF_RANGE = 10,
  TURSO_EXTENSION_RESULT_UNIMPLEMENTED = 11,
  TURSO_EXTENSION_RESULT_INTERNAL = 12,
  TURSO_EXTENSION_RESULT_UNAVAILABLE = 13,
  TURSO_EXTENSION_RESULT_CUSTOM_ERROR = 14,
  TURSO_EXTENSION_RESULT_EOF = 15,
  TURSO_EXTENSION_RESULT_READ_ONLY = 16, /* TURSO_READONLY */
  TURSO_EXTENSION_RESULT_ROWID = 17,
  TURSO_EXTENSION_RESULT_ROW = 18,
  TURSO_EXTENSION_RESULT_INTERRUPT = 19,           /* TURSO_INTERRUPT */
  TURSO_EXTENSION_RESULT_BUSY = 20,                /* TURSO_BUSY */
  TURSO_EXTENSION_RESULT_CONSTRAINT_VIOLATION = 21 /* TURSO_CONSTRAINT */
} turso_extension_result_code_t;

typedef enum turso_extension_text_subtype {
  TURSO_EXTENSION_TEXT_TEXT = 0,
  TURSO_EXTENSION_TEXT_JSON = 1 /* what json functions take for JSON instead of a string */
} turso_extension_text_subtype_t;

typedef struct turso_extension_text {
  turso_extension_text_subtype_t subtype;
  const uint8_t* text; /* UTF-8, not zero-terminated */
  uint32_t len;        /* bytes */
} turso_extension_text_t;

typedef struct turso_extension_blob {
  const uint8_t* data;
  uint64_t size; /* bytes */
} turso_extension_blob_t;

typedef struct turso_extension_error {
  turso_extension_result_code_t code;
  turso_extension_text_t* message; /* may be null */
} turso_extension_error_t;

typedef union turso_extension_value_data {
  int64_t int_value;
  double float_value;
  const turso_extension_text_t* text;
  const turso_extension_blob_t* blob;
  const turso_extension_error_t* error;
} turso_extension_value_data_t;

/* An argument or result of a user function. Arguments live during the call. What a result points to is read before
** the library calls the value destructor, if there is one, on a copy of the result. */
typedef struct turso_value {
  turso_extension_value_type_t value_type;
  turso_extension_value_data_t value;
} turso_value_t;

/* The state of one aggregation, made by the init callback. */
typedef struct turso_agg_ctx {
  void* state;
} turso_agg_ctx_t;

/* `context` is what was passed at registration. Callbacks run on the thread that steps a statement (or, on a synced
** database, that resumes an apply) and must not throw or jump out. They may read through the same connection; they must
** not write, close it or step the statement that called them. */
typedef void (*turso_context_destructor_t)(uintptr_t context);
typedef void (*turso_value_destructor_t)(turso_value_t* result);
typedef turso_value_t (*turso_scalar_function_t)(uintptr_t context, int32_t argc, const turso_value_t* argv,
                                                 turso_context_destructor_t context_destructor,
                                                 turso_value_destructor_t value_destructor);
typedef turso_agg_ctx_t* (*turso_aggregate_init_function_t)(uintptr_t context); /* null: the statement fails */
/* Returns NULL, or an error that ends the statement; any other value is dropped. */
typedef turso_value_t (*turso_aggregate_step_function_t)(uintptr_t context, turso_agg_ctx_t* aggregate_context,
                                                         int32_t argc, const turso_value_t* argv);
typedef turso_value_t (*turso_aggregate_final_function_t)(uintptr_t context, turso_agg_ctx_t* aggregate_context);
/* Negative, zero or positive as left is below, equal to or above right. Lengths in bytes, texts not terminated. */
typedef int32_t (*turso_collation_function_t)(uintptr_t context, const uint8_t* left_ptr, size_t left_len,
                                              const uint8_t* right_ptr, size_t right_len);

/* ---- Library ------------------------------------------------------------------------------------------------- */

typedef enum turso_tracing_level {
  TURSO_TRACING_LEVEL_ERROR = 1,
  TURSO_TRACING_LEVEL_WARN = 2,
  TURSO_TRACING_LEVEL_INFO = 3,
  TURSO_TRACING_LEVEL_DEBUG = 4,
  TURSO_TRACING_LEVEL_TRACE = 5
} turso_tracing_level_t;

/* One log record; everything in it lives during the call of the logger only. */
typedef struct turso_log {
  const char* message;
  const char* target; /* the part that speaks, "turso::sync" */
  const char* file;   /* source file */
  uint64_t timestamp; /* unix seconds */
  size_t line;        /* line in `file` */
  turso_tracing_level_t level;
} turso_log_t;

typedef struct turso_config {
  void (*logger)(const turso_log_t* log); /* null: no logging. Called on any thread that calls the library */
  const char* log_level;                  /* error, warn, info, debug or trace; null: info */
} turso_config_t;

/* The version of this library, "0.1.0". Static: never freed. */
TURSO_API const char* turso_version(void) TURSO_NOEXCEPT;

/* Sets the logger of the process; the last call holds. TURSO_MISUSE: null config; TURSO_ERROR: unknown level. */
TURSO_API turso_status_code_t turso_setup(const turso_config_t* config, const char** error_opt_out) TURSO_NOEXCEPT;

/* ---- Database ------------------------------------------------------------------------------------------------ */

/* Opaque. */
typedef struct turso_database turso_database_t;
typedef struct turso_connection turso_connection_t;
typedef struct turso_statement turso_statement_t;

/* Page codecs transform pages between memory and file. SQLite has no place for them: a configuration that names one is
** refused by turso_database_new. The types are here for programs that are compiled against them. */
typedef enum turso_codec_location {
  TURSO_CODEC_LOCATION_DATABASE = 0,
  TURSO_CODEC_LOCATION_WAL = 1
} turso_codec_location_t;

typedef struct turso_page_codec_header_info {
  uint32_t page_size;
  uint8_t reserved_space;
  uint8_t is_supported;
} turso_page_codec_header_info_t;

typedef int32_t (*turso_page_codec_probe_header_t)(void* ctx, const uint8_t* raw_page1_prefix, size_t raw_len,
                                                   turso_page_codec_header_info_t* out, const char** error);
typedef int32_t (*turso_page_codec_transform_t)(void* ctx, uint32_t page_no, turso_codec_location_t location,
                                                const uint8_t* input, size_t input_len, uint8_t* output,
                                                size_t output_len, const char** error);
typedef void (*turso_page_codec_destroy_t)(void* ctx);

typedef struct turso_page_codec_v1 {
  uint32_t abi_version;
  void* ctx;
  uint8_t reserved_space;
  uint8_t codec_id[16];
  turso_page_codec_destroy_t destroy;
  turso_page_codec_probe_header_t probe_header;
  turso_page_codec_transform_t decode_page;
  turso_page_codec_transform_t encode_page;
} turso_page_codec_v1_t;

typedef enum turso_database_open_flags {
  TURSO_DATABASE_OPEN_DEFAULT = 0, /* read and write, the file is made if it is missing */
  TURSO_DATABASE_OPEN_READONLY = 1 /* a missing file is TURSO_IOERR, a write TURSO_READONLY */
} turso_database_open_flags_t;

/* Everything is copied. Zero or null means the default. */
typedef struct turso_database_config {
  uint64_t async_io;                       /* non-zero: a synced database asks the host to read and write P-info;
                                           ** plain databases do their own file IO in any case */
  const char* path;                        /* a file, or ":memory:", which the connections of one handle share */
  const char* experimental_features;       /* comma-separated; accepted, without effect */
  const char* vfs;                         /* null or "syscall": files; "memory": in memory; others are refused */
  const char* encryption_cipher;           /* refused: SQLite here has no encryption of local files */
  const char* encryption_hexkey;           /* refused, likewise */
  const turso_page_codec_v1_t* page_codec; /* refused, see above */
  uint32_t open_flags;                     /* turso_database_open_flags_t; an unknown bit is TURSO_MISUSE */
} turso_database_config_t;

/* Stores a new handle in `*database`; touches no file. TURSO_MISUSE: null pointers, an unknown open flag.
** TURSO_ERROR: an option that is not offered, the text names it. */
TURSO_API turso_status_code_t turso_database_new(const turso_database_config_t* config,
                                                 const turso_database_t** database,
                                                 const char** error_opt_out) TURSO_NOEXCEPT;

/* Opens or makes the file; a second call is TURSO_OK and does nothing. A new file is in WAL mode. A file that is a
** replica (turso_sync.h) is opened with capture on. TURSO_IOERR, TURSO_NOTADB, TURSO_CORRUPT, TURSO_BUSY; TURSO_ERROR
** for an unknown vfs. Never TURSO_IO. */
TURSO_API turso_status_code_t turso_database_open(const turso_database_t* database,
                                                  const char** error_opt_out) TURSO_NOEXCEPT;

/* Stores a new connection in `*connection`. TURSO_MISUSE before turso_database_open. */
TURSO_API turso_status_code_t turso_database_connect(const turso_database_t* database, turso_connection_t** connection,
                                                     const char** error_opt_out) TURSO_NOEXCEPT;

/* Gives the handle back; its connections live on. */
TURSO_API void turso_database_deinit(const turso_database_t* database) TURSO_NOEXCEPT;

/* ---- Connection ---------------------------------------------------------------------------------------------- */

/* How long a statement waits for a lock before TURSO_BUSY, in milliseconds. Default, and anything <= 0: not at all. */
TURSO_API void turso_connection_set_busy_timeout_ms(const turso_connection_t* connection,
                                                    int64_t timeout_ms) TURSO_NOEXCEPT;

/* Whether no transaction of the user is open. */
TURSO_API bool turso_connection_get_autocommit(const turso_connection_t* connection) TURSO_NOEXCEPT;

/* The rowid of the last row that this connection inserted; 0 before the first. Capture does not disturb it. */
TURSO_API int64_t turso_connection_last_insert_rowid(const turso_connection_t* connection) TURSO_NOEXCEPT;

/* Prepares `sql`, which must hold exactly one statement. Nothing in it, or a second statement, is TURSO_ERROR. */
TURSO_API turso_status_code_t turso_connection_prepare_single(const turso_connection_t* connection, const char* sql,
                                                              turso_statement_t** statement,
                                                              const char** error_opt_out) TURSO_NOEXCEPT;

/* Prepares the first statement of `sql` and stores in `*tail_idx` (may be null) the byte offset of the next one, behind
** semicolons, white space and comments; it is the length of `sql` at the end. When there is nothing to prepare,
** `*statement` is null and the result TURSO_OK. */
TURSO_API turso_status_code_t turso_connection_prepare_first(const turso_connection_t* connection, const char* sql,
                                                             turso_statement_t** statement, size_t* tail_idx,
                                                             const char** error_opt_out) TURSO_NOEXCEPT;

/* Functions, collations and extensions belong to the database handle: later connections have them, and so has a sync
** that replays changes. `context` lives until the last of these lets go of it: the registration is replaced or removed,
** or the database handle and its connections are given back; then `context_destructor` (may be null) is called once.
** When a registration fails, `context_destructor` is called before the function returns.
**
** `argc` is the number of arguments, -1 for any. `deterministic`: same arguments, same result. `value_destructor` (may
** be null) is called on each result once it has been read. */
TURSO_API turso_status_code_t turso_connection_register_scalar_function(
    const turso_connection_t* connection, const char* name, int32_t argc, bool deterministic, uintptr_t context,
    turso_scalar_function_t callback, turso_context_destructor_t context_destructor,
    turso_value_destructor_t value_destructor, const char** error_opt_out) TURSO_NOEXCEPT;

/* As above. `init` makes the state of one aggregation when it begins; `aggregate_destructor` (may be null) is called
** with that pointer once it is over, also when the statement fails. An aggregation over no rows runs init and finalize.
*/
TURSO_API turso_status_code_t turso_connection_register_aggregate_function(
    const turso_connection_t* connection, const char* name, int32_t argc, uintptr_t context,
    turso_aggregate_init_function_t init, turso_aggregate_step_function_t step,
    turso_aggregate_final_function_t finalize, turso_context_destructor_t context_destructor,
    turso_context_destructor_t aggregate_destructor, turso_value_destructor_t value_destructor,
    const char** error_opt_out) TURSO_NOEXCEPT;

/* Removes every function of this name that was registered. TURSO_ERROR: there is none. */
TURSO_API turso_status_code_t turso_connection_unregister_function(const turso_connection_t* connection,
                                                                   const char* name,
                                                                   const char** error_opt_out) TURSO_NOEXCEPT;

TURSO_API turso_status_code_t turso_connection_register_collation(const turso_connection_t* connection,
                                                                  const char* name, uintptr_t context,
                                                                  turso_collation_function_t callback,
                                                                  turso_context_destructor_t context_destructor,
                                                                  const char** error_opt_out) TURSO_NOEXCEPT;

TURSO_API turso_status_code_t turso_connection_unregister_collation(const turso_connection_t* connection,
                                                                    const char* name,
                                                                    const char** error_opt_out) TURSO_NOEXCEPT;

/* Off by default. Allows turso_connection_load_extension; the SQL function load_extension() stays off, because what it
** loads would be unknown to the database handle. */
TURSO_API turso_status_code_t turso_connection_enable_load_extension(const turso_connection_t* connection, bool enabled,
                                                                     const char** error_opt_out) TURSO_NOEXCEPT;

/* Loads a SQLite extension (a shared library) by path. TURSO_ERROR: not enabled, or it cannot be loaded. */
TURSO_API turso_status_code_t turso_connection_load_extension(const turso_connection_t* connection, const char* path,
                                                              const char** error_opt_out) TURSO_NOEXCEPT;

/* Rolls back what is open, finalizes the statements and closes. Later calls on the connection and its statements give
** TURSO_MISUSE; a second close is TURSO_OK. The handles are still to be given back. */
TURSO_API turso_status_code_t turso_connection_close(const turso_connection_t* connection,
                                                     const char** error_opt_out) TURSO_NOEXCEPT;

/* Gives the handle back. The connection closes by itself when its last statement is gone, too. */
TURSO_API void turso_connection_deinit(const turso_connection_t* connection) TURSO_NOEXCEPT;

/* ---- Statement: running -------------------------------------------------------------------------------------- */

/* Runs the statement to its end and drops its rows. TURSO_DONE, and `*rows_changes` (may be null) is how many rows it
** changed; on an error it is not written. */
TURSO_API turso_status_code_t turso_statement_execute(const turso_statement_t* statement, uint64_t* rows_changes,
                                                      const char** error_opt_out) TURSO_NOEXCEPT;

/* TURSO_ROW: the next row is there. TURSO_DONE: the end, and again at every further call until reset. After an error
 *the
 ** next step runs the statement from its beginning. Never TURSO_IO. */
TURSO_API turso_status_code_t turso_statement_step(const turso_statement_t* statement,
                                                   const char** error_opt_out) TURSO_NOEXCEPT;

/* For hosts that know TURSO_IO from statements: there is nothing to do, TURSO_OK. */
TURSO_API turso_status_code_t turso_statement_run_io(const turso_statement_t* statement,
                                                     const char** error_opt_out) TURSO_NOEXCEPT;

/* Back to the beginning, without a row; all parameters are NULL again. */
TURSO_API turso_status_code_t turso_statement_reset(const turso_statement_t* statement,
                                                    const char** error_opt_out) TURSO_NOEXCEPT;

/* Ends the statement and frees what SQLite holds for it: TURSO_DONE. Later calls give TURSO_MISUSE; the handle is still
** to be given back. */
TURSO_API turso_status_code_t turso_statement_finalize(const turso_statement_t* statement,
                                                       const char** error_opt_out) TURSO_NOEXCEPT;

TURSO_API void turso_statement_deinit(const turso_statement_t* statement) TURSO_NOEXCEPT;

/* ---- Statement: columns -------------------------------------------------------------------------------------- */

/* Rows that the last run changed, without those that triggers and foreign keys changed; -1 for a null handle. */
TURSO_API int64_t turso_statement_n_change(const turso_statement_t* statement) TURSO_NOEXCEPT;

TURSO_API int64_t turso_statement_column_count(const turso_statement_t* statement) TURSO_NOEXCEPT;

/* Texts of the caller (turso_str_deinit); `index` counts from 0; null when out of range. */
TURSO_API const char* turso_statement_column_name(const turso_statement_t* statement, size_t index) TURSO_NOEXCEPT;

/* The type that CREATE TABLE declares for the column; null for an expression or a column without a type. */
TURSO_API const char* turso_statement_column_decltype(const turso_statement_t* statement, size_t index) TURSO_NOEXCEPT;

/* Column types of user-defined kinds. SQLite has none, so: null, 0, null, TURSO_COLUMN_KIND_NONE. */
typedef enum turso_column_kind {
  TURSO_COLUMN_KIND_NONE = -1,
  TURSO_COLUMN_KIND_BUILTIN = 0,
  TURSO_COLUMN_KIND_CUSTOM = 1,
  TURSO_COLUMN_KIND_DOMAIN = 2,
  TURSO_COLUMN_KIND_STRUCT = 3,
  TURSO_COLUMN_KIND_UNION = 4
} turso_column_kind_t;

TURSO_API const char* turso_statement_column_declared_name(const turso_statement_t* statement,
                                                           size_t index) TURSO_NOEXCEPT;
TURSO_API uint32_t turso_statement_column_array_dimensions(const turso_statement_t* statement,
                                                           size_t index) TURSO_NOEXCEPT;
TURSO_API const char* turso_statement_column_base_type(const turso_statement_t* statement, size_t index) TURSO_NOEXCEPT;
TURSO_API turso_column_kind_t turso_statement_column_kind(const turso_statement_t* statement,
                                                          size_t index) TURSO_NOEXCEPT;

/* ---- Statement: the current row ------------------------------------------------------------------------------ */
/* Nothing is converted: ask for the kind first. Outside a row, or past the last column: UNKNOWN, -1, null, 0, 0.0. */

TURSO_API turso_type_t turso_statement_row_value_kind(const turso_statement_t* statement, size_t index) TURSO_NOEXCEPT;

/* Bytes of a TEXT or BLOB; -1 for every other type. */
TURSO_API int64_t turso_statement_row_value_bytes_count(const turso_statement_t* statement,
                                                        size_t index) TURSO_NOEXCEPT;

/* The bytes of a TEXT (not always zero-terminated) or BLOB; not null even when empty; null for every other type.
** Borrowed: valid until the next step, reset, finalize, deinit or close. */
TURSO_API const char* turso_statement_row_value_bytes_ptr(const turso_statement_t* statement,
                                                          size_t index) TURSO_NOEXCEPT;

/* 0 unless the value is an INTEGER. */
TURSO_API int64_t turso_statement_row_value_int(const turso_statement_t* statement, size_t index) TURSO_NOEXCEPT;

/* 0.0 unless the value is a REAL. */
TURSO_API double turso_statement_row_value_double(const turso_statement_t* statement, size_t index) TURSO_NOEXCEPT;

/* ---- Statement: parameters ----------------------------------------------------------------------------------- */
/* Positions count from 1. A position that is 0 or too large, and a bind between two rows, are TURSO_MISUSE. What is
** bound is copied and stays until reset. */

/* The position of a name given with its prefix (":a", "@a", "$a", "?7"); -1 when there is none. */
TURSO_API int64_t turso_statement_named_position(const turso_statement_t* statement, const char* name) TURSO_NOEXCEPT;

/* The largest position; -1 for a null handle. */
TURSO_API int64_t turso_statement_parameters_count(const turso_statement_t* statement) TURSO_NOEXCEPT;

/* The name with its prefix, a text of the caller; null for "?" and out of range. */
TURSO_API const char* turso_statement_parameter_name(const turso_statement_t* statement, int64_t index) TURSO_NOEXCEPT;

TURSO_API turso_status_code_t turso_statement_bind_positional_null(const turso_statement_t* statement,
                                                                   size_t position) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_statement_bind_positional_int(const turso_statement_t* statement, size_t position,
                                                                  int64_t value) TURSO_NOEXCEPT;
/* NaN is bound as NULL. */
TURSO_API turso_status_code_t turso_statement_bind_positional_double(const turso_statement_t* statement,
                                                                     size_t position, double value) TURSO_NOEXCEPT;
/* `ptr` may be null when `len` (bytes) is 0: an empty value. TEXT that is not UTF-8 is TURSO_MISUSE. */
TURSO_API turso_status_code_t turso_statement_bind_positional_blob(const turso_statement_t* statement, size_t position,
                                                                   const char* ptr, size_t len) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_statement_bind_positional_text(const turso_statement_t* statement, size_t position,
                                                                   const char* ptr, size_t len) TURSO_NOEXCEPT;

/* ---- Texts --------------------------------------------------------------------------------------------------- */

/* Frees a text that the library gave: an error, a name, a type. Takes null. */
TURSO_API void turso_str_deinit(const char* self) TURSO_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif /* TURSO_H */
