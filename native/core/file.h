// SPDX-License-Identifier: GPL-2.0-only
// Owned file descriptors and small proc files.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace cr3scope {

class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(const char* path, int flags) : fd_(::open(path, flags | O_CLOEXEC)) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Reads the bytes at an offset. Returns how many: if fewer, errno says why, EIO where the file ends.
inline size_t read_at(const File& file, std::uint64_t offset, void* to, size_t bytes) {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t n =
        ::pread(file.fd(), static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

// Appends the rest of the file to `text`; false with errno set if it can't be read.
inline bool read_text(const File& file, std::string& text) {
  if (!file) return false;
  char buffer[16384];
  for (;;) {
    ssize_t n = ::read(file.fd(), buffer, sizeof buffer);
    if (n < 0) return false;
    if (n == 0) return true;
    text.append(buffer, static_cast<size_t>(n));
  }
}
inline bool read_text(const char* path, std::string& text) { return read_text(File(path, O_RDONLY), text); }

}  // namespace cr3scope
