// file.hpp -- files of our own beside the database: opened, read, written, synced, renamed.
//
// Never used on P or P-shm: closing a descriptor of those drops SQLite's POSIX locks. (P-wal has none.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace turso {

class File {
 public:
  enum class Mode { kRead, kReadWrite, kCreateReadWrite, kTruncateReadWrite };

  static Result<File> open(const std::string& path, Mode mode);
  static Result<File> anonymous(const std::string& directory);  // deleted when closed

  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  bool is_open() const { return fd_ >= 0; }
  int descriptor() const { return fd_; }
  const std::string& path() const { return path_; }

  Result<std::uint64_t> size() const;
  // Reads exactly out.size() bytes; a shorter file is kCorrupt and says how much was there.
  Status read_at(std::uint64_t offset, MutableByteView out) const;
  Status write_at(std::uint64_t offset, ByteView bytes);
  Status truncate(std::uint64_t size);
  Status sync();  // fsync; F_FULLFSYNC on Apple systems

 private:
  int fd_ = -1;
  std::string path_;
};

bool file_exists(const std::string& path);
Result<Bytes> read_file(const std::string& path, std::size_t size_max);
Result<std::optional<Bytes>> read_file_if_exists(const std::string& path, std::size_t size_max);
Status remove_file(const std::string& path);  // a missing file is no error
Status rename_file(const std::string& from, const std::string& to);
Status sync_directory_of(const std::string& path);
// Temporary file, fsync, rename, fsync of the directory.
Status write_file_durably(const std::string& path, ByteView content);
Error io_error(const std::string& what, const std::string& path,
               int errno_value);  // kIo, or kFull for ENOSPC and EDQUOT

}  // namespace turso
