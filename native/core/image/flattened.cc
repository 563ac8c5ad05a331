// SPDX-License-Identifier: GPL-2.0-only
#include "flattened.h"

#include <endian.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../error.h"
#include "../kpage.h"

namespace cr3scope {

// Its parts say where they belong: type and version in 4096 bytes, then offset, length and bytes of each; all of it
// big-endian.
File put_in_order(const std::string& path, const File& flat) {
  constexpr size_t kHeader = 4096, kPiece = 1 << 20;
  constexpr u64 kMostOffset = 1ull << 52, kEnd = ~0ull;
  const char* folder = std::getenv("TMPDIR");
  const std::string place = folder && *folder ? folder : "/var/tmp";
  File ordered(::open(place.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!ordered)
    throw Error("put the flattened dump in order, in " + place, errno,
                "Name a folder with room for it in TMPDIR, or run makedumpfile -R DUMP < " + path);
  std::vector<u8> bytes(kPiece);
  u64 at = 0;
  auto read = [&](size_t count) {
    if (read_at(flat, at, bytes.data(), count) < count)
      throw Error("open " + path + " as a flattened dump: it ends too early", EINVAL, "Copy it again.");
    at += count;
  };
  auto word = [&](size_t offset) {
    u64 value;
    std::memcpy(&value, &bytes[offset], sizeof value);
    return be64toh(value);
  };
  read(kHeader);
  if (word(16) != 1 || word(24) != 1)
    throw Error("open " + path + ": its flattened format is not version 1", ENOTSUP,
                "Put it in order first: makedumpfile -R DUMP < " + path);
  for (;;) {
    read(16);
    u64 offset = word(0), left = word(8);
    if (offset == kEnd) break;
    if (offset > kMostOffset || left > kMostOffset)
      throw Error("open " + path + " as a flattened dump: a part of it has no place", EINVAL, "Copy it again.");
    while (left) {
      const size_t count = std::min<u64>(left, kPiece);
      read(count);
      for (size_t done = 0; done < count;) {
        const ssize_t n = pwrite(ordered.fd(), &bytes[done], count - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
          throw Error("put the flattened dump in order, in " + place, errno,
                      "Name a folder with room for it in TMPDIR, or run makedumpfile -R DUMP < " + path);
        done += static_cast<size_t>(n);
      }
      offset += count;
      left -= count;
    }
  }
  return ordered;
}

}  // namespace cr3scope
