// SPDX-License-Identifier: GPL-2.0-only
#include "page_record.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "error.h"

namespace cr3scope {

namespace {

// The words of page `k` of a stretch.
Words word_at(const Stretch& s, u64 k) {
  if (s.step == Step::same) return s.words;
  Words w = s.words;
  for (u64& word : w.raw)
    if (word) word += k;
  w[Source::tableWalk] = s.words.entry() + (s.step == Step::frames ? k << kPageShift : 0);
  return w;
}

}  // namespace

void PageRecord::add(u64 va, u64 pages, const Words& words, Verdict verdict, Note note, u8 level) {
  if (!stretches_.empty()) {
    Stretch& last = stretches_.back();
    if (last.va + last.pages * kPageSize == va && last.verdict == verdict && last.note == note && last.level == level) {
      if (last.step == Step::same && last.words == words) {
        last.pages += pages;
        return;
      }
      if (pages == 1 && (last.pages == 1 || last.step == Step::frames)) {
        Stretch as_frames = last;
        as_frames.step = Step::frames;
        if (word_at(as_frames, last.pages) == words) {
          last.step = Step::frames;
          last.pages++;
          return;
        }
      }
    }
  }
  stretches_.push_back({va, pages, words, verdict, note, level, Step::same});
}

void PageRecord::add_huge(u64 va, u64 pages, const Words& words, Verdict verdict, Note note, u8 level) {
  stretches_.push_back({va, pages, words, verdict, note, level, Step::withinHuge});
}

// A header with the count, then a column for each field. A 64-bit column has first all lowest bytes, then the next
// ones. What is likely the same from one stretch to the next comes out as zeros. Readers take the number of sources
// from the length.
std::vector<u8> PageRecord::pack() {
  const size_t n = stretches_.size();
  if (!n) return {};
  std::sort(stretches_.begin(), stretches_.end(), [](auto& a, auto& b) { return a.va < b.va; });
  constexpr size_t kWide = 2 + kSources, kNarrow = 4;
  std::vector<u8> raw(sizeof(u32) + n * (kWide * sizeof(u64) + kNarrow));
  const u32 count = static_cast<u32>(n);
  std::memcpy(raw.data(), &count, sizeof count);
  u8* column = raw.data() + sizeof count;
  auto wide = [&](auto value) {
    for (size_t i = 0; i < n; i++) {
      const u64 v = value(i);
      for (size_t byte = 0; byte < sizeof v; byte++) column[byte * n + i] = static_cast<u8>(v >> byte * 8);
    }
    column += n * sizeof(u64);
  };
  auto narrow = [&](auto value) {
    for (size_t i = 0; i < n; i++) column[i] = static_cast<u8>(value(stretches_[i]));
    column += n;
  };
  auto at = [&](size_t i) -> const Stretch& { return stretches_[i]; };
  auto frame_of = [](const Stretch& s) { return s.words.entry() >> kPageShift & PagemapWord::kPfnMask; };
  wide([&](size_t i) { return i ? at(i).va - (at(i - 1).va + at(i - 1).pages * kPageSize) : at(i).va; });
  wide([&](size_t i) { return at(i).pages - 1; });
  wide([&](size_t i) { return at(i).words.entry() - (i ? at(i - 1).words.entry() : 0); });
  for (size_t s = 0; s < kSources; s++)
    if (s != static_cast<size_t>(Source::tableWalk))
      wide([&](size_t i) { return at(i).words.raw[s] - frame_of(at(i)); });
  narrow([](const Stretch& s) { return s.level; });
  narrow([](const Stretch& s) { return s.step; });
  narrow([](const Stretch& s) { return s.verdict; });
  narrow([](const Stretch& s) { return s.note; });
  stretches_.clear();

  uLongf size = compressBound(raw.size());
  std::vector<u8> packed(size);
  if (compress2(packed.data(), &size, raw.data(), raw.size(), Z_BEST_SPEED) != Z_OK)
    throw Error("deflate pages", ENOMEM, "Free some memory.");
  packed.resize(size);
  return packed;
}

}  // namespace cr3scope
