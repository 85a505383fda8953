#include "sqlite/wal_watch.hpp"

#include <map>
#include <mutex>
#include <vector>

#include "base/bytes.hpp"
#include "sqlite/shim_vfs.hpp"

namespace turso::sqlite {
namespace {

constexpr const char* kName = "turso-wal-watch";

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<WalTracker>> trackers;  // by path of the log
};

Registry& registry() {
  static Registry instance;
  return instance;
}

std::shared_ptr<WalTracker> tracker_of(const char* path) {
  if (path == nullptr) return nullptr;
  std::lock_guard lock(registry().mutex);
  auto found = registry().trackers.find(path);
  return found == registry().trackers.end() ? nullptr : found->second;
}

// A watched log: our part first, then the file of the VFS below in the same allocation.
// SQLite owns the memory, so the tracker is constructed at open and destroyed at close.
struct WatchedFile {
  sqlite3_file base;
  std::shared_ptr<WalTracker> tracker;
};

sqlite3_vfs* below() { return static_cast<sqlite3_vfs*>(sqlite3_vfs_find(kName)->pAppData); }
WatchedFile* watched(sqlite3_file* file) { return reinterpret_cast<WatchedFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(watched(file) + 1); }

int watch_close(sqlite3_file* file) {
  int code = real(file)->pMethods->xClose(real(file));
  std::destroy_at(&watched(file)->tracker);
  return code;
}

int watch_read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), out, amount, offset);
}

int watch_write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  if (offset != 0) return real(file)->pMethods->xWrite(real(file), data, amount, offset);
  WalTracker& tracker = *watched(file)->tracker;
  tracker.before_restart();
  int code = real(file)->pMethods->xWrite(real(file), data, amount, offset);
  std::optional<WalSalts> salts;
  if (code == SQLITE_OK && amount >= static_cast<int>(kWalHeaderBytes)) {
    const auto* header = static_cast<const std::uint8_t*>(data);
    salts = WalSalts{load_u32_be(header + 16), load_u32_be(header + 20)};
  }
  tracker.after_restart(salts);
  return code;
}

int watch_truncate(sqlite3_file* file, sqlite3_int64 size) {
  WalTracker& tracker = *watched(file)->tracker;
  tracker.before_restart();
  int code = real(file)->pMethods->xTruncate(real(file), size);
  if (code == SQLITE_OK && size < static_cast<sqlite3_int64>(kWalHeaderBytes)) tracker.after_removal();
  return code;
}

int watch_sync(sqlite3_file* file, int flags) { return real(file)->pMethods->xSync(real(file), flags); }
int watch_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int watch_lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int watch_unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int watch_reserved(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int watch_control(sqlite3_file* file, int op, void* arg) {
  return real(file)->pMethods->xFileControl(real(file), op, arg);
}
int watch_sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int watch_device(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }

// Version 1: a log has no shared memory and is not mapped.
const sqlite3_io_methods kWatchedMethods = {
    1,          watch_close,  watch_read,     watch_write,   watch_truncate, watch_sync,   watch_size,
    watch_lock, watch_unlock, watch_reserved, watch_control, watch_sector,   watch_device, nullptr,
    nullptr,    nullptr,      nullptr,        nullptr,       nullptr,
};

int vfs_open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  std::shared_ptr<WalTracker> tracker = (flags & SQLITE_OPEN_WAL) != 0 ? tracker_of(name) : nullptr;
  if (tracker == nullptr) return below()->xOpen(below(), name, file, flags, out_flags);
  watched(file)->base.pMethods = nullptr;
  real(file)->pMethods = nullptr;
  int code = below()->xOpen(below(), name, real(file), flags, out_flags);
  if (code != SQLITE_OK) {
    if (real(file)->pMethods != nullptr) real(file)->pMethods->xClose(real(file));
    return code;
  }
  std::construct_at(&watched(file)->tracker, std::move(tracker));
  watched(file)->base.pMethods = &kWatchedMethods;
  return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs*, const char* name, int sync_directory) {
  std::shared_ptr<WalTracker> tracker = tracker_of(name);
  if (tracker != nullptr) tracker->before_restart();
  int code = below()->xDelete(below(), name, sync_directory);
  if (tracker != nullptr && code == SQLITE_OK) tracker->after_removal();
  return code;
}

}  // namespace

const char* wal_watch_vfs() {
  static sqlite3_vfs vfs;
  static const char* const registered = [] {
    // On top of the shim, so that failpoints reach what goes through here as well.
    const char* shim = shim_vfs();
    sqlite3_vfs* base = shim != nullptr ? sqlite3_vfs_find(shim) : nullptr;
    if (base == nullptr) return static_cast<const char*>(nullptr);
    // Everything but xOpen and xDelete is the VFS below itself: its functions are called with `vfs`, find
    // there what is copied here, and pass the call to pAppData, which is the VFS below.
    vfs = *base;
    vfs.pNext = nullptr;
    vfs.zName = kName;
    vfs.szOsFile = base->szOsFile + static_cast<int>(sizeof(WatchedFile));
    vfs.pAppData = base;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? kName : nullptr;
  }();
  return registered;
}

std::string wal_path_of(const std::string& path) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  std::vector<char> full(static_cast<std::size_t>(vfs->mxPathname) + 1);
  // A path too long for SQLite will fail when it is opened; here it only names no log.
  int code = vfs->xFullPathname(vfs, path.c_str(), vfs->mxPathname + 1, full.data());
  bool named = (code & 0xff) == SQLITE_OK;  // SQLITE_OK_SYMLINK is a success
  return (named ? std::string(full.data()) : path) + "-wal";
}

WalWatch::WalWatch(std::shared_ptr<WalTracker> tracker) : tracker_(std::move(tracker)) {
  std::lock_guard lock(registry().mutex);
  registry().trackers[tracker_->wal_path()] = tracker_;
}

WalWatch::~WalWatch() {
  std::lock_guard lock(registry().mutex);
  auto found = registry().trackers.find(tracker_->wal_path());
  if (found != registry().trackers.end() && found->second == tracker_) registry().trackers.erase(found);
}

}  // namespace turso::sqlite
