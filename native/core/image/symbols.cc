// SPDX-License-Identifier: GPL-2.0-only
#include "symbols.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "for_each_frame.h"

namespace cr3scope {

namespace {

// At most a page of memory from `pa` on: less where the next frame is not held, nothing where its own is not.
std::string text_from(const Image& image, u64 pa) {
  const u64 frame = pa & ~(kPageSize - 1);
  const u64 frames[] = {frame, frame + kPageSize};
  std::string text(2 * kPageSize, '\0');
  FrameStatus status[2];
  image.read(frames, 2, reinterpret_cast<u8*>(text.data()), status);
  if (status[0] != FrameStatus::ok) return {};
  if (status[1] != FrameStatus::ok) text.resize(kPageSize);
  return text.substr(pa - frame, kPageSize);
}

bool begins_with(const Image& image, u64 pa, const std::string& pattern) {
  return text_from(image, pa).starts_with(pattern);
}

}  // namespace

void scan(const Image& image, Places& places, const std::string& pattern, const std::function<bool(u64 pa)>& take) {
  constexpr size_t kBatch = FrameReader::kBatch;
  const size_t keep = pattern.size() - 1;
  for (u64 pa : places.before)
    if (begins_with(image, pa, pattern) && take(pa)) return places.found.push_back(pa);
  // The end of the frame before, and the frames of a batch.
  std::vector<u8> bytes(keep + kBatch * kPageSize);
  for (const RamRange& range : image.held()) {
    size_t before = 0;
    for (u64 pa = range.begin; pa < range.end;) {
      const size_t count = std::min<u64>(kBatch, (range.end - pa) >> kPageShift);
      u64 addresses[kBatch];
      FrameStatus status[kBatch];
      for (size_t i = 0; i < count; i++) addresses[i] = pa + i * kPageSize;
      image.read(addresses, count, &bytes[keep], status);
      for (size_t first = 0; first < count;) {
        if (status[first] != FrameStatus::ok) {
          before = 0;
          first++;
          continue;
        }
        size_t end = first + 1;
        while (end < count && status[end] == FrameStatus::ok) end++;
        const u8* from = &bytes[keep + first * kPageSize] - (first ? 0 : before);
        const u8* const until = &bytes[keep] + end * kPageSize;
        while (const void* found = memmem(from, static_cast<size_t>(until - from), pattern.data(), pattern.size())) {
          const u8* at = static_cast<const u8*>(found);
          const u64 place = pa + static_cast<u64>(at - &bytes[keep]);
          if (take(place)) return places.found.push_back(place);
          from = at + 1;
        }
        before = end == count ? keep : 0;
        first = end;
      }
      if (before) std::memmove(bytes.data(), &bytes[keep + count * kPageSize - keep], keep);
      pa += count * kPageSize;
    }
  }
}

namespace {

// The lines KEY=VALUE at the start of a text.
std::string lines_of(const std::string& text) {
  size_t end = 0;
  while (end < text.size()) {
    const size_t line = text.find('\n', end), equals = text.find('=', end);
    if (line == std::string::npos || equals >= line || equals == end) break;
    const bool plain = std::all_of(text.begin() + static_cast<long>(end), text.begin() + static_cast<long>(line),
                                   [](char c) { return c >= ' ' && c <= '~'; });
    if (!plain) break;
    end = line + 1;
  }
  return text.substr(0, end);
}

}  // namespace

VmcoreInfo::VmcoreInfo(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t line = std::min(text.find('\n', at), text.size()), equals = text.find('=', at);
    if (equals < line) values_[text.substr(at, equals - at)] = text.substr(equals + 1, line - equals - 1);
    at = line + 1;
  }
}

VmcoreInfo VmcoreInfo::find(const Image& image, Places& places) {
  if (const std::string& notes = image.vmcoreinfo(); notes.find("SYMBOL(") != std::string::npos) {
    VmcoreInfo info(notes);
    info.from_ = "the notes of the file";
    return info;
  }
  // The kernel has it at the start of a page of its own (crash_save_vmcoreinfo_init()), in a note and, but for the
  // values, in a format string: the longest one is whole.
  const std::string first = "OSRELEASE=";
  std::string best;
  u64 best_at = 0;
  auto take = [&](u64 pa) {
    const std::string text = lines_of(text_from(image, pa));
    if (text.size() <= best.size()) return;
    best = text;
    best_at = pa;
  };
  auto is_whole = [&] { return best.find("NUMBER(phys_base)") != std::string::npos; };
  for (u64 pa : places.before)
    if (!is_whole() && begins_with(image, pa, first)) take(pa);
  if (!is_whole())
    for_each_frame(image, [&](u64 pa, const u8* frame) {
      if (!std::memcmp(frame, first.data(), first.size())) take(pa);
      return is_whole();
    });
  if (!is_whole())
    scan(image, places, first, [&](u64 pa) {
      take(pa);
      return false;
    });
  if (best.find("SYMBOL(") == std::string::npos) return {};
  places.found.push_back(best_at);
  VmcoreInfo info(best);
  info.from_ = "a scan of the memory";
  return info;
}

std::string VmcoreInfo::text(const std::string& key) const {
  auto at = values_.find(key);
  return at == values_.end() ? "" : at->second;
}

std::optional<u64> VmcoreInfo::symbol(const char* name) const {
  const std::string text = this->text("SYMBOL(" + std::string(name) + ")");
  return text.empty() ? std::nullopt : std::optional<u64>(std::strtoull(text.c_str(), nullptr, 16));
}

std::optional<u64> VmcoreInfo::number(const char* name) const {
  const std::string text = this->text("NUMBER(" + std::string(name) + ")");
  if (text.empty()) return std::nullopt;
  return text[0] == '-' ? static_cast<u64>(std::strtoll(text.c_str(), nullptr, 0))
                        : std::strtoull(text.c_str(), nullptr, 0);
}

}  // namespace cr3scope
