#include "sqlite/wal_frames.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace turso::sqlite {
namespace {

// A log that is missing or too short for a header is "no log", whatever else may be true of it.
Result<std::optional<File>> open_log(const std::string& path) {
  if (!file_exists(path)) return std::optional<File>{};
  TURSO_TRY(File file, File::open(path, File::Mode::kRead));
  TURSO_TRY(std::uint64_t size, file.size());
  if (size < kWalHeaderBytes) return std::optional<File>{};
  return std::optional<File>(std::move(file));
}

Result<WalSalts> salts_of(const File& file) {
  std::uint8_t header[kWalHeaderBytes];
  TURSO_CHECK(file.read_at(0, header));
  return WalSalts{load_u32_be(header + 16), load_u32_be(header + 20)};
}

}  // namespace

Result<std::optional<WalSalts>> read_wal_salts(const std::string& wal_path) {
  TURSO_TRY(std::optional<File> file, open_log(wal_path));
  if (!file) return std::optional<WalSalts>{};
  TURSO_TRY(WalSalts salts, salts_of(*file));
  return std::optional<WalSalts>(salts);
}

int try_again_soon(void* /*context*/, int tries) {
  constexpr std::chrono::microseconds kPause{100};
  if (tries >= std::chrono::milliseconds{limits::kInternalBusyTimeoutMs} / kPause) return 0;
  std::this_thread::sleep_for(kPause);
  return 1;
}

Result<std::uint64_t> committed_wal_frames(Connection& connection) {
  int in_log = 0;
  int checkpointed = 0;
  auto ask = [&] {
    return sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_NOOP, &in_log, &checkpointed);
  };
  // While another process commits, the header of the log's index is torn for an instant. SQLite calls that busy, and
  // asks no busy handler for a checkpoint that does nothing.
  int code = ask();
  for (int tries = 0; (code & 0xff) == SQLITE_BUSY && try_again_soon(nullptr, tries) != 0; ++tries) code = ask();
  if (code != SQLITE_OK) return connection.error(code);
  return static_cast<std::uint64_t>(std::max(in_log, 0));
}

Status WalTracker::start(std::uint64_t committed_frames) {
  std::lock_guard lock(mutex_);
  broken_ = true;
  TURSO_TRY(salts_, read_wal_salts(wal_path_));
  next_frame_ = salts_ ? committed_frames : 0;
  seen_ = {};
  broken_ = false;
  return ok();
}

Status WalTracker::absorb(std::optional<std::uint64_t> committed_frames) {
  std::lock_guard lock(mutex_);
  return absorb_locked(committed_frames);
}

Status WalTracker::absorb_locked(std::optional<std::uint64_t> committed_frames) {
  if (broken_) return ok();
  TURSO_TRY(std::optional<File> file, open_log(wal_path_));
  if (!file) {
    broken_ = salts_.has_value();
    return ok();
  }
  TURSO_TRY(WalSalts before, salts_of(*file));
  if (!salts_ || before != *salts_) {
    broken_ = true;
    return ok();
  }
  const std::uint64_t frame_bytes = kWalFrameHeaderBytes + page_size_;
  TURSO_TRY(std::uint64_t size, file->size());
  std::uint64_t end = (size - kWalHeaderBytes) / frame_bytes;
  // The file may end inside the last frame that somebody is still writing; committed ones are whole.
  if (committed_frames) end = std::min(end, *committed_frames);
  for (std::uint64_t frame = next_frame_; frame < end; ++frame) {
    std::uint8_t header[kWalFrameHeaderBytes];
    TURSO_CHECK(file->read_at(kWalHeaderBytes + frame * frame_bytes, header));
    if (WalSalts{load_u32_be(header + 8), load_u32_be(header + 12)} != *salts_) {
      broken_ = committed_frames.has_value();
      break;
    }
    seen_.pages.insert(load_u32_be(header));
    std::uint32_t size_after = load_u32_be(header + 4);
    if (size_after != 0) seen_.smallest_size = std::min(seen_.smallest_size.value_or(size_after), size_after);
  }
  // Another process may have begun a new generation over what was being read.
  TURSO_TRY(WalSalts after, salts_of(*file));
  if (after != *salts_) broken_ = true;
  return ok();
}

WalTracker::Seen WalTracker::take(std::uint64_t committed_frames) {
  std::lock_guard lock(mutex_);
  next_frame_ = committed_frames;
  return std::exchange(seen_, {});
}

bool WalTracker::broken() const {
  std::lock_guard lock(mutex_);
  return broken_;
}

std::uint64_t WalTracker::known_frames() const {
  std::lock_guard lock(mutex_);
  return next_frame_;
}

void WalTracker::before_restart() {
  std::lock_guard lock(mutex_);
  if (!absorb_locked(std::nullopt).has_value()) broken_ = true;
}

void WalTracker::after_restart(std::optional<WalSalts> salts) {
  std::lock_guard lock(mutex_);
  if (!salts) broken_ = true;
  salts_ = salts;
  next_frame_ = 0;
}

void WalTracker::after_removal() {
  std::lock_guard lock(mutex_);
  salts_.reset();
  next_frame_ = 0;
}

}  // namespace turso::sqlite
