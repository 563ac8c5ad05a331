// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

#include <algorithm>
#include <cstring>

#include "clock.h"
#include "error.h"
#include "page_record.h"

namespace cr3scope {

namespace {

constexpr size_t kChunk = 128;       // extents whose tables are read at a time: keeps both buffers in the L2 cache
constexpr u64 kWindowPages = 65536;  // pagemap words read at a time
constexpr u64 kBigGap = 512;         // pages: from here on a hole is asked for with one PAGEMAP_SCAN
constexpr size_t kDoubts = 4096;     // pages re-read at a time
constexpr size_t kRecorded = 16384;  // stretches that a batch carries

}  // namespace

Outcome outcome_now(const AddressSpace& space) {
  u64 root = space.root_now();
  return root == space.root_pa() ? Outcome::complete : root ? Outcome::execed : Outcome::exited;
}

Checker::Checker(SpaceSources& sources, const std::atomic<bool>& cancel)
    : sources_(sources),
      target_(sources.target()),
      walk_(sources.walk()),
      cancel_(cancel),
      probe_(sources.system().probe_regions(sources.space().pid())) {
  for (const auto& source : sources.pages()) asked_.push_back({source->id(), source->plain()});
}

Checker::~Checker() = default;

void Checker::record_pages() { record_ = std::make_unique<PageRecord>(); }

CheckResult Checker::run(u64 begin, u64 end, const std::function<void(CheckBatch&&)>& emit_to) {
  emit_ = &emit_to;
  result_ = {};
  result_.root_pa = sources_.space().root_pa();
  result_.begin_ns = last_emit_ns_ = monotonic_ns();
  std::vector<Region> regions = sources_.space().read_regions();
  regions_.reserve(regions.size());
  result_.regions.reserve(regions.size());  // each takes 1 KiB: moving them as they become more is slow
  for (Region& r : regions) {
    r.begin = std::max(r.begin, begin);
    r.end = std::min(r.end, end);
    if (r.begin >= r.end) continue;
    total_ += (r.end - r.begin) >> kPageShift;
    result_.regions.push_back({r.begin, r.end, {}, {}});
    regions_.push_back(std::move(r));
  }
  for (const auto& source : sources_.pages()) source->prepare(cancel_);
  upper_ = walk_.upper_levels(result_.root_pa);
  for (unsigned level = kPmd; level <= target_.paging.levels; level++)
    result_.tables[level] = upper_.tables[level].size();
  spend(Source::tableWalk, result_.begin_ns);
  auto& extents = upper_.extents;
  std::erase_if(extents, [&](const Extent& e) { return e.end() <= begin || e.va >= end; });
  limit_begin_ = begin;
  limit_end_ = end;
  size_t first = 0;
  do {
    size_t count = 0;
    for (u64 pages = 0; count < kChunk && first + count < extents.size() && pages < kWindowPages; count++)
      pages += 1ull << (level_shift(extents[first + count].level) - kPageShift);
    u64 until = first + count < extents.size() ? extents[first + count].va : end;
    check_extents(first, count, until);
    first += count;
  } while (first < extents.size() && !gone_);
  if (gone_) give_up(sources_.space().root_now() ? Outcome::execed : Outcome::exited);
  result_.pages = total_;
  result_.end_ns = monotonic_ns();
  emit(true);
  return std::move(result_);
}

// The pages of all regions from the first of these extents (or the start, for the first) up to `until`.
// Order matters: tables, then the other sources, then the tables above again. Whatever changed meanwhile is read
// once more.
void Checker::check_extents(size_t first, size_t count, u64 until) {
  if (cancel_) throw Cancelled();
  u64 begin_ns = monotonic_ns();
  FrameStatus status[kChunk];
  if (count) {
    const u8* frames = walk_.pte_tables(upper_, first, count, status);
    tables_.assign(frames, frames + count * kPageSize);  // verify() reuses the reader's buffer
  }
  spend(Source::tableWalk, begin_ns);
  std::vector<Piece> list = pieces(first, count, first == 0 ? 0 : upper_.extents[first].va, until);
  place_words(list);
  for (const auto& source : sources_.pages()) {
    begin_ns = monotonic_ns();
    read_words(list, *source);
    spend(source->id(), begin_ns);
  }
  begin_ns = monotonic_ns();
  std::vector<bool> stale;
  if (count && !gone_) walk_.verify(upper_, first, count, stale);
  spend(Source::tableWalk, begin_ns);

  probe_->forget();
  for (const Piece& piece : list) {
    if (gone_) return;
    if (piece.words == kNoWords) check_gap(piece);
    else if (piece.extent == kNoExtent) check_entries(piece, nullptr, false);
    else check_extent(piece, piece.extent - first, status[piece.extent - first], stale[piece.extent - first]);
  }
  find_outside(first, count, list, status);
  settle_doubts();
  emit(false);
}

// Cuts the regions in [from, until) along the extents.
std::vector<Checker::Piece> Checker::pieces(size_t first, size_t count, u64 from, u64 until) {
  std::vector<Piece> list;
  while (next_region_ < regions_.size() && regions_[next_region_].end <= from) next_region_++;
  size_t extent = first, last = first + count;
  for (size_t r = next_region_; r < regions_.size() && regions_[r].begin < until; r++) {
    u64 va = std::max(regions_[r].begin, from), end = std::min(regions_[r].end, until);
    while (va < end) {
      while (extent < last && upper_.extents[extent].end() <= va) extent++;
      Piece piece{va, end, r, kNoExtent, kNoWords};
      if (extent < last && upper_.extents[extent].va <= va) {
        piece.extent = extent;
        piece.end = std::min(end, upper_.extents[extent].end());
      } else if (extent < last) {
        piece.end = std::min(end, upper_.extents[extent].va);
      }
      list.push_back(piece);
      va = piece.end;
    }
  }
  return list;
}

// Finds places in words_ for the words of all pieces but large holes and what no table could be read for.
void Checker::place_words(std::vector<Piece>& list) {
  words_needed_ = 0;
  const auto& sources = sources_.pages();
  const bool skips = std::all_of(sources.begin(), sources.end(), [](auto& s) { return s->skips_holes(); });
  for (Piece& piece : list) {
    bool large_gap = piece.extent == kNoExtent && skips && piece.pages() >= kBigGap;
    bool cut = piece.extent != kNoExtent && upper_.extents[piece.extent].status != FrameStatus::ok;
    if (large_gap || cut || (piece.extent == kNoExtent && piece.pages() > kWindowPages)) continue;
    piece.words = words_needed_;
    words_needed_ += piece.pages();
  }
}

// Fills words_ of one source. Pieces with words that follow each other without a hole are one read.
void Checker::read_words(const std::vector<Piece>& list, PageSource& source) {
  std::vector<u64>& words = words_[static_cast<size_t>(source.id())];
  if (words.size() < words_needed_) words.resize(words_needed_);
  for (size_t i = 0; i < list.size() && !gone_;) {
    size_t n = i + 1;
    if (list[i].words != kNoWords) {
      while (n < list.size() && list[n].words != kNoWords && list[n].begin == list[n - 1].end) n++;
      const u64 begin = list[i].begin, pages = (list[n - 1].end - begin) >> kPageShift;
      if (!source.read(begin, pages, &words[list[i].words])) gone_ = true;
    }
    i = n;
  }
}

void Checker::check_extent(const Piece& piece, size_t slot, FrameStatus status, bool stale) {
  const Extent& extent = upper_.extents[piece.extent];
  if (extent.entry.kind == EntryKind::table && extent.status == FrameStatus::ok && status == FrameStatus::ok)
    return check_entries(
        piece, reinterpret_cast<const u64*>(&tables_[slot * kPageSize]) + table_index(piece.begin, kPte), stale);
  if (piece.words == kNoWords || extent.entry.kind == EntryKind::table) {
    // No table to compare with. If it has only moved, the re-read of each page shows that; a lost table is one run.
    bool readable_now = walk_.translate(result_.root_pa, {piece.begin})[0].status == FrameStatus::ok;
    if (!readable_now || piece.words == kNoWords) {
      const Words unread = Words::of_entry(extent.raw);
      count(piece.region, piece.begin, piece.pages(), Verdict::notComparable, Note::tableUnreadable, unread);
      if (record_)
        record_->add(piece.begin, piece.pages(), unread, Verdict::notComparable, Note::tableUnreadable, extent.level);
      return;
    }
    for (u64 i = 0; i < piece.pages(); i++)
      doubt(piece.begin + i * kPageSize, piece.region, words_of(piece, i, extent.raw), {Verdict::mismatch, Note::none});
    return;
  }
  check_leaf(piece, stale);
}

// One PTE table (or the lack of one, if `entries` is null) against the other sources.
void Checker::check_entries(const Piece& piece, const u64* entries, bool stale) {
  const u64 n = piece.pages(), zero_pfn = target_.zero_pfn;
  auto entry = [&](u64 i) { return entries ? entries[i] : 0; };
  if (!stale && entries && zero_pfn && !asked_.empty()) {
    // The common cases, without a branch per page so that the compiler vectorises it: all pages present and equal...
    const u64 mask = target_.paging.address_mask() >> kPageShift;
    const u64 invalid = kAddressBits & ~((1ull << target_.paging.max_phys_bits) - 1) & ~target_.paging.encryption_mask;
    u64 differ = 0, zero = 0, any = 0;
    for (u64 i = 0; i < n; i++) {
      u64 pfn = entries[i] >> kPageShift & mask;
      differ |= (entries[i] & invalid) | (~entries[i] & 1);
      zero |= ~(pfn ^ zero_pfn) & ((pfn ^ zero_pfn) - 1);  // bit 63 set where they are equal
      any |= entries[i];
    }
    for (const auto& [source, plain] : asked_) {
      const u64* words = words_at(source, piece);
      for (u64 i = 0; i < n; i++) {
        differ |= (words[i] ^ (plain.page | (entries[i] >> kPageShift & mask))) & plain.page_bits;
        any |= (words[i] ^ plain.none) & plain.none_bits;
      }
    }
    if (!differ && !(zero >> 63)) return count_each(piece, entries, 0, n, {Verdict::agree, Note::none});
    if (!any) return count_each(piece, nullptr, 0, n, {Verdict::notPresent, Note::none});
  }
  for (u64 i = 0; i < n;) {
    u64 va = piece.begin + i * kPageSize;
    Entry e = decode(entry(i), kPte, target_.paging);
    Words w = words_of(piece, i, entry(i));
    Judgement j = sources_.judge(w, e, e.pfn);
    if (stale || !is_agreement(j.verdict)) {
      doubt(va, piece.region, w, j);
      i++;
      continue;
    }
    u64 run = 1;
    if (j.verdict == Verdict::notPresent)
      while (i + run < n && !entry(i + run) && same_but_flags(piece, i, i + run)) run++;
    count_each(piece, entries, i, run, j);
    i += run;
  }
}

// A huge page, or a non-present entry of one, against the words of its 4 KiB pages.
void Checker::check_leaf(const Piece& piece, bool stale) {
  const Extent& extent = upper_.extents[piece.extent];
  const u64 n = piece.pages(), offset = (piece.begin - extent.va) >> kPageShift;
  if (!stale && maps_frame(extent.entry.kind)) {
    const u64 pfn = extent.entry.pfn + offset;
    u64 differ = 0;
    bool even = true;  // the words count up, flags and all
    for (const auto& [source, plain] : asked_) {
      const u64 page = plain.page + plain.larger * ((extent.entry.shift - kPageShift) / 9) + pfn;
      const u64* words = words_at(source, piece);
      for (u64 i = 0; i < n; i++) differ |= (words[i] ^ (page + i)) & plain.page_bits;
      for (u64 i = 0; i < n; i++) even &= words[i] == words[0] + i;
    }
    Words head = words_of(piece, 0, extent.raw);
    Judgement j = sources_.judge(head, extent.entry, pfn);
    if (!differ && is_agreement(j.verdict)) {
      count(piece.region, piece.begin, n, j.verdict, j.note, head);
      // Their flags may differ from page to page: only words that count up are one stretch.
      if (record_ && even) record_->add_huge(piece.begin, n, head, j.verdict, j.note, extent.level);
      for (u64 i = 0; record_ && !even && i < n; i++)
        record_->add(piece.begin + i * kPageSize, 1, words_of(piece, i, extent.raw), j.verdict, j.note, extent.level);
      return;
    }
  }
  for (u64 i = 0; i < n; i++) {
    u64 va = piece.begin + i * kPageSize;
    // pagemap counts the pages of a non-present huge entry up from its offset, too (pagemap_pmd_range()).
    Entry e = extent.entry;
    if (e.kind != EntryKind::marker) e.swap_offset += offset + i;
    Words w = words_of(piece, i, extent.raw);
    Judgement j = sources_.judge(w, e, e.pfn + offset + i);
    if (stale || !is_agreement(j.verdict)) {
      doubt(va, piece.region, w, j);
      continue;
    }
    count(piece.region, va, 1, j.verdict, j.note, w);
    if (record_) record_->add(va, 1, w, j.verdict, j.note, extent.level);
  }
}

// A hole of the upper levels: no source must report anything in it.
void Checker::check_gap(const Piece& piece) {
  std::vector<PageRange> found;
  for (const auto& source : sources_.pages()) {
    const u64 begin_ns = monotonic_ns();
    if (!source->find(piece.begin, piece.end, found, cancel_)) gone_ = true;
    spend(source->id(), begin_ns);
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  if (gone_) return;
  // In the first source the word of an absent page depends on its region only, so it holds for the whole hole
  // (pagemap_pte_hole() in fs/proc/task_mmu.c).
  PageSource* first = sources_.pages().empty() ? nullptr : sources_.pages()[0].get();
  auto is_none = [&](const Words& words) {
    const Plain& plain = asked_[0].plain;
    return !((words[asked_[0].source] ^ plain.none) & plain.none_bits);
  };
  auto hole = [&](u64 begin, u64 end) {
    Words nothing;
    for (const auto& [source, plain] : asked_) nothing[source] = plain.none;
    for (; first && begin < end; begin += kPageSize) {
      if (!first->read(begin, 1, &nothing[first->id()])) {
        gone_ = true;
        return;
      }
      if (is_none(nothing)) break;
      doubt(begin, piece.region, nothing, {Verdict::mismatch, Note::none});  // it came meanwhile
    }
    if (begin >= end) return;
    auto add = [&](u64 va, u64 pages, Verdict verdict, Note note) {
      if (!pages) return;
      count(piece.region, va, pages, verdict, note, nothing);
      if (record_) record_->add(va, pages, nothing, verdict, note, 0);
    };
    const u64 pages = (end - begin) >> kPageShift;
    const u64 covered = still_covered(begin, pages, first && !nothing[first->id()]);
    const Judgement none = sources_.judge(nothing, Entry{}, 0);
    add(begin, covered, none.verdict, none.note);
    add(begin + covered * kPageSize, pages - covered, Verdict::changedBetween, Note::regionChanged);
  };
  u64 va = piece.begin;
  for (const PageRange& range : found) {
    if (range.begin > va) hole(va, range.begin);
    for (va = std::max(va, range.begin); va < range.end && !gone_; va += kPageSize) {
      Words words;
      first->read(va, 1, &words[first->id()]);
      doubt(va, piece.region, words, {Verdict::mismatch, Note::none});
    }
  }
  if (va < piece.end) hole(va, piece.end);
}

// Entries of these extents that no region covers.
void Checker::find_outside(size_t first, size_t count, const std::vector<Piece>& list, const FrameStatus* status) {
  auto look = [&](size_t i, u64 begin, u64 end) {
    const Extent& extent = upper_.extents[first + i];
    if (begin >= end || extent.status != FrameStatus::ok) return;
    if (begin < limit_begin_ || end > limit_end_) return;
    if (extent.entry.kind != EntryKind::table) {
      doubt(begin, kNoRegion, Words::of_entry(extent.raw), {Verdict::mismatch, Note::none});
      return;
    }
    if (status[i] != FrameStatus::ok) return;
    const u64* entries = reinterpret_cast<const u64*>(&tables_[i * kPageSize]);
    for (u64 va = begin; va < end; va += kPageSize) {
      u64 raw = entries[table_index(va, kPte)];
      if (raw) doubt(va, kNoRegion, Words::of_entry(raw), {Verdict::mismatch, Note::none});
    }
  };
  size_t piece = 0;
  for (size_t i = 0; i < count && !gone_; i++) {
    const Extent& extent = upper_.extents[first + i];
    u64 va = extent.va;
    while (piece < list.size() && list[piece].end <= va) piece++;
    for (size_t p = piece; p < list.size() && list[p].begin < extent.end(); p++) {
      look(i, va, list[p].begin);
      va = std::max(va, list[p].end);
    }
    look(i, va, extent.end());
  }
}

// The words that a source gave for the pages of a piece.
const u64* Checker::words_at(Source source, const Piece& piece) const {
  return &words_[static_cast<size_t>(source)][piece.words];
}

// The words of page `page` of a piece.
Words Checker::words_of(const Piece& piece, u64 page, u64 entry) const {
  Words words = Words::of_entry(entry);
  for (const auto& [source, _] : asked_) words[source] = words_at(source, piece)[page];
  return words;
}

// Whether the sources say the same of two absent pages of a piece, but for flags.
bool Checker::same_but_flags(const Piece& piece, u64 a, u64 b) const {
  u64 differ = 0;
  for (const auto& [source, plain] : asked_) {
    const u64* words = words_at(source, piece);
    differ |= (words[a] ^ words[b]) & plain.none_bits;
  }
  return !differ;
}

// How many of these absent pages a region covers by now. The others left with their region (mremap, munmap): they are
// elsewhere, or gone, and their absence means nothing. A word of 0 of the first source belongs to a page that
// no region covers; of pagemap, also to one in a region that is not soft-dirty (pagemap_pte_hole() in
// fs/proc/task_mmu.c): only then the regions are read again.
u64 Checker::still_covered(u64 va, u64 pages, bool may_be_uncovered) {
  return may_be_uncovered ? (probe_->covered_until(va, va + pages * kPageSize) - va) >> kPageShift : pages;
}

// Pages of a PTE table (of none if `entries` is null) that have one judgement; their words may differ.
void Checker::count_each(const Piece& piece, const u64* entries, u64 first, u64 pages, Judgement j) {
  auto entry = [&](u64 i) { return entries ? entries[i] : 0; };
  const u64 va = piece.begin + first * kPageSize;
  if (j.verdict == Verdict::notPresent) {
    const u64* words = words_at(asked_[0].source, piece) + first;
    const u64 covered = still_covered(va, pages, std::find(words, words + pages, 0) != words + pages);
    if (covered < pages) {
      if (covered) count_each(piece, entries, first, covered, j);
      return count_each(piece, entries, first + covered, pages - covered,
                        {Verdict::changedBetween, Note::regionChanged});
    }
  }
  count(piece.region, va, pages, j.verdict, j.note, words_of(piece, first, entry(first)));
  if (!record_) return;
  const u8 level = piece.extent != kNoExtent && upper_.extents[piece.extent].entry.kind == EntryKind::table ? kPte : 0;
  for (u64 i = first; i < first + pages; i++)
    record_->add(piece.begin + i * kPageSize, 1, words_of(piece, i, entry(i)), j.verdict, j.note, level);
}

void Checker::count(size_t region, u64 va, u64 pages, Verdict verdict, Note note, const Words& words) {
  auto v = static_cast<size_t>(verdict);
  done_ += region == kNoRegion ? 0 : pages;
  result_.counts[v] += pages;
  if (region == kNoRegion) {
    total_ += pages;
    done_ += pages;
  } else {
    RegionCheck& r = result_.regions[region];
    r.counts[v] += pages;
    u64 all = (r.end - r.begin) >> kPageShift, at = (va - r.begin) >> kPageShift;
    for (u64 left = pages; left;) {
      u64 bucket = at * kBuckets / all;
      u64 next = ((bucket + 1) * all + kBuckets - 1) / kBuckets;  // first page of the next bucket
      u64 n = std::min(left, next - at);
      r.buckets[bucket][v] += static_cast<u32>(n);
      at += n;
      left -= n;
    }
  }
  if (verdict == Verdict::agree) return;
  if (!batch_.runs.empty()) {
    Run& last = batch_.runs.back();
    if (last.va + last.pages * kPageSize == va && last.verdict == verdict && last.note == note && last.words == words) {
      last.pages += pages;
      return;
    }
  }
  batch_.runs.push_back({va, pages, verdict, note, words});
  if (batch_.runs.size() >= kDoubts) emit(true);
}

void Checker::doubt(u64 va, size_t region, const Words& words, Judgement first) {
  doubts_.push_back({va, region, words, monotonic_ns(), first});
  if (doubts_.size() >= kDoubts) settle_doubts();
}

void Checker::settle_doubts() {
  if (doubts_.empty()) return;
  const std::vector<Doubt> pending = std::move(doubts_);
  doubts_.clear();
  result_.rechecked += pending.size();
  std::vector<Settled> settled = settle(sources_, pending, cancel_, gone_);
  for (size_t i = 0; i < pending.size(); i++) {
    const Doubt& p = pending[i];
    const Settled& s = settled[i];
    if (p.region == kNoRegion) {
      result_.outside++;
      // A page that left with its region between maps and the walk is not part of the check.
      if (s.verdict == Verdict::notPresent) continue;
    }
    count(p.region, p.va, 1, s.verdict, s.note, s.words);
    if (record_) record_->add(p.va, 1, s.words, s.verdict, s.note, s.path.last);
    if (s.verdict < Verdict::changedBetween) continue;
    batch_.evidence.push_back({p.va, s.verdict, s.note, s.rounds, p.ns, s.ns, p.words, s.words, s.path});
  }
}

// The address space went away: what was not compared until then is counted as such.
void Checker::give_up(Outcome outcome) {
  result_.outcome = outcome;
  doubts_.clear();
  for (size_t r = 0; r < result_.regions.size(); r++) {
    u64 compared = 0;
    for (u64 c : result_.regions[r].counts) compared += c;
    u64 pages = (result_.regions[r].end - result_.regions[r].begin) >> kPageShift;
    if (compared < pages) {
      result_.counts[static_cast<size_t>(Verdict::notComparable)] += pages - compared;
      result_.regions[r].counts[static_cast<size_t>(Verdict::notComparable)] += pages - compared;
      done_ += pages - compared;
    }
  }
}

void Checker::spend(Source source, u64 begin_ns) {
  result_.source_ns[static_cast<size_t>(source)] += monotonic_ns() - begin_ns;
}

void Checker::emit(bool always) {
  u64 now = monotonic_ns();
  if (!always && now - last_emit_ns_ < kEmitNs && !(record_ && record_->size() >= kRecorded)) return;
  last_emit_ns_ = now;
  batch_.done = done_;
  batch_.total = total_;
  batch_.counts = result_.counts;
  if (record_) batch_.pages = record_->pack();
  (*emit_)(std::move(batch_));
  batch_ = {};
}

}  // namespace cr3scope
