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

// SQLite waits this long for a lock on our internal connections.
inline constexpr int kInternalBusyTimeoutMs = 2000;

}  // namespace turso::limits
