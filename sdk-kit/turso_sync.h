/* turso_sync.h -- a SQLite database that syncs with a remote: the second half of the C ABI.
**
** MODEL     A sync database has a local file with change capture, and a remote. Push sends what was captured; wait
**           downloads what is new at the remote, apply puts it under the local changes. Everything that takes time
**           is an operation: it is started (which does nothing yet), resumed until it is done, asked for its result,
**           and given back. The library opens no socket, reads no clock of its own and starts no thread.
**
** LOOP      do {
**             status = turso_sync_operation_resume(operation, &error);
**             if (status == TURSO_IO) {
**               while (turso_sync_database_io_take_item(database, &item, &error) == TURSO_OK && item != NULL)
**                 perform(item);                                   // below; then give the item back
**               turso_sync_database_io_step_callbacks(database, &error);
**             }
**           } while (status == TURSO_IO);                          // TURSO_DONE, or a failure
**           TURSO_IO without an item is normal: another operation is at work. Pause a few milliseconds, not longer.
**
** PERFORM   HTTP        send method, path (below the remote URL), headers, body; status once the headers are there,
**                       push_buffer for each piece of the body, done at the end. Any HTTP status is an answer, not
**                       a failure. If no answer can be had: poison with the reason. Add your authorization.
**           FULL_READ   push_buffer with the content of the file, done; a missing file is done without bytes.
**           FULL_WRITE  write the file as a whole, atomically (temporary file, fsync, rename), then done.
**           File items come only where the database configuration has async_io set.
**
** THREADS   Calls on one sync database may come from several threads, an operation is used by one thread at a time.
**           One operation at a time, from its first resume to its end or its deinit: a second one gets TURSO_MISUSE
**           from its resume, has not begun and may be resumed once the first has ended. Except that push, stats and
**           connect may run while a wait waits for the network. The queue of items is one per database, so a loop may
**           be handed the item of another's operation and must perform it.
** ERRORS    As in turso.h. A failed operation gives TURSO_ERROR (TURSO_CONSTRAINT: a push was refused by a constraint;
**           TURSO_BUSY: a lock is in the way) and a text; turso_cdc_operation_error gives kind, HTTP status, table,
**           key, change id and whether to retry. The local file stays usable whatever happens to an operation.
**
** Binary compatible with the reference's turso_sync.h 0.8.0-pre.7. What is ours alone is in turso_cdc.h.
*/
#ifndef TURSO_SYNC_H
#define TURSO_SYNC_H

#include "turso.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum turso_sync_io_request_type {
  TURSO_SYNC_IO_NONE = 0,
  TURSO_SYNC_IO_HTTP = 1,
  TURSO_SYNC_IO_FULL_READ = 2,
  TURSO_SYNC_IO_FULL_WRITE = 3
} turso_sync_io_request_type_t;

/* Slices of an item live until the item is given back. */
typedef struct turso_sync_io_http_request {
  turso_slice_ref_t url; /* the configured or saved remote URL; empty when none is known: poison then */
  turso_slice_ref_t method;
  turso_slice_ref_t path; /* begins with "/" and is appended to the URL */
  turso_slice_ref_t body;
  int32_t headers; /* how many, read with turso_sync_database_io_request_http_header */
} turso_sync_io_http_request_t;

typedef struct turso_sync_io_http_header {
  turso_slice_ref_t key;
  turso_slice_ref_t value;
} turso_sync_io_http_header_t;

typedef struct turso_sync_io_full_read_request {
  turso_slice_ref_t path;
} turso_sync_io_full_read_request_t;

typedef struct turso_sync_io_full_write_request {
  turso_slice_ref_t path;
  turso_slice_ref_t content;
} turso_sync_io_full_write_request_t;

/* What an operation has to give once it is done. */
typedef enum turso_sync_operation_result_type {
  TURSO_ASYNC_RESULT_NONE = 0,       /* nothing, or not done yet */
  TURSO_ASYNC_RESULT_CONNECTION = 1, /* connect */
  TURSO_ASYNC_RESULT_CHANGES = 2,    /* wait */
  TURSO_ASYNC_RESULT_STATS = 3       /* stats */
} turso_sync_operation_result_type_t;

/* Opaque. */
typedef struct turso_sync_changes turso_sync_changes_t;     /* a complete download that apply will consume */
typedef struct turso_sync_database turso_sync_database_t;   /* */
typedef struct turso_sync_operation turso_sync_operation_t; /* */
typedef struct turso_sync_io_item turso_sync_io_item_t;     /* one request to the host; may outlive its database */

typedef struct turso_sync_stats {
  int64_t cdc_operations;         /* captured rows that still need sending, commit records included; 0 after a push */
  int64_t main_wal_size;          /* bytes */
  int64_t revert_wal_size;        /* always 0: there is no such file here */
  int64_t last_pull_unix_time;    /* seconds; 0: never */
  int64_t last_push_unix_time;    /* seconds; 0: never */
  int64_t network_sent_bytes;     /* bodies, since the database was opened */
  int64_t network_received_bytes; /* likewise */
  turso_slice_ref_t revision;     /* of the remote that the file is at; empty: never synced. Lives as the operation */
} turso_sync_stats_t;

/* Everything is copied. Zero or null means the default. */
typedef struct turso_sync_database_config {
  const char* path;                          /* of the local file; must agree with the database configuration */
  const char* remote_url;                    /* http://, https:// or libsql://; null: the saved one, or none yet */
  const char* client_name;                   /* required: the prefix of the unique id of this replica */
  int32_t long_poll_timeout_ms;              /* how long a wait may wait at the server when nothing is new */
  bool bootstrap_if_empty;                   /* create downloads the remote if there is no local file yet */
  int32_t reserved_bytes;                    /* at the end of each page, for remotes that encrypt */
  int32_t partial_bootstrap_strategy_prefix; /* partial_*: accepted; everything is downloaded all the same */
  const char* partial_bootstrap_strategy_query;
  size_t partial_bootstrap_segment_size;
  bool partial_bootstrap_prefetch;
  const char* remote_encryption_key;    /* base64; sent as the header x-turso-encryption-key with every request */
  const char* remote_encryption_cipher; /* gives reserved_bytes where that is 0; an unknown name is TURSO_ERROR */
  size_t push_operations_threshold;     /* changes per batch, at the next end of a transaction; 0: one batch */
  size_t pull_bytes_threshold;          /* bytes per request of a bootstrap; 0: one request */
  bool logical_mvcc_pull;               /* true is refused: MVCC remotes are not supported */
} turso_sync_database_config_t;

/* Stores a new handle in `*database`; does no IO. A second handle on a path that this process syncs joins the first;
** a configuration that differs is TURSO_MISUSE and the text names the option. TURSO_ERROR: an option not offered. */
TURSO_API turso_status_code_t turso_sync_database_new(const turso_database_config_t* db_config,
                                                      const turso_sync_database_config_t* sync_config,
                                                      const turso_sync_database_t** database,
                                                      const char** error_opt_out) TURSO_NOEXCEPT;

/* Gives the handle back. Connections and operations live on; the replica's lock is released with the last of them. */
TURSO_API void turso_sync_database_deinit(const turso_sync_database_t* database) TURSO_NOEXCEPT;

/* ---- Starting operations ------------------------------------------------------------------------------------- */
/* Each stores a new operation in `*operation` and does nothing else. */

/* Opens a replica that exists; an error when it does not. Result: none. */
TURSO_API turso_status_code_t turso_sync_database_open(const turso_sync_database_t* database,
                                                       const turso_sync_operation_t** operation,
                                                       const char** error_opt_out) TURSO_NOEXCEPT;

/* Opens the replica, or makes it: by downloading the remote (bootstrap_if_empty), else empty, to be synced later. A
** file that is there but is no replica is never overwritten: an error names the choices. Result: none. */
TURSO_API turso_status_code_t turso_sync_database_create(const turso_sync_database_t* database,
                                                         const turso_sync_operation_t** operation,
                                                         const char** error_opt_out) TURSO_NOEXCEPT;

/* A connection with capture on. Needs open or create before, as all below do. Result: connection. */
TURSO_API turso_status_code_t turso_sync_database_connect(const turso_sync_database_t* database,
                                                          const turso_sync_operation_t** operation,
                                                          const char** error_opt_out) TURSO_NOEXCEPT;

/* Result: stats. */
TURSO_API turso_status_code_t turso_sync_database_stats(const turso_sync_database_t* database,
                                                        const turso_sync_operation_t** operation,
                                                        const char** error_opt_out) TURSO_NOEXCEPT;

/* Moves the WAL into the database file. TURSO_BUSY: readers are in the way. Result: none. */
TURSO_API turso_status_code_t turso_sync_database_checkpoint(const turso_sync_database_t* database,
                                                             const turso_sync_operation_t** operation,
                                                             const char** error_opt_out) TURSO_NOEXCEPT;

/* Sends the captured changes; every batch is applied by the server as a whole and once. Result: none. */
TURSO_API turso_status_code_t turso_sync_database_push_changes(const turso_sync_database_t* database,
                                                               const turso_sync_operation_t** operation,
                                                               const char** error_opt_out) TURSO_NOEXCEPT;

/* Downloads what is new at the remote, waiting for it up to long_poll_timeout_ms. Changes nothing that a reader sees.
** Result: changes. */
TURSO_API turso_status_code_t turso_sync_database_wait_changes(const turso_sync_database_t* database,
                                                               const turso_sync_operation_t** operation,
                                                               const char** error_opt_out) TURSO_NOEXCEPT;

/* Puts `changes` under the local ones that were not pushed yet, in one transaction: readers see all of it or nothing.
** Consumes `changes`, also when it fails. TURSO_MISUSE: null changes. TURSO_BUSY: a writer is in the way; the file is
** untouched, wait again. Result: none. */
TURSO_API turso_status_code_t turso_sync_database_apply_changes(const turso_sync_database_t* database,
                                                                const turso_sync_changes_t* changes,
                                                                const turso_sync_operation_t** operation,
                                                                const char** error_opt_out) TURSO_NOEXCEPT;

/* ---- Running operations -------------------------------------------------------------------------------------- */

/* Runs until IO is needed (TURSO_IO) or the end (TURSO_DONE or a failure, repeated at every further call). May block
** on the disk, never on the network. */
TURSO_API turso_status_code_t turso_sync_operation_resume(const turso_sync_operation_t* operation,
                                                          const char** error_opt_out) TURSO_NOEXCEPT;

/* NONE before the end, and for null. */
TURSO_API turso_sync_operation_result_type_t turso_sync_operation_result_kind(const turso_sync_operation_t* operation)
    TURSO_NOEXCEPT;

/* TURSO_MISUSE before the end, for another kind of result, or a second time. */
TURSO_API turso_status_code_t turso_sync_operation_result_extract_connection(
    const turso_sync_operation_t* operation, const turso_connection_t** connection) TURSO_NOEXCEPT;

/* `*changes` is null when nothing is new: there is nothing to apply then. */
TURSO_API turso_status_code_t turso_sync_operation_result_extract_changes(
    const turso_sync_operation_t* operation, const turso_sync_changes_t** changes) TURSO_NOEXCEPT;

/* May be called again. */
TURSO_API turso_status_code_t turso_sync_operation_result_extract_stats(const turso_sync_operation_t* operation,
                                                                        turso_sync_stats_t* stats) TURSO_NOEXCEPT;

/* Gives the operation back; an unfinished one is cancelled and leaves nothing behind. */
TURSO_API void turso_sync_operation_deinit(const turso_sync_operation_t* operation) TURSO_NOEXCEPT;

/* Drops a download that was not applied. */
TURSO_API void turso_sync_changes_deinit(const turso_sync_changes_t* changes) TURSO_NOEXCEPT;

/* ---- The queue of requests ----------------------------------------------------------------------------------- */

/* Stores the oldest request in `*item`, null when there is none. The item is the caller's. */
TURSO_API turso_status_code_t turso_sync_database_io_take_item(const turso_sync_database_t* database,
                                                               const turso_sync_io_item_t** item,
                                                               const char** error_opt_out) TURSO_NOEXCEPT;

/* To be called after items were performed, also when there was none. */
TURSO_API turso_status_code_t turso_sync_database_io_step_callbacks(const turso_sync_database_t* database,
                                                                    const char** error_opt_out) TURSO_NOEXCEPT;

TURSO_API turso_sync_io_request_type_t turso_sync_database_io_request_kind(const turso_sync_io_item_t* item)
    TURSO_NOEXCEPT;

/* TURSO_MISUSE: the item is of another kind; for the header, too, when `index` (from 0) is out of range. */
TURSO_API turso_status_code_t turso_sync_database_io_request_http(const turso_sync_io_item_t* item,
                                                                  turso_sync_io_http_request_t* request) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_sync_database_io_request_http_header(
    const turso_sync_io_item_t* item, size_t index, turso_sync_io_http_header_t* header) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_sync_database_io_request_full_read(
    const turso_sync_io_item_t* item, turso_sync_io_full_read_request_t* request) TURSO_NOEXCEPT;
TURSO_API turso_status_code_t turso_sync_database_io_request_full_write(
    const turso_sync_io_item_t* item, turso_sync_io_full_write_request_t* request) TURSO_NOEXCEPT;

/* Ends the request with a failure: no answer could be had. `*error` is a text for people. Wins over everything that
** was pushed before; `done` is not needed any more. TURSO_MISUSE: null. */
TURSO_API turso_status_code_t turso_sync_database_io_poison(const turso_sync_io_item_t* item,
                                                            turso_slice_ref_t* error) TURSO_NOEXCEPT;

/* The HTTP status, 100 to 599, else TURSO_MISUSE. Not for files. */
TURSO_API turso_status_code_t turso_sync_database_io_status(const turso_sync_io_item_t* item,
                                                            int32_t status) TURSO_NOEXCEPT;

/* A piece of the body or file, copied. The operation may be resumed between two pieces, to stream. */
TURSO_API turso_status_code_t turso_sync_database_io_push_buffer(const turso_sync_io_item_t* item,
                                                                 turso_slice_ref_t* buffer) TURSO_NOEXCEPT;

/* The answer is complete. */
TURSO_API turso_status_code_t turso_sync_database_io_done(const turso_sync_io_item_t* item) TURSO_NOEXCEPT;

/* Gives the item back, finished or not: one that is neither done nor poisoned is poisoned by this. */
TURSO_API void turso_sync_database_io_item_deinit(const turso_sync_io_item_t* item) TURSO_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif /* TURSO_SYNC_H */
