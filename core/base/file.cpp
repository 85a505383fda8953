#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/failpoint.hpp"
#include "base/text.hpp"

namespace turso {

Error io_error(const std::string& what, const std::string& path, int errno_value) {
  ErrorKind kind = errno_value == ENOSPC || errno_value == EDQUOT ? ErrorKind::kFull : ErrorKind::kIo;
  return Error{kind, concat(what, " ", path, ": ", std::strerror(errno_value))};
}

namespace {

// What a failpoint lets happen although it reports a failure; its own result is of no interest.
void refused(int /*result*/) {}
void discard_write(int fd, std::uint64_t offset, ByteView bytes) {
  ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  refused(static_cast<int>(put));
}

}  // namespace

Result<File> File::open(const std::string& path, Mode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case Mode::kRead: flags |= O_RDONLY; break;
    case Mode::kReadWrite: flags |= O_RDWR; break;
    case Mode::kCreateReadWrite: flags |= O_RDWR | O_CREAT; break;
    case Mode::kTruncateReadWrite: flags |= O_RDWR | O_CREAT | O_TRUNC; break;
  }
  int fd = ::open(path.c_str(), flags, 0644);
  if (fd < 0) return io_error("open", path, errno);
  File file;
  file.fd_ = fd;
  file.path_ = path;
  return file;
}

Result<File> File::anonymous(const std::string& directory) {
  std::string name = (directory.empty() ? std::string(".") : directory) + "/.turso-temp-XXXXXX";
  int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return io_error("create a temporary file in", directory, errno);
  ::unlink(name.c_str());
  File file;
  file.fd_ = fd;
  file.path_ = name;
  return file;
}

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::uint64_t> File::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return io_error("stat", path_, errno);
  return static_cast<std::uint64_t>(info.st_size);
}

Status File::read_at(std::uint64_t offset, MutableByteView out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    ssize_t got = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", path_, errno);
    if (got == 0) {
      return Error{ErrorKind::kCorrupt,
                   concat(path_, ": ", done, " bytes at offset ", offset, ", expected ", out.size())};
    }
    done += static_cast<std::size_t>(got);
  }
  return ok();
}

Status File::write_at(std::uint64_t offset, ByteView bytes) {
  if (FileFault fault = check_failpoint(FileOperation::kWrite, path_, offset, bytes.size())) {
    discard_write(fd_, offset, bytes.first(fault.bytes));
    return io_error("write", path_, conclude(fault));
  }
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t put = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return io_error("write", path_, errno);
    done += static_cast<std::size_t>(put);
  }
  return ok();
}

Status File::truncate(std::uint64_t size) {
  if (FileFault fault = check_failpoint(FileOperation::kTruncate, path_, size)) {
    if (fault.done) refused(::ftruncate(fd_, static_cast<off_t>(size)));
    return io_error("truncate", path_, conclude(fault));
  }
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return io_error("truncate", path_, errno);
  return ok();
}

Status File::sync() {
  if (FileFault fault = check_failpoint(FileOperation::kSync, path_)) {
    if (fault.done) refused(::fsync(fd_));
    return io_error("fsync", path_, conclude(fault));
  }
#ifdef __APPLE__
  if (::fcntl(fd_, F_FULLFSYNC) == 0) return ok();
#endif
  if (::fsync(fd_) != 0) return io_error("fsync", path_, errno);
  return ok();
}

bool file_exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

Result<Bytes> read_file(const std::string& path, std::size_t size_max) {
  TURSO_TRY(File file, File::open(path, File::Mode::kRead));
  TURSO_TRY(std::uint64_t size, file.size());
  if (size > size_max)
    return Error{ErrorKind::kCorrupt, concat(path, ": ", size, " bytes, at most ", size_max, " expected")};
  Bytes content(size);
  TURSO_CHECK(file.read_at(0, content));
  return content;
}

Result<std::optional<Bytes>> read_file_if_exists(const std::string& path, std::size_t size_max) {
  if (!file_exists(path)) return std::optional<Bytes>{};
  TURSO_TRY(Bytes content, read_file(path, size_max));
  return std::optional<Bytes>{std::move(content)};
}

Status remove_file(const std::string& path) {
  if (!file_exists(path)) return ok();
  if (FileFault fault = check_failpoint(FileOperation::kRemove, path)) {
    if (fault.done) refused(::unlink(path.c_str()));
    return io_error("remove", path, conclude(fault));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return io_error("remove", path, errno);
  return ok();
}

Status rename_file(const std::string& from, const std::string& to) {
  if (FileFault fault = check_failpoint(FileOperation::kRename, from)) {
    if (fault.done) refused(::rename(from.c_str(), to.c_str()));
    return io_error(concat("rename ", from, " to"), to, conclude(fault));
  }
  if (::rename(from.c_str(), to.c_str()) != 0) return io_error(concat("rename ", from, " to"), to, errno);
  return ok();
}

Status sync_directory_of(const std::string& path) {
  if (FileFault fault = check_failpoint(FileOperation::kSyncDirectory, path))
    return io_error("fsync directory of", path, conclude(fault));
  auto slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_error("open", directory, errno);
  int rc = ::fsync(fd);
  int failure = errno;
  ::close(fd);
  // Some file systems cannot sync a directory and say EINVAL; their renames are durable on their own terms.
  if (rc != 0 && failure != EINVAL) return io_error("fsync", directory, failure);
  return ok();
}

Status write_file_durably(const std::string& path, ByteView content) {
  std::string temporary = path + ".tmp";
  {
    TURSO_TRY(File file, File::open(temporary, File::Mode::kTruncateReadWrite));
    TURSO_CHECK(file.write_at(0, content));
    TURSO_CHECK(file.sync());
  }
  TURSO_CHECK(rename_file(temporary, path));
  return sync_directory_of(path);
}

}  // namespace turso
