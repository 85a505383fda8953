// error.hpp -- what a failure is, for every layer.
//
// An Error names its kind (what a program decides on), one sentence for people, and, where known, the
// SQLite extended code, the HTTP status and the row it is about. The kinds are the ones that the C ABI
// reports; adding one means adding it to turso_cdc.h too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace turso {

enum class ErrorKind : std::uint8_t {
  kError,         // none of the others: an SQL error, an unsupported option
  kMisuse,        // the caller broke the contract; nothing was done
  kBusy,          // somebody holds a lock; try again
  kBusySnapshot,  // a read transaction cannot become a writer; roll back and begin again
  kInterrupt,     // the statement was interrupted
  kCancelled,     // the operation was cancelled
  kConstraint,    // UNIQUE, NOT NULL, CHECK, FOREIGN KEY, locally or at the server
  kConflict,      // a change cannot be replayed; replica_forked; remote_went_back
  kSchema,        // a table or column is not what the operation needs
  kReadonly,      // the database or connection is read-only
  kFull,          // no space
  kNotADatabase,  // the file is not SQLite
  kCorrupt,       // a file or stream is damaged
  kIo,            // the operating system refused a file operation
  kNetwork,       // the host could not perform the request
  kTimeout,       // the host gave up waiting
  kAuth,          // 401 or 403
  kServer,        // the server answered with an error
  kProtocol,      // the server answered something that is not the protocol
};

std::string_view error_kind_name(ErrorKind kind);

// The row and rule that a failure is about. All optional: empty or 0 when unknown.
struct ErrorSubject {
  std::string table;
  std::string key;         // printable form of the key values, "7" or "('a', 3)"
  std::string constraint;  // as SQLite words it, "UNIQUE constraint failed: u.y"
  std::int64_t change_id = 0;
};

struct Error {
  ErrorKind kind = ErrorKind::kError;
  std::string message;    // one sentence, lower case, no full stop, with the object and both numbers
  int sqlite_code = 0;    // SQLite extended result code, 0 when SQLite was not involved
  int http_status = 0;    // 0 when no answer was received
  std::string condition;  // a name programs may match on: "replica_forked", "remote_went_back", ... or empty
  std::shared_ptr<const ErrorSubject> subject;

  Error() = default;
  Error(ErrorKind kind_in, std::string message_in, int sqlite_code_in = 0)
      : kind(kind_in), message(std::move(message_in)), sqlite_code(sqlite_code_in) {}

  // Prefixes the message with `what`; called once, where the object is known.
  Error&& in(std::string_view what) && {
    message.insert(0, ": ").insert(0, what);
    return std::move(*this);
  }

  // Whether the same call may succeed later without anybody changing anything.
  bool retryable() const;
};

}  // namespace turso
