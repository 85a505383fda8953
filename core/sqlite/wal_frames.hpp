// wal_frames.hpp -- which pages a write-ahead log has named since somebody last looked.
//
// FORMAT (big endian)   wal   := header frame*
//                       header (32 bytes) := magic u32, version u32, page_size u32, checkpoint u32, salt u32 x 2, sum
//                       u32 x 2 frame := page_number u32, size_after_commit u32 (pages; 0: not a commit), salt u32 x 2,
//                       sum u32 x 2, page
//
// A tracker reads frame headers back from the file; it never interprets writes. All frames of one generation
// carry the salts of the header. A generation ends when the log is written from its beginning again, or
// truncated, or deleted: whoever does that through sqlite/wal_watch.hpp lets the tracker absorb first. If it
// happened elsewhere, the salts are not the ones expected and the tracker is broken: it knows nothing any
// more until start(). Frames of rolled-back transactions make the set larger than needed, never smaller.
//
// The `-wal` file may be opened and closed by anybody, SQLite keeps no locks on it; the database and its
// `-shm` may not.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/result.hpp"
#include "sqlite/connection.hpp"

namespace turso::sqlite {

inline constexpr std::uint64_t kWalHeaderBytes = 32;
inline constexpr std::uint64_t kWalFrameHeaderBytes = 24;

struct WalSalts {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  friend bool operator==(const WalSalts&, const WalSalts&) = default;
};

// The salts in the header of a log file; nothing when there is no file or it is shorter than a header.
Result<std::optional<WalSalts>> read_wal_salts(const std::string& wal_path);

// A busy handler that tries often, for about limits::kInternalBusyTimeoutMs. SQLite's own sleeps so long between its
// tries that a program which takes the lock again at once is always first.
int try_again_soon(void* context, int tries);

// How many frames of the log are committed, as the wal-index says. Works while somebody else writes.
Result<std::uint64_t> committed_wal_frames(Connection& connection);

// Thread-safe: in a process with several connections any of them may be the one that restarts the log.
class WalTracker {
 public:
  // What the log has named since the last mark.
  struct Seen {
    std::set<std::uint32_t> pages;
    std::optional<std::uint32_t> smallest_size;  // pages: the smallest size that a commit left behind
  };

  WalTracker(std::string wal_path, std::uint32_t page_size) : wal_path_(std::move(wal_path)), page_size_(page_size) {}

  const std::string& wal_path() const { return wal_path_; }

  // Begins anew: the first `committed_frames` frames of the file as it is now count as known.
  Status start(std::uint64_t committed_frames);

  // Adds the pages of frames that were not looked at yet, up to `committed_frames`; without a number, up to
  // the last frame with the right salts. A changed generation makes the tracker broken, which is no error.
  Status absorb(std::optional<std::uint64_t> committed_frames);

  // Takes what was seen; from here on only frames after `committed_frames` count.
  Seen take(std::uint64_t committed_frames);

  bool broken() const;
  std::uint64_t known_frames() const;

  // For wal_watch: what is about to happen to the file, and what has happened. absorb() comes first.
  void before_restart();
  void after_restart(std::optional<WalSalts> salts);  // nothing: the header could not be written
  void after_removal();                               // truncated below a header, or deleted

 private:
  Status absorb_locked(std::optional<std::uint64_t> committed_frames);

  mutable std::mutex mutex_;
  std::string wal_path_;
  std::uint32_t page_size_;
  bool broken_ = true;  // until start()
  std::optional<WalSalts> salts_;
  std::uint64_t next_frame_ = 0;  // the first frame not known before, counted from 0
  Seen seen_;
};

}  // namespace turso::sqlite
