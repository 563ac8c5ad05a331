// SPDX-License-Identifier: GPL-2.0-only
#include "segments.h"

#include <algorithm>

namespace cr3scope {

namespace {

constexpr u64 kInside = kPageSize - 1;
constexpr u64 kMostPhysical = 1ull << 52;

// Puts ranges in order and joins those that touch.
std::vector<RamRange> joined(std::vector<RamRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  std::vector<RamRange> all;
  for (const RamRange& r : ranges) {
    if (!all.empty() && r.begin <= all.back().end) all.back().end = std::max(all.back().end, r.end);
    else all.push_back(r);
  }
  return all;
}

}  // namespace

void SegmentImage::set_segments(std::vector<Segment> segments, std::vector<RamRange> left_out) {
  for (Segment& s : segments) {
    if (s.pa >= kMostPhysical || s.bytes > kMostPhysical - s.pa) refuse("a segment has no physical address");
    if (s.offset > bytes_ || s.bytes > bytes_ - s.offset)
      refuse("it ends at byte " + std::to_string(bytes_) + ", before a segment of it does");
    // Only whole frames count.
    const u64 skip = std::min(-s.pa & kInside, s.bytes);
    s.pa += skip;
    s.offset += skip;
    s.bytes = (s.bytes - skip) & ~kInside;
  }
  std::stable_sort(segments.begin(), segments.end(), [](auto& a, auto& b) { return a.pa < b.pa; });
  for (Segment s : segments) {
    if (!segments_.empty()) {
      const Segment& last = segments_.back();
      const u64 skip = last.pa + last.bytes > s.pa ? std::min(last.pa + last.bytes - s.pa, s.bytes) : 0;
      s.pa += skip;
      s.offset += skip;
      s.bytes -= skip;
    }
    if (!s.bytes) continue;
    segments_.push_back(s);
    left_out.push_back({s.pa, s.pa + s.bytes});
  }
  if (segments_.empty()) refuse("it holds no memory");
  for (RamRange& r : left_out) {
    r.begin = (r.begin + kInside) & ~kInside;
    r.end &= ~kInside;
  }
  std::erase_if(left_out, [](const RamRange& r) { return r.begin >= r.end || r.end > kMostPhysical; });
  ranges_ = joined(std::move(left_out));
}

std::vector<RamRange> SegmentImage::held() const {
  std::vector<RamRange> all;
  for (const Segment& s : segments_) all.push_back({s.pa, s.pa + s.bytes});
  return joined(std::move(all));
}

// Frames that follow each other in the file are one read.
void SegmentImage::read(const u64* addresses, size_t count, u8* to, FrameStatus* status) const {
  for (size_t i = 0; i < count;) {
    const u64 pa = addresses[i];
    auto at =
        std::upper_bound(segments_.begin(), segments_.end(), pa, [](u64 a, const Segment& s) { return a < s.pa; });
    if (at == segments_.begin() || pa - (--at)->pa >= at->bytes) {
      auto in = std::upper_bound(ranges_.begin(), ranges_.end(), pa, [](u64 a, auto& r) { return a < r.begin; });
      status[i++] = in != ranges_.begin() && pa < (--in)->end ? FrameStatus::excluded : FrameStatus::notRam;
      continue;
    }
    const size_t left = std::min<u64>(count - i, (at->bytes - (pa - at->pa)) >> kPageShift);
    size_t n = 1;
    while (n < left && addresses[i + n] == pa + n * kPageSize) n++;
    ssize_t got;
    do got = pread(file_.fd(), to + i * kPageSize, n * kPageSize, static_cast<off_t>(at->offset + (pa - at->pa)));
    while (got < 0 && errno == EINTR);
    const size_t whole = got > 0 ? static_cast<size_t>(got) >> kPageShift : 0;
    for (size_t k = 0; k < n; k++) status[i + k] = k < whole ? FrameStatus::ok : FrameStatus::failed;
    i += n;
  }
}

namespace {

class RawImage final : public SegmentImage {
 public:
  RawImage(const std::string& path, File file, std::vector<Segment> ranges)
      : SegmentImage(path, std::move(file), "raw memory") {
    if (ranges.empty()) ranges.push_back({0, bytes_, 0});
    set_segments(std::move(ranges));
  }
};

// LiME format version 1: headers before each range, ends inclusive (github.com/504ensicsLabs/LiME, doc).
class LimeImage final : public SegmentImage {
 public:
  LimeImage(const std::string& path, File file) : SegmentImage(path, std::move(file), "LiME") {
    std::vector<Segment> segments;
    for (u64 at = 0; at < bytes_;) {
      struct {
        u32 magic, version;
        u64 begin, last, reserved;
      } header;
      static_assert(sizeof header == 32);
      read_file(at, &header, sizeof header);
      if (header.magic != kMagic) refuse("there is no header at byte " + std::to_string(at));
      if (header.version != 1) refuse("its version is " + std::to_string(header.version) + ", and 1 is known");
      if (header.last < header.begin || segments.size() >= kMostSegments) refuse("a header is wrong");
      at += sizeof header;
      const u64 bytes = header.last - header.begin + 1;
      if (!bytes || bytes > bytes_ - at) refuse("it ends in the middle of a range");
      segments.push_back({header.begin, bytes, at});
      at += bytes;
    }
    set_segments(std::move(segments));
  }

  static constexpr u32 kMagic = 0x4c694d45;  // "EMiL"

 private:
  static constexpr size_t kMostSegments = 1 << 20;
};

}  // namespace

std::unique_ptr<Image> open_raw(const std::string& path, File file, const std::vector<Segment>& ranges) {
  return std::make_unique<RawImage>(path, std::move(file), ranges);
}
std::unique_ptr<Image> open_lime(const std::string& path, File file) {
  return std::make_unique<LimeImage>(path, std::move(file));
}

}  // namespace cr3scope
