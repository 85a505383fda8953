/* turso_cdc.h -- what this library has beyond turso.h and turso_sync.h: typed errors, interrupt and cancel, named
** options, further statistics, decoding of captured records, and setters for tests.
**
** GROWTH    Structures begin with `struct_size`, which the caller sets to sizeof before passing one: the library fills
**           no more than that, so that a program and a library of different ages work together. Options are named
**           texts. New enumeration values may come; treat an unknown one as the general case.
** ERRORS, THREADS, TEXTS, NULL  as turso.h says, where nothing else is said here.
*/
#ifndef TURSO_CDC_H
#define TURSO_CDC_H

#include "turso.h"
#include "turso_sync.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors in full ------------------------------------------------------------------------------------------ */

/* What a program decides on. */
typedef enum turso_cdc_error_kind {
  TURSO_CDC_ERROR_NONE = 0,          /* nothing has failed */
  TURSO_CDC_ERROR_GENERAL = 1,       /* none of the others: an SQL error, an option that is not offered */
  TURSO_CDC_ERROR_MISUSE = 2,        /* the caller broke the contract */
  TURSO_CDC_ERROR_BUSY = 3,          /* a lock is in the way */
  TURSO_CDC_ERROR_BUSY_SNAPSHOT = 4, /* a read transaction cannot become a writer: roll back and begin again */
  TURSO_CDC_ERROR_INTERRUPT = 5,     /* the statement was interrupted */
  TURSO_CDC_ERROR_CANCELLED = 6,     /* the operation was cancelled */
  TURSO_CDC_ERROR_CONSTRAINT = 7,    /* here or at the server; `constraint` and `table` say which */
  TURSO_CDC_ERROR_CONFLICT = 8,      /* a change cannot be replayed; `condition` names special cases */
  TURSO_CDC_ERROR_SCHEMA = 9,        /* a table or column is not what the operation needs */
  TURSO_CDC_ERROR_READONLY = 10,     /* the database is read-only */
  TURSO_CDC_ERROR_FULL = 11,         /* no space is left */
  TURSO_CDC_ERROR_NOT_A_DATABASE = 12,
  TURSO_CDC_ERROR_CORRUPT = 13, /* a file or stream is damaged */
  TURSO_CDC_ERROR_IO = 14,      /* the operating system refused a file operation */
  TURSO_CDC_ERROR_NETWORK = 15, /* the host poisoned the request */
  TURSO_CDC_ERROR_TIMEOUT = 16, /* the host gave up waiting */
  TURSO_CDC_ERROR_AUTH = 17,    /* HTTP 401 or 403 */
  TURSO_CDC_ERROR_SERVER = 18,  /* the server answered with an error, see http_status */
  TURSO_CDC_ERROR_PROTOCOL = 19 /* the server answered something that is not the protocol */
} turso_cdc_error_kind_t;

/* The name of a kind in lower case, "busy_snapshot"; "none", "error" for NONE and GENERAL. Static. */
TURSO_API const char* turso_cdc_error_kind_name(turso_cdc_error_kind_t kind) TURSO_NOEXCEPT;

/* Texts belong to the structure and are freed by turso_cdc_error_deinit; null where nothing is known. */
typedef struct turso_cdc_error {
  uint32_t struct_size;
  turso_cdc_error_kind_t kind;
  int32_t retryable;   /* 1: the same call may succeed later without anybody changing anything */
  int32_t sqlite_code; /* extended result code; 0: SQLite was not involved */
  int32_t http_status; /* 0: no answer was received */
  int64_t change_id;   /* of the captured change that failed; 0: unknown */
  const char* message;
  const char* condition;  /* for programs: "replica_forked", "remote_went_back", ... */
  const char* table;      /* the table that the failure is about */
  const char* key;        /* the key of the row in printable form: 7, or ('a', 3) */
  const char* constraint; /* "UNIQUE constraint failed: u.y" */
} turso_cdc_error_t;

/* Fill `*error` with the last failure of the handle, kind NONE if there was none: of the connection or one of its
** statements; of the operation; of opening or connecting; of the sync database's last failed operation. Every filled
** structure is to be given to turso_cdc_error_deinit, which takes null and may be called twice. */
TURSO_API turso_status_code_t turso_cdc_connection_error(const turso_connection_t* connection,
                                                         turso_cdc_error_t* error) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_cdc_operation_error(const turso_sync_operation_t* operation,
                                                        turso_cdc_error_t* error) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_cdc_database_error(const turso_database_t* database,
                                                       turso_cdc_error_t* error) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_cdc_sync_database_error(const turso_sync_database_t* database,
                                                            turso_cdc_error_t* error) TURSO_NOEXCEPT;
TURSO_API void turso_cdc_error_deinit(turso_cdc_error_t* error) TURSO_NOEXCEPT;

/* ---- Interrupt and cancel: from any thread ------------------------------------------------------------------- */

/* The statements that run on the connection end with TURSO_INTERRUPT; later ones are not touched. */
TURSO_API void turso_cdc_connection_interrupt(const turso_connection_t* connection) TURSO_NOEXCEPT;

/* The next resume of the operation ends with TURSO_INTERRUPT (kind CANCELLED), unless it has ended already. The host
** should stop the request that it performs for it. */
TURSO_API void turso_cdc_operation_cancel(const turso_sync_operation_t* operation) TURSO_NOEXCEPT;

/* ---- Options ------------------------------------------------------------------------------------------------- */

/* Named options for a sync database, beyond the fixed structure. Opaque; belongs to one thread at a time. */
typedef struct turso_cdc_options turso_cdc_options_t;

TURSO_API turso_status_code_t turso_cdc_options_new(turso_cdc_options_t** options,
                                                    const char** error_opt_out) TURSO_NOEXCEPT;
/* Sets `key`; a later value replaces an earlier one. Key and value are checked when the sync database is made. */
TURSO_API turso_status_code_t turso_cdc_options_set(turso_cdc_options_t* options, const char* key, const char* value,
                                                    const char** error_opt_out) TURSO_NOEXCEPT;
TURSO_API void turso_cdc_options_deinit(turso_cdc_options_t* options) TURSO_NOEXCEPT;

/* turso_sync_database_new with `options` (may be null; stays the caller's). TURSO_MISUSE: an unknown key (the
** text lists the known ones) or a value that the option does not take. */
TURSO_API turso_status_code_t turso_cdc_sync_database_new(const turso_database_config_t* db_config,
                                                          const turso_sync_database_config_t* sync_config,
                                                          const turso_cdc_options_t* options,
                                                          const turso_sync_database_t** database,
                                                          const char** error_opt_out) TURSO_NOEXCEPT;

/* ---- Statistics ---------------------------------------------------------------------------------------------- */

typedef enum turso_cdc_compare {
  TURSO_CDC_COMPARE_NONE = 0,    /* no apply has run */
  TURSO_CDC_COMPARE_TRACKED = 1, /* only pages known to differ were looked at */
  TURSO_CDC_COMPARE_FULL = 2     /* every page was compared */
} turso_cdc_compare_t;

/* No texts: nothing to free. Flags are 0 or 1. */
typedef struct turso_cdc_stats {
  uint32_t struct_size;
  turso_cdc_compare_t last_compare;    /* how the last apply found the pages to publish */
  int64_t pending_changes;             /* captured row changes that still need sending */
  int64_t pending_transactions;        /* the user transactions that they belong to */
  int64_t oldest_pending_unix_time_ms; /* when the oldest of them was captured; 0: none */
  int64_t parked;                      /* transactions that could not be replayed and wait */
  int64_t quarantined;                 /* transactions that were put aside */
  int64_t conflicts;                   /* recorded verdicts */
  int32_t replica_forked;              /* this file was copied or rolled back; it goes on under a new identity */
  int32_t remote_went_back;            /* the remote was restored from a backup; pulls are refused */
  int32_t partial_bootstrap_ignored;   /* partial sync was asked for; everything was downloaded */
  int32_t reserved;
  int64_t main_bytes;    /* the database file */
  int64_t wal_bytes;     /* its WAL */
  int64_t base_bytes;    /* the copy of the remote state, with its sums */
  int64_t changes_bytes; /* a download that waits to be applied */
} turso_cdc_stats_t;

/* Reads them now. TURSO_MISUSE: not open yet, or an operation other than a wait is at work. TURSO_BUSY: another handle
** on the same path is at work. */
TURSO_API turso_status_code_t turso_cdc_sync_database_stats(const turso_sync_database_t* database,
                                                            turso_cdc_stats_t* stats,
                                                            const char** error_opt_out) TURSO_NOEXCEPT;

/* The same from a stats operation that is done, read together with turso_sync_operation_result_extract_stats. */
TURSO_API turso_status_code_t turso_cdc_operation_stats(const turso_sync_operation_t* operation,
                                                        turso_cdc_stats_t* stats) TURSO_NOEXCEPT;

/* ---- Captured records ---------------------------------------------------------------------------------------- */

/* A blob of the change log, decoded. Opaque; belongs to one thread at a time. */
typedef struct turso_cdc_record turso_cdc_record_t;

/* Which blob it is. */
typedef enum turso_cdc_record_kind {
  TURSO_CDC_RECORD_IMAGE = 0,   /* before, after: one value per stored column */
  TURSO_CDC_RECORD_UPDATES = 1, /* updates: one value per stored column, those that the statement set are marked */
  TURSO_CDC_RECORD_KEY = 2      /* id of a table WITHOUT ROWID: the primary key */
} turso_cdc_record_kind_t;

typedef struct turso_cdc_value {
  uint32_t struct_size;
  turso_type_t type;
  int64_t integer;         /* of an INTEGER */
  double real;             /* of a REAL */
  turso_slice_ref_t bytes; /* of a TEXT or BLOB; lives as the record */
  int32_t is_set;          /* UPDATES: whether the statement set the column; otherwise 1 */
  int32_t reserved;
} turso_cdc_value_t;

/* Decodes `record`, which change `change_id` of the log has for `table`. With a connection to the database, names are
** those that the columns had when the change was made; with a null one there are no names, and `table` and `change_id`
** do not matter. TURSO_CORRUPT: damage, the text says where. */
TURSO_API turso_status_code_t turso_cdc_record_decode(const turso_connection_t* connection, const char* table,
                                                      int64_t change_id, turso_cdc_record_kind_t kind,
                                                      turso_slice_ref_t record, turso_cdc_record_t** decoded,
                                                      const char** error_opt_out) TURSO_NOEXCEPT;
TURSO_API int64_t turso_cdc_record_count(const turso_cdc_record_t* record) TURSO_NOEXCEPT; /* values */
/* Borrowed, lives as the record; null when there are no names or `index` (from 0) is out of range. */
TURSO_API const char* turso_cdc_record_name(const turso_cdc_record_t* record, size_t index) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_cdc_record_value(const turso_cdc_record_t* record, size_t index,
                                                     turso_cdc_value_t* value) TURSO_NOEXCEPT;
TURSO_API void turso_cdc_record_deinit(turso_cdc_record_t* record) TURSO_NOEXCEPT;

/* ---- For tests ----------------------------------------------------------------------------------------------- */
#ifdef TURSO_CDC_TESTING

/* Replace the clock and the random source of the process, before anything is opened. Null restores the system's. Any
** thread may call back. */
TURSO_API void turso_cdc_test_set_clock(int64_t (*unix_time_ms)(void* context), void* context) TURSO_NOEXCEPT;
TURSO_API void turso_cdc_test_set_random(void (*fill)(void* context, uint8_t* out, size_t len),
                                         void* context) TURSO_NOEXCEPT;

typedef enum turso_cdc_failpoint_mode {
  TURSO_CDC_FAILPOINT_COUNT = 0,     /* only counts */
  TURSO_CDC_FAILPOINT_FAIL_ONCE = 1, /* change `at` fails, the others work */
  TURSO_CDC_FAILPOINT_STOP = 2,      /* change `at` and all later ones fail, as if the process were dead */
  TURSO_CDC_FAILPOINT_EXIT = 3       /* the process ends at change `at`, without cleanup */
} turso_cdc_failpoint_mode_t;

/* Every change to a file of a database or replica is counted: write, truncate, sync, rename, remove. */
typedef struct turso_cdc_failpoint {
  uint32_t struct_size;
  turso_cdc_failpoint_mode_t mode;
  uint64_t at;             /* counts from 1 */
  int32_t part;            /* of a failing write: 0 nothing is written, 1 half of it, 2 all of it */
  int32_t disk_full;       /* 1: it fails with "no space" */
  const char* path_prefix; /* only files whose path begins so; null: all */
} turso_cdc_failpoint_t;

/* Sets the failpoint of the process and restarts the count; null removes it. */
TURSO_API void turso_cdc_test_set_failpoint(const turso_cdc_failpoint_t* failpoint) TURSO_NOEXCEPT;
TURSO_API uint64_t turso_cdc_test_failpoint_count(void) TURSO_NOEXCEPT;    /* changes since it was set */
TURSO_API uint64_t turso_cdc_test_failpoint_failures(void) TURSO_NOEXCEPT; /* of them refused */

#endif /* TURSO_CDC_TESTING */

#ifdef __cplusplus
}
#endif
#endif /* TURSO_CDC_H */
