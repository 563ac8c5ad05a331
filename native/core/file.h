// SPDX-License-Identifier: GPL-2.0-only
// Owned file descriptors and small proc files.
#pragma once
#include <fcntl.h>
#include <unistd.h>

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
