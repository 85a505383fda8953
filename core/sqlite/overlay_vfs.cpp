#include "sqlite/overlay_vfs.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/text.hpp"
#include "sqlite/sqlite_sql.hpp"

namespace turso::sqlite {

Status Overlay::error() const {
  if (error_.has_value()) return *error_;
  return ok();
}

Status Overlay::keep(Status status) {
  if (!status.has_value() && !error_.has_value()) error_ = status.error();
  return status;
}

std::vector<std::uint32_t> Overlay::modified_pages() const {
  std::vector<std::uint32_t> pages;
  pages.reserve(memory_.size() + slots_.size());
  for (const auto& [page, image] : memory_) pages.push_back(page);
  for (const auto& [page, slot] : slots_) pages.push_back(page);
  std::sort(pages.begin(), pages.end());
  return pages;
}

Status Overlay::fetch(std::uint32_t page, MutableByteView out) {
  if (page != lock_page_) {
    if (auto found = memory_.find(page); found != memory_.end()) {
      std::copy(found->second.begin(), found->second.end(), out.begin());
      return ok();
    }
    if (auto found = slots_.find(page); found != slots_.end())
      return spill_file_.read_at(found->second * page_size_, out);
    for (PageSource* layer : layers_) {
      if (page > low_limit_) break;
      TURSO_TRY(bool found, layer->read_page(page, out));
      if (found) return ok();
    }
  }
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  return ok();
}

Status Overlay::read_page(std::uint32_t page, MutableByteView out) {
  TURSO_ASSERT(page > 0);
  TURSO_ASSERT(out.size() == page_size_);
  TURSO_CHECK(error());
  TURSO_CHECK(keep(fetch(page, out)));
  if (page == 1) out[18] = out[19] = 1;
  return ok();
}

Result<std::uint64_t> Overlay::page_sum(std::uint32_t page) {
  TURSO_ASSERT(page > 1);
  if (is_modified(page)) {
    Bytes image(page_size_);
    TURSO_CHECK(read_page(page, image));
    return sqlite::page_sum(page, image);
  }
  TURSO_CHECK(error());
  if (page != lock_page_ && page <= low_limit_) {
    for (PageSource* layer : layers_) {
      if (auto sum = layer->page_sum(page)) return *sum;
    }
  }
  return zero_page_sum(page, page_size_);
}

Status Overlay::spill(std::uint32_t page, ByteView data) {
  if (!spill_file_.is_open()) {
    TURSO_TRY(spill_file_, File::anonymous(temporary_directory_));
  }
  auto found = slots_.find(page);
  std::uint64_t slot = found != slots_.end() ? found->second : free_slots_.empty() ? slot_count_ : free_slots_.back();
  TURSO_CHECK(spill_file_.write_at(slot * page_size_, data));
  if (found != slots_.end()) return ok();
  if (free_slots_.empty())
    ++slot_count_;
  else
    free_slots_.pop_back();
  slots_.emplace(page, slot);
  return ok();
}

Status Overlay::write_page(std::uint32_t page, ByteView data) {
  TURSO_CHECK(error());
  page_count_ = std::max(page_count_, page);
  if (page == lock_page_) return ok();
  if (auto found = memory_.find(page); found != memory_.end()) {
    std::copy(data.begin(), data.end(), found->second.begin());
    return ok();
  }
  if (slots_.contains(page) || memory_.size() >= memory_pages_max_) return keep(spill(page, data));
  memory_.emplace(page, Bytes(data.begin(), data.end()));
  return ok();
}

void Overlay::truncate(std::uint32_t page_count) {
  page_count_ = page_count;
  low_limit_ = std::min(low_limit_, page_count);
  std::erase_if(memory_, [&](const auto& entry) { return entry.first > page_count; });
  std::erase_if(slots_, [&](const auto& entry) {
    if (entry.first > page_count) free_slots_.push_back(entry.second);
    return entry.first > page_count;
  });
}

// The VFS of one overlay; pAppData is the Vfs itself.
struct Overlay::Vfs : sqlite3_vfs {
  Vfs() : sqlite3_vfs{} {}

  Overlay* overlay = nullptr;
  sqlite3_vfs* real = nullptr;
  std::string name;
};

namespace {
struct OverlayFile {
  sqlite3_file base;
  Overlay* overlay;
};
}  // namespace

// What SQLite calls. No locks, no shared memory, no sync: the image is private and lives as long as the object.
struct OverlayMethods {
  static Overlay& overlay_of(sqlite3_file* file) { return *reinterpret_cast<OverlayFile*>(file)->overlay; }
  static Overlay::Vfs* vfs_of(sqlite3_vfs* vfs) { return static_cast<Overlay::Vfs*>(vfs->pAppData); }
  static sqlite3_vfs* real_of(sqlite3_vfs* vfs) { return vfs_of(vfs)->real; }

  static int close(sqlite3_file*) { return SQLITE_OK; }

  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
    Overlay& overlay = overlay_of(file);
    auto* to = static_cast<std::uint8_t*>(out);
    auto at = static_cast<std::uint64_t>(offset);
    auto left = static_cast<std::uint64_t>(size);
    Bytes image(overlay.page_size());
    while (left > 0) {
      std::uint64_t index = at / overlay.page_size();
      std::uint64_t skip = at % overlay.page_size();
      if (index >= overlay.page_count()) break;
      if (!overlay.read_page(static_cast<std::uint32_t>(index + 1), image).has_value()) return SQLITE_IOERR_READ;
      std::uint64_t part = std::min(left, overlay.page_size() - skip);
      std::memcpy(to, image.data() + skip, part);
      to += part;
      at += part;
      left -= part;
    }
    if (left == 0) return SQLITE_OK;
    std::memset(to, 0, left);
    return overlay.error().has_value() ? SQLITE_IOERR_SHORT_READ : SQLITE_IOERR_READ;
  }

  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    Overlay& overlay = overlay_of(file);
    auto at = static_cast<std::uint64_t>(offset);
    if (static_cast<std::uint32_t>(size) != overlay.page_size() || at % overlay.page_size() != 0) {
      discard(overlay.keep(Error{ErrorKind::kError, concat("staging: write of ", size, " bytes at offset ", at,
                                                           ", expected one page of ", overlay.page_size())}),
              "kept, and told by the code");
      return SQLITE_IOERR_WRITE;
    }
    auto page = static_cast<std::uint32_t>(at / overlay.page_size() + 1);
    Status status = overlay.write_page(page, {static_cast<const std::uint8_t*>(bytes), overlay.page_size()});
    return status.has_value() ? SQLITE_OK : SQLITE_IOERR_WRITE;
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    Overlay& overlay = overlay_of(file);
    auto bytes = static_cast<std::uint64_t>(size);
    overlay.truncate(static_cast<std::uint32_t>((bytes + overlay.page_size() - 1) / overlay.page_size()));
    return SQLITE_OK;
  }

  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    Overlay& overlay = overlay_of(file);
    *size = static_cast<sqlite3_int64>(overlay.page_count()) * overlay.page_size();
    return SQLITE_OK;
  }

  static int sync(sqlite3_file*, int) { return SQLITE_OK; }
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int unlock(sqlite3_file*, int) { return SQLITE_OK; }
  static int check_reserved_lock(sqlite3_file*, int* reserved) {
    *reserved = 0;
    return SQLITE_OK;
  }
  static int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 512; }
  static int device_characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND | SQLITE_IOCAP_SEQUENTIAL;
  }

  static constexpr sqlite3_io_methods methods() {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = close;
    m.xRead = read;
    m.xWrite = write;
    m.xTruncate = truncate;
    m.xSync = sync;
    m.xFileSize = file_size;
    m.xLock = lock;
    m.xUnlock = unlock;
    m.xCheckReservedLock = check_reserved_lock;
    m.xFileControl = file_control;
    m.xSectorSize = sector_size;
    m.xDeviceCharacteristics = device_characteristics;
    return m;
  }
  static const sqlite3_io_methods kMethods;

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
      file->pMethods = &kMethods;
      reinterpret_cast<OverlayFile*>(file)->overlay = vfs_of(vfs)->overlay;
      if (out_flags != nullptr) *out_flags = flags;
      return SQLITE_OK;
    }
    if ((flags & SQLITE_OPEN_MAIN_JOURNAL) != 0) {
      // By its plain name the journal would land in the working directory.
      constexpr int kTemporary = SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                 SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_DELETEONCLOSE;
      return real_of(vfs)->xOpen(real_of(vfs), nullptr, file, kTemporary, out_flags);
    }
    return real_of(vfs)->xOpen(real_of(vfs), name, file, flags, out_flags);
  }

  static int remove(sqlite3_vfs*, const char*, int) { return SQLITE_OK; }
  static int access(sqlite3_vfs*, const char*, int, int* out) {
    *out = 0;  // there is never a hot journal
    return SQLITE_OK;
  }
  static int full_pathname(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }
  static void* dl_open(sqlite3_vfs* vfs, const char* name) { return real_of(vfs)->xDlOpen(real_of(vfs), name); }
  static void dl_error(sqlite3_vfs* vfs, int size, char* out) { real_of(vfs)->xDlError(real_of(vfs), size, out); }
  using DlSymbol = void (*)(void);
  static DlSymbol dl_sym(sqlite3_vfs* vfs, void* library, const char* symbol) {
    return real_of(vfs)->xDlSym(real_of(vfs), library, symbol);
  }
  static void dl_close(sqlite3_vfs* vfs, void* library) { real_of(vfs)->xDlClose(real_of(vfs), library); }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    return real_of(vfs)->xRandomness(real_of(vfs), size, out);
  }
  static int sleep(sqlite3_vfs* vfs, int microseconds) { return real_of(vfs)->xSleep(real_of(vfs), microseconds); }
  static int current_time(sqlite3_vfs* vfs, double* out) { return real_of(vfs)->xCurrentTime(real_of(vfs), out); }
  static int get_last_error(sqlite3_vfs* vfs, int size, char* out) {
    return real_of(vfs)->xGetLastError(real_of(vfs), size, out);
  }
};

const sqlite3_io_methods OverlayMethods::kMethods = OverlayMethods::methods();

Overlay::Overlay(Options options)
    : page_size_(options.page_size),
      lock_page_(lock_byte_page(options.page_size)),
      layers_(std::move(options.layers)),
      memory_pages_max_(options.memory_pages_max),
      temporary_directory_(std::move(options.temporary_directory)),
      page_count_(options.page_count),
      low_limit_(options.page_count) {}

Overlay::~Overlay() {
  if (vfs_ != nullptr) sqlite3_vfs_unregister(vfs_.get());
}

Result<Connection> Overlay::connect(const ConnectionOptions& options) {
  TURSO_ASSERT(vfs_ == nullptr);
  static std::atomic<std::uint64_t> serial{0};
  auto vfs = std::make_unique<Vfs>();
  vfs->overlay = this;
  vfs->real = sqlite3_vfs_find(nullptr);
  if (vfs->real == nullptr) return Error{ErrorKind::kError, "staging: no default VFS is registered"};
  vfs->name = concat("turso-overlay-", ++serial);
  vfs->iVersion = 1;
  vfs->szOsFile = std::max(static_cast<int>(sizeof(OverlayFile)), vfs->real->szOsFile);
  vfs->mxPathname = 512;
  vfs->zName = vfs->name.c_str();
  vfs->pAppData = vfs.get();
  vfs->xOpen = OverlayMethods::open;
  vfs->xDelete = OverlayMethods::remove;
  vfs->xAccess = OverlayMethods::access;
  vfs->xFullPathname = OverlayMethods::full_pathname;
  vfs->xDlOpen = OverlayMethods::dl_open;
  vfs->xDlError = OverlayMethods::dl_error;
  vfs->xDlSym = OverlayMethods::dl_sym;
  vfs->xDlClose = OverlayMethods::dl_close;
  vfs->xRandomness = OverlayMethods::randomness;
  vfs->xSleep = OverlayMethods::sleep;
  vfs->xCurrentTime = OverlayMethods::current_time;
  vfs->xGetLastError = OverlayMethods::get_last_error;
  if (int code = sqlite3_vfs_register(vfs.get(), 0); code != SQLITE_OK) return error_of(nullptr, code);
  vfs_ = std::move(vfs);

  Connection::Options open_options;
  open_options.vfs = vfs_->zName;
  TURSO_TRY(Connection staging, Connection::open("staging", open_options));
  TURSO_CHECK(staging.exec(concat("PRAGMA page_size=", page_size_)));  // of an image that is still empty
  TURSO_CHECK(staging.exec(concat("PRAGMA cache_size=-", options.cache_kib)));
  TURSO_CHECK(staging.exec(sql::kStagingPragmas));
  TURSO_CHECK(staging.exec(options.journal_in_file ? sql::kStagingJournalInFile : sql::kStagingJournalInMemory));
  TURSO_CHECK(error());
  return staging;
}

}  // namespace turso::sqlite
