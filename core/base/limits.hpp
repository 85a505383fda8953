// limits.hpp -- every bound of the project, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace turso::limits {

// The only page size that the protocol and its official peers know.
inline constexpr std::uint32_t kSyncPageSize = 4096;

// One protobuf message of a page stream: a header, or a page with its id. Anything longer is damage;
// the official client scans the same lengths.
inline constexpr std::uint64_t kMessageBytesMax = 64 * 1024;

// At the end of each page, for a cipher; SQLite needs 480 of the bytes of a page.
inline constexpr std::uint32_t kReservedBytesMax = 255;

// A revision is an opaque token that is stored and echoed; P-changes reserves this much for each.
inline constexpr std::size_t kRevisionBytesMax = 1024;

// Pages that a remote may have grown by without sending them; they are zero pages. A server that leaves out
// more (256 MiB) does not speak the protocol, and a number that it sends must not fill our disk.
inline constexpr std::uint32_t kUnsentGrowthPagesMax = 65536;

// Pages of a download that are written to its file at once.
inline constexpr std::size_t kChangesBufferBytes = 256 * 1024;

// A pipeline answer is parsed as one JSON text. A batch answer has one short object per step.
inline constexpr std::size_t kPipelineAnswerBytesMax = 64 * 1024 * 1024;

// A request body that we build: proxies in the field refuse more, and the server buffers it whole.
inline constexpr std::size_t kPipelineRequestBytesMax = 4 * 1024 * 1024;

// Objects and arrays inside each other in a JSON text. The protocol itself takes ten; the rest is for
// conditions, which nest, and for keys of later versions.
inline constexpr std::size_t kJsonDepthMax = 64;

// What one resume() consumes of a response before it lets other threads at the engine.
inline constexpr std::size_t kResumeInputBytes = 64 * 1024;

// How much of a server's words an error message repeats.
inline constexpr std::size_t kErrorBodyExcerptBytes = 500;

// Capture keeps rows of a transaction in memory up to this; older ones then lie in an anonymous file.
inline constexpr std::size_t kArenaMemoryBytes = 8 * 1024 * 1024;

// Modified pages of a rebase that stay in memory before the overlay spills to its file.
inline constexpr std::size_t kOverlayMemoryPages = 1024;

// How much of a spilled buffer a reader holds: rows are read in order, so that one read serves many.
inline constexpr std::size_t kSpillWindowBytes = 64 * 1024;

// Rows of RETURNING that are drained in memory before a temporary file takes them.
inline constexpr std::size_t kReturningMemoryBytes = 4 * 1024 * 1024;

// What a reader of the change log keeps decoded ahead of its consumer.
inline constexpr std::size_t kTapeChunkBytes = 1024 * 1024;

// Row changes that a rebase runs before it commits the staging connection: its journal keeps the first image of
// every page of a transaction in memory.
inline constexpr std::int64_t kReplayChunkChanges = 1000;

// Rows and arguments of one pushed INSERT: enough to make parsing cheap, far below what any server takes.
inline constexpr std::size_t kInsertRowsMax = 100;
inline constexpr std::size_t kInsertArgumentsMax = 900;

// SQLite waits this long for a lock on our internal connections.
inline constexpr int kInternalBusyTimeoutMs = 2000;

// Server: one request body is buffered whole; an initial load comes as batches of at most
// kPipelineRequestBytesMax, foreign clients send larger ones.
inline constexpr std::size_t kServerRequestBytesMax = 64 * 1024 * 1024;

// Server: request line and headers; what browsers and proxies send stays far below.
inline constexpr std::size_t kServerHeaderBytesMax = 32 * 1024;

// Server: connections at once, each a long poll that costs a socket and a few kilobytes.
inline constexpr std::size_t kServerConnectionsMax = 10'000;

// Server: a client that sends or takes nothing for this long is gone.
inline constexpr int kServerSocketTimeoutMs = 60'000;

// Server: how long running requests may take to finish after a signal to stop.
inline constexpr int kServerStopTimeoutMs = 10'000;

// Server: a page-change map is read whole; 8 bytes a page, so this is a database of 8 TiB at 4 KiB pages.
inline constexpr std::size_t kPageMapBytesMax = std::size_t{16} * 1024 * 1024 * 1024;

// Server: how many database pages one piece of a pull answer carries; a piece is all that is in memory.
inline constexpr std::size_t kPullPiecePages = 64;

// Server: pinned snapshots per database, and how long one outlives its last use. Each keeps the WAL from
// being begun anew, so that it grows.
inline constexpr std::size_t kServerPinsMax = 16;
inline constexpr std::int64_t kServerPinIdleMs = 60'000;

// Server: a long poll is answered after this at the latest; proxies cut longer ones.
inline constexpr std::int64_t kServerLongPollMsMax = 55'000;

// Server: how often waiting polls look for writes by other programs.
inline constexpr std::int64_t kServerForeignCheckMs = 1'000;

// Server: SQL streams per database, and how long one may sit idle before it is rolled back and forgotten.
inline constexpr std::size_t kServerStreamsMax = 64;
inline constexpr std::int64_t kServerStreamIdleMs = 10'000;

// Server: how long a request waits for another stream's write transaction before it gets "database is locked".
inline constexpr std::int64_t kServerWriterWaitMs = 5'000;

// Server: time for the SQL of one request, and how many virtual machine steps pass between two looks.
inline constexpr std::int64_t kServerSqlTimeMsMax = 30'000;
inline constexpr int kServerSqlStepsPerCheck = 10'000;

// The time limit cannot interrupt one call of a built-in function: LIKE and GLOB take the product of both lengths, and
// hex, printf and replace build values as long as SQLite lets them. A value from a request is never longer than one.
inline constexpr int kServerLikePatternBytesMax = 1'000;
inline constexpr int kServerValueBytesMax = 64 * 1024 * 1024;

// Server: databases open at once; each holds a few files open.
inline constexpr std::size_t kServerDatabasesMax = 1'000;

// Server: frames in the WAL before a checkpoint; SQLite's own default.
inline constexpr std::uint64_t kServerCheckpointFrames = 1'000;

// An operation that meets a lock answers "busy" almost at once: the host decides when to try again. Only what is
// over in a moment anyway (another commit, a recovery) is waited for.
inline constexpr int kOperationBusyTimeoutMs = 100;

}  // namespace turso::limits
