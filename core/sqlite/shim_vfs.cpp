#include "sqlite/shim_vfs.hpp"

#include <cerrno>
#include <cstddef>

#include "base/failpoint.hpp"
#include "sqlite/sqlite_unit.h"

namespace turso::sqlite {
namespace {

// What SQLite sees; the default VFS's file lies behind it in the same allocation.
struct ShimFile {
  sqlite3_file base;
  const char* name;  // SQLite keeps the name of P, -wal and -journal alive until xClose
  bool counted;      // one of those; temporary files are not
};

constexpr std::size_t kRealFileOffset =
    (sizeof(ShimFile) + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);

ShimFile* shim_of(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file); }
sqlite3_file* real_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kRealFileOffset);
}
sqlite3_vfs* real_of(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

FileFault fault_of(sqlite3_file* file, FileOperation operation, sqlite3_int64 offset, int size) {
  const ShimFile* shim = shim_of(file);
  if (!shim->counted) return {};
  return check_failpoint(operation, shim->name, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(size));
}

// A refused operation: `code`, unless the disk is said to be full.
int refuse(const FileFault& fault, int code) { return conclude(fault) == ENOSPC ? SQLITE_FULL : code; }

int close(sqlite3_file* file) { return real_of(file)->pMethods->xClose(real_of(file)); }

int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  return real_of(file)->pMethods->xRead(real_of(file), out, size, offset);
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  if (FileFault fault = fault_of(file, FileOperation::kWrite, offset, size)) {
    if (fault.bytes > 0) real_of(file)->pMethods->xWrite(real_of(file), bytes, static_cast<int>(fault.bytes), offset);
    return refuse(fault, SQLITE_IOERR_WRITE);
  }
  return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, offset);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (FileFault fault = fault_of(file, FileOperation::kTruncate, size, 0)) {
    if (fault.done) real_of(file)->pMethods->xTruncate(real_of(file), size);
    return refuse(fault, SQLITE_IOERR_TRUNCATE);
  }
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

int sync(sqlite3_file* file, int flags) {
  if (FileFault fault = fault_of(file, FileOperation::kSync, 0, 0)) {
    if (fault.done) real_of(file)->pMethods->xSync(real_of(file), flags);
    return refuse(fault, SQLITE_IOERR_FSYNC);
  }
  return real_of(file)->pMethods->xSync(real_of(file), flags);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock(sqlite3_file* file, int level) { return real_of(file)->pMethods->xLock(real_of(file), level); }
int unlock(sqlite3_file* file, int level) { return real_of(file)->pMethods->xUnlock(real_of(file), level); }
int check_reserved_lock(sqlite3_file* file, int* reserved) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }
int device_characteristics(sqlite3_file* file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return real_of(file)->pMethods->xShmUnmap(real_of(file), remove); }
int fetch(sqlite3_file* file, sqlite3_int64 offset, int size, void** out) {
  return real_of(file)->pMethods->xFetch(real_of(file), offset, size, out);
}
int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* page) {
  return real_of(file)->pMethods->xUnfetch(real_of(file), offset, page);
}

// The methods for each version of the real file's methods: what it does not have must not be called.
constexpr sqlite3_io_methods methods_of_version(int version) {
  sqlite3_io_methods methods{};
  methods.iVersion = version;
  methods.xClose = close;
  methods.xRead = read;
  methods.xWrite = write;
  methods.xTruncate = truncate;
  methods.xSync = sync;
  methods.xFileSize = file_size;
  methods.xLock = lock;
  methods.xUnlock = unlock;
  methods.xCheckReservedLock = check_reserved_lock;
  methods.xFileControl = file_control;
  methods.xSectorSize = sector_size;
  methods.xDeviceCharacteristics = device_characteristics;
  if (version >= 2) {
    methods.xShmMap = shm_map;
    methods.xShmLock = shm_lock;
    methods.xShmBarrier = shm_barrier;
    methods.xShmUnmap = shm_unmap;
  }
  if (version >= 3) {
    methods.xFetch = fetch;
    methods.xUnfetch = unfetch;
  }
  return methods;
}
constexpr sqlite3_io_methods kMethods[] = {methods_of_version(1), methods_of_version(2), methods_of_version(3)};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  constexpr int kCountedTypes = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  file->pMethods = nullptr;
  int code = real_of(vfs)->xOpen(real_of(vfs), name, real_of(file), flags, out_flags);
  // The default VFS may have set its methods although it failed; SQLite then expects a close of ours.
  const sqlite3_io_methods* real = real_of(file)->pMethods;
  if (real == nullptr) return code;
  ShimFile* shim = shim_of(file);
  shim->name = name;
  shim->counted = name != nullptr && (flags & kCountedTypes) != 0;
  int version = real->iVersion < 1 ? 1 : real->iVersion > 3 ? 3 : real->iVersion;
  file->pMethods = &kMethods[version - 1];
  return code;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  if (FileFault fault = check_failpoint(FileOperation::kRemove, name)) {
    if (fault.done) real_of(vfs)->xDelete(real_of(vfs), name, sync_directory);
    return refuse(fault, SQLITE_IOERR_DELETE);
  }
  return real_of(vfs)->xDelete(real_of(vfs), name, sync_directory);
}

int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  return real_of(vfs)->xAccess(real_of(vfs), name, flags, out);
}
int full_pathname(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return real_of(vfs)->xFullPathname(real_of(vfs), name, size, out);
}
void* dl_open(sqlite3_vfs* vfs, const char* name) { return real_of(vfs)->xDlOpen(real_of(vfs), name); }
void dl_error(sqlite3_vfs* vfs, int size, char* out) { real_of(vfs)->xDlError(real_of(vfs), size, out); }
using DlSymbol = void (*)(void);
DlSymbol dl_sym(sqlite3_vfs* vfs, void* library, const char* symbol) {
  return real_of(vfs)->xDlSym(real_of(vfs), library, symbol);
}
void dl_close(sqlite3_vfs* vfs, void* library) { real_of(vfs)->xDlClose(real_of(vfs), library); }
int randomness(sqlite3_vfs* vfs, int size, char* out) { return real_of(vfs)->xRandomness(real_of(vfs), size, out); }
int sleep(sqlite3_vfs* vfs, int microseconds) { return real_of(vfs)->xSleep(real_of(vfs), microseconds); }
int current_time(sqlite3_vfs* vfs, double* out) { return real_of(vfs)->xCurrentTime(real_of(vfs), out); }
int get_last_error(sqlite3_vfs* vfs, int size, char* out) {
  return real_of(vfs)->xGetLastError(real_of(vfs), size, out);
}
int current_time_int64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  return real_of(vfs)->xCurrentTimeInt64(real_of(vfs), out);
}

const char* register_shim() {
  static sqlite3_vfs shim{};
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  if (real == nullptr) return nullptr;
  shim.iVersion = real->iVersion >= 2 ? 2 : 1;
  shim.szOsFile = static_cast<int>(kRealFileOffset) + real->szOsFile;
  shim.mxPathname = real->mxPathname;
  shim.zName = kShimVfsName;
  shim.pAppData = real;
  shim.xOpen = open;
  shim.xDelete = remove;
  shim.xAccess = access;
  shim.xFullPathname = full_pathname;
  shim.xDlOpen = dl_open;
  shim.xDlError = dl_error;
  shim.xDlSym = dl_sym;
  shim.xDlClose = dl_close;
  shim.xRandomness = randomness;
  shim.xSleep = sleep;
  shim.xCurrentTime = current_time;
  shim.xGetLastError = get_last_error;
  if (shim.iVersion >= 2) shim.xCurrentTimeInt64 = current_time_int64;
  return sqlite3_vfs_register(&shim, 0) == SQLITE_OK ? kShimVfsName : nullptr;
}

}  // namespace

const char* shim_vfs() {
  static const char* const name = register_shim();
  return name;
}

}  // namespace turso::sqlite
