// SPDX-License-Identifier: GPL-2.0-only
// kdump-compressed images: makedumpfile and QEMU's dump-guest-memory (makedumpfile's IMPLEMENTATION and
// diskdump_mod.h).
#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <mutex>

#include "../error.h"
#include "file_image.h"
#include "unpack.h"

namespace cr3scope {

namespace {

// Blocks are frames. The first has the header, and the second one more of it; then come the bitmaps of the frames that
// the machine has and of those that are in the file, and then a descriptor of each of the latter.
struct Header {
  char signature[8];
  std::int32_t version;
  char system[5][65], machine_and_domain[65];  // struct utsname
  u8 pad[6 + 16];
  u32 status;  // how frames are compressed
  std::int32_t block_bytes, sub_blocks;
  u32 bitmap_blocks, frames;
};
static_assert(offsetof(Header, status) == 424);

struct SubHeader {
  u64 phys_base;
  std::int32_t dump_level, split;
  u64 unused_begin, unused_end;  // by then of 32 bits
  u64 vmcoreinfo_at, vmcoreinfo_bytes, notes_at, notes_bytes, erased_at, erased_bytes;
  u64 begin, end, frames;  // since version 6
};
static_assert(sizeof(SubHeader) == 104);

struct Descriptor {
  u64 offset;
  u32 bytes, flags;
  u64 page_flags;
};
static_assert(sizeof(Descriptor) == 24);

constexpr u32 kCompressions[] = {0x01, 0x02, 0x04, 0x20};
constexpr u32 kAnyCompression = 0x27;
constexpr u64 kMostBitmap = 256 << 20;  // frames of 8 TiB
constexpr u64 kMostPacked = 2 * kPageSize;
constexpr size_t kMostRanges = 1 << 20;
constexpr u64 kGroup = 512;  // bits whose sum is kept

class KdumpImage final : public FileImage {
 public:
  KdumpImage(const std::string& path, File file) : FileImage(path, std::move(file), "kdump-compressed") {
    Header header;
    read_file(0, &header, sizeof header);
    if (header.block_bytes != static_cast<int>(kPageSize)) refuse("its frames are not of 4096 bytes");
    if (header.version < 1 || header.sub_blocks < 1 || !header.bitmap_blocks) refuse("its header is wrong");
    SubHeader sub{};
    read_file(kPageSize, &sub, sizeof sub);
    const u64 frames = header.version >= 6 && sub.frames ? sub.frames : header.frames;
    const u64 bitmaps_at = (1 + static_cast<u64>(header.sub_blocks)) * kPageSize;
    const u64 bitmap_bytes = header.bitmap_blocks * kPageSize;
    descriptors_at_ = bitmaps_at + bitmap_bytes;
    if (bitmap_bytes > 2 * kMostBitmap) refuse("it is of more memory than any machine has");
    // Dumps of old tools have one bitmap for both.
    const bool both = frames <= bitmap_bytes / 2 * 8;
    const u64 bytes = both ? bitmap_bytes / 2 : bitmap_bytes;
    if (frames > bytes * 8) refuse("its bitmap is too short");
    std::vector<u64> exist = read_bitmap(bitmaps_at, bytes, frames);
    find_ranges(exist);
    held_ = both ? read_bitmap(bitmaps_at + bytes, bytes, frames) : std::move(exist);
    // A part of a dump that was written to several files.
    if (sub.split) {
      const u64 begin = header.version >= 6 ? sub.begin : sub.unused_begin;
      const u64 end = header.version >= 6 ? sub.end : sub.unused_end;
      for (u64 frame = 0; frame < held_.size() * 64; frame++)
        if (frame < begin || frame >= end) held_[frame / 64] &= ~(1ull << frame % 64);
    }
    u64 before = 0;
    for (size_t i = 0; i < held_.size(); i++) {
      if (i % (kGroup / 64) == 0) before_.push_back(before);
      before += static_cast<unsigned>(std::popcount(held_[i]));
    }
    if (descriptors_at_ > bytes_ || before > (bytes_ - descriptors_at_) / sizeof(Descriptor))
      refuse("it ends at byte " + std::to_string(bytes_) + ", before the descriptors of its frames do");
    if (sub.notes_bytes && header.version >= 4) read_notes(sub.notes_at, sub.notes_bytes);
    if (vmcoreinfo_.empty() && header.version >= 3 && sub.vmcoreinfo_bytes && sub.vmcoreinfo_bytes <= kMostVmcoreinfo) {
      vmcoreinfo_.resize(sub.vmcoreinfo_bytes);
      read_file(sub.vmcoreinfo_at, vmcoreinfo_.data(), vmcoreinfo_.size());
    }
    for (u32 flag : kCompressions)
      if (header.status & flag) unpackers_[flag] = Unpacker::load(flag);
  }

  void read(const u64* addresses, size_t count, u8* to, FrameStatus* status) const override {
    for (size_t i = 0; i < count;) {
      const u64 frame = addresses[i] >> kPageShift;
      if (!is_held(frame)) {
        auto in =
            std::upper_bound(ranges_.begin(), ranges_.end(), addresses[i], [](u64 a, auto& r) { return a < r.begin; });
        status[i++] = in != ranges_.begin() && addresses[i] < (--in)->end ? FrameStatus::excluded : FrameStatus::notRam;
        continue;
      }
      // The descriptors of frames that follow each other are one read.
      size_t n = 1;
      while (n < kBatch && i + n < count && addresses[i + n] >> kPageShift == frame + n && is_held(frame + n)) n++;
      Descriptor descriptors[kBatch];
      const bool known =
          read_bytes(descriptors_at_ + index_of(frame) * sizeof(Descriptor), descriptors, n * sizeof(Descriptor));
      for (size_t k = 0; k < n; k++, i++)
        status[i] = known && read_frame(descriptors[k], to + i * kPageSize) ? FrameStatus::ok : FrameStatus::failed;
    }
  }

 private:
  static constexpr size_t kBatch = 64;

  std::vector<u64> read_bitmap(u64 at, u64 bytes, u64 frames) const {
    if (at > bytes_ || bytes > bytes_ - at) refuse("it ends at byte " + std::to_string(bytes_) + ", in its bitmap");
    std::vector<u64> words((frames + 63) / 64);
    read_file(at, words.data(), words.size() * sizeof(u64));
    if (frames % 64) words.back() &= (1ull << frames % 64) - 1;
    return words;
  }

  void find_ranges(const std::vector<u64>& exist) {
    u64 begin = 0;
    bool inside = false;
    auto flip = [&](u64 frame) {
      inside = !inside;
      if (inside) begin = frame;
      else if (ranges_.size() == kMostRanges) refuse("its memory is in more pieces than that of any machine");
      else ranges_.push_back({begin << kPageShift, frame << kPageShift});
    };
    for (u64 frame = 0; frame < exist.size() * 64;) {
      const u64 same = inside ? ~exist[frame / 64] : exist[frame / 64];
      const u64 left = same >> frame % 64;
      if (!left) {
        frame = (frame / 64 + 1) * 64;
        continue;
      }
      frame += static_cast<unsigned>(std::countr_zero(left));
      flip(frame);
    }
    if (inside) flip(exist.size() * 64);
    if (ranges_.empty()) refuse("it holds no memory");
  }

  bool is_held(u64 frame) const { return frame / 64 < held_.size() && held_[frame / 64] >> frame % 64 & 1; }

  // The number of its descriptor.
  u64 index_of(u64 frame) const {
    u64 n = before_[frame / kGroup];
    for (u64 word = frame / kGroup * (kGroup / 64); word < frame / 64; word++)
      n += static_cast<unsigned>(std::popcount(held_[word]));
    return n + static_cast<unsigned>(std::popcount(held_[frame / 64] & ((1ull << frame % 64) - 1)));
  }

  bool read_bytes(u64 offset, void* to, size_t bytes) const {
    return offset <= bytes_ && bytes <= bytes_ - offset && read_at(file_, offset, to, bytes) == bytes;
  }

  bool read_frame(const Descriptor& descriptor, u8* to) const {
    const u32 flag = descriptor.flags & kAnyCompression;
    if (!flag) return descriptor.bytes == kPageSize && read_bytes(descriptor.offset, to, kPageSize);
    u8 packed[kMostPacked];
    if (descriptor.bytes > sizeof packed || !read_bytes(descriptor.offset, packed, descriptor.bytes)) return false;
    const Unpacker* unpacker = unpacker_of(flag);
    return unpacker && unpacker->unpack(packed, descriptor.bytes, to);
  }

  // The header may not name a method that a frame has.
  const Unpacker* unpacker_of(u32 flag) const {
    std::lock_guard lock(mutex_);
    auto [at, is_new] = unpackers_.try_emplace(flag);
    if (is_new) try {
        at->second = Unpacker::load(flag);
      } catch (const Error&) {
        // Its frames can't be read.
      }
    return at->second.get();
  }

  u64 descriptors_at_ = 0;
  std::vector<u64> held_;    // a bit for each frame that is in the file
  std::vector<u64> before_;  // and how many there are before each group of them
  mutable std::mutex mutex_;
  mutable std::map<u32, std::unique_ptr<Unpacker>> unpackers_;  // by flag; null if it can't be loaded
};

}  // namespace

std::unique_ptr<Image> open_kdump(const std::string& path, File file) {
  return std::make_unique<KdumpImage>(path, std::move(file));
}

}  // namespace cr3scope
