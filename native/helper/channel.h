// SPDX-License-Identifier: GPL-2.0-only
// Frames on two descriptors: the length of each in four bytes, lowest first, then one MessagePack value
// (docs/helper.md).
#pragma once
#include <atomic>
#include <mutex>

#include "../core/file.h"
#include "packed.h"

namespace cr3scope {

class Channel {
 public:
  // The longest frame that is read: a list of 65536 addresses, and what goes with it.
  static constexpr size_t kMostRead = (65536 + 64) * 8;

  Channel(int in, int out);

  // Reads one frame; false at the end of the input, once nobody reads the output, or where it is not a frame.
  bool read(std::vector<char>& frame);
  // A frame to fill.
  static Bytes frame() {
    Bytes bytes;
    bytes.grow(kHead);
    return bytes;
  }
  // Writes one, and waits as long as nobody takes it. Throws Cancelled once the peer is gone. For any thread.
  void write(Bytes&& frame);
  // From now on neither read() nor write() waits: the peer is gone.
  void close();

 private:
  static constexpr size_t kHead = 4;

  // Until there is what to read or room to write, as poll() names it; false once the peer is gone.
  bool wait(short in, short out);
  bool read_all(char* to, size_t size);

  int in_, out_;
  File closed_;  // an eventfd
  std::mutex mutex_;
  bool broken_ = false;
};

}  // namespace cr3scope
