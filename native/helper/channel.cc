// SPDX-License-Identifier: GPL-2.0-only
#include "channel.h"

#include <poll.h>
#include <sys/eventfd.h>

#include "../core/error.h"

namespace cr3scope {

Channel::Channel(int in, int out) : in_(in), out_(out), closed_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!closed_) throw Error("eventfd", errno, "Close some files and try again.");
  fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
}

bool Channel::wait(short in, short out) {
  for (;;) {
    // POLLERR and POLLHUP are reported in any case. Who has closed one end has no use for the other one.
    pollfd ends[] = {{in_, static_cast<short>(in | POLLRDHUP), 0}, {out_, out, 0}, {closed_.fd(), POLLIN, 0}};
    if (poll(ends, std::size(ends), -1) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    constexpr short kGone = POLLERR | POLLNVAL | POLLHUP;
    if (ends[2].revents || ends[1].revents & kGone) return false;
    if (in) return true;  // what was sent before the end is still read
    return !(ends[0].revents & (kGone | POLLRDHUP));
  }
}

bool Channel::read_all(char* to, size_t size) {
  while (size) {
    if (!wait(POLLIN, 0)) return false;
    const ssize_t n = ::read(in_, to, size);
    // Whoever made the descriptor may have made it so that it does not block.
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return false;
    to += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

bool Channel::read(std::vector<char>& frame) {
  u8 head[kHead];
  if (!read_all(reinterpret_cast<char*>(head), sizeof head)) return false;
  size_t size = 0;
  for (size_t i = 0; i < kHead; i++) size |= static_cast<size_t>(head[i]) << 8 * i;
  if (size == 0 || size > kMostRead) return false;
  frame.resize(size);
  return read_all(frame.data(), size);
}

void Channel::write(Bytes&& frame) {
  for (size_t i = 0; i < kHead; i++) frame.data()[i] = static_cast<char>((frame.size() - kHead) >> 8 * i);
  std::lock_guard lock(mutex_);
  const char* from = frame.data();
  // A frame is written whole or not at all: what follows half of one would not be understood.
  for (size_t left = frame.size(); left && !broken_;) {
    const ssize_t n = ::write(out_, from, left);
    if (n >= 0) {
      from += n;
      left -= static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      broken_ = !wait(0, POLLOUT);
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
  if (!broken_) return;
  close();  // what the peer has sent besides is of no use to anybody
  throw Cancelled();
}

void Channel::close() {
  const u64 one = 1;
  (void)!::write(closed_.fd(), &one, sizeof one);
}

}  // namespace cr3scope
