// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

#include <algorithm>
#include <cstring>

#include "clock.h"
#include "error.h"
#include "page_record.h"

namespace cr3scope {

namespace {

constexpr size_t kChunk = 128;         // extents whose tables are read at a time: keeps both buffers in the L2 cache
constexpr u64 kWindowPages = 65536;    // pagemap words read at a time
constexpr u64 kBigGap = 512;           // pages: from here on a hole is asked for with one PAGEMAP_SCAN
constexpr size_t kDoubts = 4096;       // pages re-read at a time
constexpr unsigned kRounds = 6;        // re-reads before a page is given up as still changing
constexpr unsigned kStableRounds = 4;  // equal, undisturbed readings that make a difference a mismatch
constexpr size_t kRecorded = 16384;    // stretches that a batch carries

}  // namespace

Checker::Checker(const Target& target, FrameReader& frames, KernelModule* module, int pid, u64 start_ticks,
                 const std::atomic<bool>& cancel)
    : target_(target),
      frames_(frames),
      module_(module),
      walk_(target, frames),
      pid_(pid),
      start_ticks_(start_ticks),
      cancel_(cancel),
      pagemap_(pid) {
  // The pagemap descriptor pins an address space; the root must be of the same one, so it is read on both sides.
  for (int attempt = 0; attempt < 8; attempt++) {
    root_pa_ = current_root();
    if (!root_pa_)
      throw Error("find the root of process " + std::to_string(pid), ESRCH,
                  "It has no address space: a kernel thread, a zombie, or a process that has just exited.");
    pagemap_ = Pagemap(pid);
    if (current_root() == root_pa_) return;
  }
  throw Error("find the root of process " + std::to_string(pid), EAGAIN, "It keeps executing new programs; try again.");
}

u64 Checker::current_root() {
  auto roots = frames_.roots(pid_);
  if (roots.empty() || roots[0].kernel_thread) return 0;
  if (!start_ticks_) start_ticks_ = roots[0].start_ticks;
  return roots[0].start_ticks == start_ticks_ ? roots[0].root_pa : 0;
}

Judgement Checker::judge(const Words& words, const Entry& e, u64 pfn) const {
  bool huge_zero = false;
  if (may_be_huge_zero_page(e, words.entry())) {
    u64 flags = kpage_.flags(e.pfn);
    huge_zero = flags != kUnknown && (flags & kKpfZeroPage);
  }
  return cr3scope::judge(words, e, pfn, {target_.zero_pfn, huge_zero});
}

// Rules that need to know the region: asked only where the words differ.
Note Checker::rule_of_region(u64 va, const Entry& e) {
  auto known =
      std::find_if(flags_.begin(), flags_.end(), [&](auto& f) { return f.first.begin <= va && va < f.first.end; });
  if (known == flags_.end()) {
    u64 end = va + kPageSize;
    for (const Region& r : regions_)
      if (r.begin <= va && va < r.end) end = r.end;
    known = flags_.insert(flags_.end(), {{va, end}, vm_flags(pid_, va)});
  }
  return left_out_by_pagemap(e, known->second);
}

Judgement Checker::judge_in_region(u64 va, const Words& words, const Path& path) {
  if (path.status != FrameStatus::ok) return {Verdict::notComparable, Note::tableUnreadable};
  Judgement j = judge(words, path.leaf, path.pfn(va));
  if (j.note != Note::differs || !unseen_by_pagemap(words.pagemap(), path.leaf)) return j;
  Note rule = rule_of_region(va, path.leaf);
  return rule == Note::none ? j : Judgement{Verdict::agreeByRule, rule};
}

// Whether two readings mean the same; the hardware sets A and D by itself.
static bool same_words(const Words& a, const Words& b) {
  return a[Source::pagemap] == b[Source::pagemap] && same_entry(a.entry(), b.entry()) &&
         a[Source::kernelWalk] == b[Source::kernelWalk];
}

// Reads pagemap's and the kernel's words of these pages; false where the address space is gone.
bool Checker::read_pages(const std::vector<u64>& vas, std::vector<Words>& words) {
  bool there = true;
  std::vector<u64> buffer;
  for (size_t k = 0; k < vas.size();) {
    size_t n = 1;
    while (k + n < vas.size() && vas[k + n] == vas[k] + n * kPageSize) n++;
    buffer.assign(n, 0);
    there &= pagemap_.read(vas[k], n, buffer.data()) == n;
    for (size_t i = 0; i < n; i++) words[k + i][Source::pagemap] = buffer[i];
    if (module_) {
      there &= read_kernel(vas[k], vas[k] + n * kPageSize, buffer.data());
      for (size_t i = 0; i < n; i++) words[k + i][Source::kernelWalk] = buffer[i];
    }
    k += n;
  }
  return there;
}

// The kernel's words of the pages in [begin, end), kNoRegion outside of regions; false where the address space is gone.
bool Checker::read_kernel(u64 begin, u64 end, u64* words) {
  std::fill_n(words, (end - begin) >> kPageShift, KernelWord::kNoRegion);
  auto stretch = [&](u64 va, u64 pages, u64 first, const u64* each) {
    u64* to = words + ((va - begin) >> kPageShift);
    if (each) std::copy_n(each, pages, to);
    else
      for (u64 i = 0; i < pages; i++) to[i] = first + (KernelModule::counts_up(first) ? i : 0);
  };
  return module_->walk_range(pid_, start_ticks_, begin, end, stretch) == root_pa_;
}

// Reads pages again, pagemap and the kernel between two walks, until the readings are equal and undisturbed, or keep
// differing.
std::vector<Checker::Settled> Checker::settle(const std::vector<Pending>& pending) {
  std::vector<Settled> settled(pending.size());
  std::vector<u32> stable(pending.size(), 0);
  std::vector<size_t> open(pending.size());
  for (size_t i = 0; i < open.size(); i++) open[i] = i;
  for (unsigned round = 1; round <= kRounds + kStableRounds && !open.empty(); round++) {
    if (cancel_) throw Cancelled();
    if (round > 2) pause_ns(1'000'000ull << std::min(round - 2, 4u));
    if (current_root() != root_pa_) {
      for (size_t i : open) settled[i] = {Verdict::notComparable, Note::processGone, round, monotonic_ns(), {}, {}};
      gone_ = true;
      return settled;
    }
    std::vector<u64> vas;
    for (size_t i : open) vas.push_back(pending[i].va);
    std::vector<Path> before = walk_.translate(root_pa_, vas);
    std::vector<Words> now(vas.size());
    if (!read_pages(vas, now)) gone_ = true;
    std::vector<Path> after = walk_.translate(root_pa_, vas);
    for (size_t k = 0; k < vas.size(); k++) now[k][Source::tableWalk] = after[k].raw();
    u64 ns = monotonic_ns();
    std::vector<Region> regions_now;
    std::vector<size_t> still;
    for (size_t k = 0; k < open.size(); k++) {
      size_t i = open[k];
      Settled& s = settled[i];
      if (gone_) {
        s = {Verdict::notComparable, Note::processGone, round, ns, now[k], after[k]};
        continue;
      }
      bool undisturbed = before[k].last == after[k].last && same_entry(before[k].raw(), after[k].raw()) &&
                         now[k].kernel().kind() != CR3SCOPE_KIND_RACED;
      Judgement j = judge_in_region(vas[k], now[k], after[k]);
      // munmap() takes a region away first and its pages after, and may be preempted for long in between (it holds
      // mmap_lock for reading only, dd2283f2605e): pagemap, which looks into regions only, says nothing of them.
      bool unseen = unseen_by_pagemap(now[k].pagemap(), after[k].leaf);
      if (undisturbed && unseen && j.verdict != Verdict::agreeByRule) {
        if (regions_now.empty()) regions_now = read_regions(pid_);
        if (regions_now.empty()) {  // the last user of the address space has left it
          gone_ = true;
          s = {Verdict::notComparable, Note::processGone, round, ns, now[k], after[k]};
          continue;
        }
        if (std::none_of(regions_now.begin(), regions_now.end(),
                         [&](const Region& r) { return r.begin <= vas[k] && vas[k] < r.end; }))
          j = {Verdict::notComparable, Note::outsideRegions};
      }
      bool repeated = round > 1 && j.verdict == s.verdict && same_words(now[k], s.words);
      stable[i] = undisturbed ? (repeated ? stable[i] + 1 : 1) : 0;
      s = {j.verdict, j.note, round, ns, now[k], after[k]};
      bool agreed = undisturbed && is_agreement(j.verdict);
      bool final = undisturbed && !agreed && stable[i] >= kStableRounds;
      if (!agreed && !final) {
        still.push_back(i);
      } else if (s.note == Note::outsideRegions && pending[i].region != kNoRegion) {
        s.verdict = Verdict::changedBetween;
        s.note = Note::regionChanged;
      } else if (agreed) {
        bool never_differed = j.verdict == pending[i].forced && j.note == pending[i].forced_note;
        bool ruled = j.verdict == Verdict::agreeByRule && same_words(now[k], pending[i].words);
        if (!never_differed && !ruled) {
          s.verdict = Verdict::changedBetween;
          s.note = pending[i].region == kNoRegion ? Note::regionChanged : Note::settled;
        }
      }
    }
    open = std::move(still);
  }
  for (size_t i : open) {
    settled[i].verdict = Verdict::changedBetween;
    settled[i].note = Note::stillChanging;
  }
  return settled;
}

std::vector<PageRow> Checker::rows(const std::vector<u64>& vas, std::vector<Path>* paths) {
  if (regions_.empty()) regions_ = read_regions(pid_);
  std::vector<PageRow> rows;
  std::vector<Words> words(vas.size());
  std::vector<Path> before = walk_.translate(root_pa_, vas);
  if (!read_pages(vas, words) && current_root() != root_pa_)
    throw Error("read pages of process " + std::to_string(pid_), ESRCH, "It exited or executed another program.");
  std::vector<Path> after = walk_.translate(root_pa_, vas);
  u64 ns = monotonic_ns();
  std::vector<size_t> doubtful;
  std::vector<Pending> pending;
  auto row = [](u64 va, const Words& w, const Path& path, Judgement j) {
    return PageRow{va, w, path.pfn(va), path.last, path.leaf.shift, path.leaf.kind, path.status, j.verdict, j.note};
  };
  for (size_t k = 0; k < vas.size(); k++) {
    words[k][Source::tableWalk] = after[k].raw();
    Judgement j = judge_in_region(vas[k], words[k], after[k]);
    rows.push_back(row(vas[k], words[k], after[k], j));
    if (is_agreement(j.verdict) && same_entry(before[k].raw(), after[k].raw())) continue;
    doubtful.push_back(k);
    pending.push_back({vas[k], 0, words[k], ns, Verdict::mismatch, Note::none});
  }
  std::vector<Settled> settled = settle(pending);
  for (size_t i = 0; i < doubtful.size(); i++) {
    const Settled& s = settled[i];
    rows[doubtful[i]] = row(vas[doubtful[i]], s.words, s.path, {s.verdict, s.note});
    after[doubtful[i]] = s.path;
  }
  if (paths) *paths = std::move(after);
  return rows;
}

std::vector<PageRow> pagemap_rows(int pid, const std::vector<u64>& vas) {
  Pagemap pagemap(pid);
  std::vector<PageRow> rows;
  for (u64 va : vas) {
    Words words;
    bool read = pagemap.read(va, 1, &words[Source::pagemap]) == 1;
    PagemapWord word = words.pagemap();
    rows.push_back({va, words, word.present() ? word.pfn() : 0, 0, 0, EntryKind::none, FrameStatus::failed,
                    Verdict::notComparable, read ? Note::oneSource : Note::processGone});
  }
  return rows;
}

Checker::~Checker() = default;

void Checker::record_pages() { record_ = std::make_unique<PageRecord>(); }

CheckResult Checker::run(u64 begin, u64 end, const std::function<void(CheckBatch&&)>& emit_to) {
  emit_ = &emit_to;
  result_ = {};
  result_.root_pa = root_pa_;
  result_.begin_ns = last_emit_ns_ = monotonic_ns();
  for (Region& r : read_regions(pid_)) {
    r.begin = std::max(r.begin, begin);
    r.end = std::min(r.end, end);
    if (r.begin >= r.end) continue;
    total_ += (r.end - r.begin) >> kPageShift;
    result_.regions.push_back({r.begin, r.end, {}, {}});
    regions_.push_back(std::move(r));
  }
  upper_ = walk_.upper_levels(root_pa_);
  for (unsigned level = kPmd; level <= target_.paging.levels; level++)
    result_.tables[level] = upper_.tables[level].size();
  result_.walk_ns += monotonic_ns() - result_.begin_ns;
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
  if (gone_) give_up(current_root() ? Outcome::execed : Outcome::exited);
  result_.pages = total_;
  result_.end_ns = monotonic_ns();
  emit(true);
  return std::move(result_);
}

// The pages of all regions from the first of these extents (or the start, for the first) up to `until`.
// Order matters: tables, then pagemap and the kernel, then the tables above again. Whatever changed meanwhile is read
// once more.
void Checker::check_extents(size_t first, size_t count, u64 until) {
  if (cancel_) throw Cancelled();
  u64 begin_ns = monotonic_ns();
  FrameStatus status[kChunk];
  if (count) {
    const u8* frames = walk_.pte_tables(upper_, first, count, status);
    tables_.assign(frames, frames + count * kPageSize);  // verify() reuses the reader's buffer
  }
  u64 walked_ns = monotonic_ns();
  std::vector<Piece> list = pieces(first, count, first == 0 ? 0 : upper_.extents[first].va, until);
  read_pagemap(list);
  u64 asked_ns = monotonic_ns();
  read_kernel(list);
  u64 read_ns = monotonic_ns();
  std::vector<bool> stale;
  if (count && !gone_) walk_.verify(upper_, first, count, stale);
  result_.walk_ns += walked_ns - begin_ns + monotonic_ns() - read_ns;
  result_.pagemap_ns += asked_ns - walked_ns;
  result_.kernel_ns += read_ns - asked_ns;

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

// Fills pagemap_words_ with the words of all pieces but large holes and what no table could be read for.
void Checker::read_pagemap(std::vector<Piece>& list) {
  size_t total = 0;
  for (Piece& piece : list) {
    bool large_gap = piece.extent == kNoExtent && has_scan_ && piece.pages() >= kBigGap;
    bool cut = piece.extent != kNoExtent && upper_.extents[piece.extent].status != FrameStatus::ok;
    if (large_gap || cut || (piece.extent == kNoExtent && piece.pages() > kWindowPages)) continue;
    piece.words = total;
    total += piece.pages();
  }
  if (pagemap_words_.size() < total) pagemap_words_.resize(total);
  for_stretches(list, [&](u64 begin, u64 end, size_t words) {
    size_t pages = (end - begin) >> kPageShift;
    if (pagemap_.read(begin, pages, &pagemap_words_[words]) < pages) gone_ = true;
  });
}

// Fills kernel_words_ for the same pieces.
void Checker::read_kernel(const std::vector<Piece>& list) {
  if (!module_) return;
  kernel_words_.resize(pagemap_words_.size());
  for_stretches(list, [&](u64 begin, u64 end, size_t words) {
    if (!read_kernel(begin, end, &kernel_words_[words])) gone_ = true;
  });
}

// Pieces with words that follow each other without a hole are one read.
template <class Read>
void Checker::for_stretches(const std::vector<Piece>& list, Read read) {
  for (size_t i = 0; i < list.size() && !gone_;) {
    size_t n = i + 1;
    if (list[i].words != kNoWords) {
      while (n < list.size() && list[n].words != kNoWords && list[n].begin == list[n - 1].end) n++;
      read(list[i].begin, list[n - 1].end, list[i].words);
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
    // No table to compare with. If it has only moved, the re-read of each page tells; a whole lost table is one run.
    bool readable_now = walk_.translate(root_pa_, {piece.begin})[0].status == FrameStatus::ok;
    if (!readable_now || piece.words == kNoWords) {
      const Words unread{{0, extent.raw, 0}};
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

// One PTE table (or the lack of one, where `entries` is null) against the other sources.
void Checker::check_entries(const Piece& piece, const u64* entries, bool stale) {
  const u64* words = &pagemap_words_[piece.words];
  const u64* kernel = module_ ? &kernel_words_[piece.words] : nullptr;
  const u64 n = piece.pages(), zero_pfn = target_.zero_pfn;
  auto entry = [&](u64 i) { return entries ? entries[i] : 0; };
  if (!stale && entries && zero_pfn) {
    // The common cases, without a branch per page so that the compiler vectorises it: all pages present and equal...
    const u64 mask = target_.paging.address_mask() >> kPageShift;
    const u64 invalid = kAddressBits & ~((1ull << target_.paging.max_phys_bits) - 1) & ~target_.paging.encryption_mask;
    u64 differ = 0, zero = 0, any = 0;
    for (u64 i = 0; i < n; i++) {
      u64 pfn = entries[i] >> kPageShift & mask;
      differ |= (pfn ^ words[i]) & PagemapWord::kPfnMask;
      differ |= ~(words[i] >> 63 & entries[i]) & 1;
      differ |= entries[i] & invalid;
      zero |= ~(pfn ^ zero_pfn) & ((pfn ^ zero_pfn) - 1);  // bit 63 set where they are equal
      any |= entries[i] | (words[i] & (PagemapWord::kPresent | PagemapWord::kSwap));
    }
    for (u64 i = 0; kernel && i < n; i++) {
      differ |= kernel[i] ^ (KernelWord::kPage | (entries[i] >> kPageShift & mask));
      any |= kernel[i] ^ KernelWord::kNone;
    }
    if (!differ && !(zero >> 63)) return count_each(piece, entries, 0, n, {Verdict::agree, Note::none});
    if (!any) return count_each(piece, nullptr, 0, n, {Verdict::notPresent, Note::none});
  }
  for (u64 i = 0; i < n;) {
    u64 va = piece.begin + i * kPageSize;
    Entry e = decode(entry(i), kPte, target_.paging);
    Words w = words_of(piece, i, entry(i));
    Judgement j = judge(w, e, e.pfn);
    if (stale || !is_agreement(j.verdict)) {
      doubt(va, piece.region, w, j);
      i++;
      continue;
    }
    u64 run = 1;
    if (j.verdict == Verdict::notPresent)
      while (i + run < n && !entry(i + run) && !(words[i + run] >> 62) &&
             (!kernel || kernel[i + run] == w[Source::kernelWalk]))
        run++;
    count_each(piece, entries, i, run, j);
    i += run;
  }
}

// A huge page, or a non-present entry of one, against the words of its 4 KiB pages.
void Checker::check_leaf(const Piece& piece, bool stale) {
  const Extent& extent = upper_.extents[piece.extent];
  const u64* words = &pagemap_words_[piece.words];
  const u64* kernel = module_ ? &kernel_words_[piece.words] : nullptr;
  const u64 n = piece.pages(), offset = (piece.begin - extent.va) >> kPageShift;
  if (!stale && maps_frame(extent.entry.kind)) {
    const u64 pfn = extent.entry.pfn + offset;
    const u64 page = KernelWord::make(CR3SCOPE_KIND_PAGE, (extent.entry.shift - kPageShift) / 9, pfn);
    u64 differ = 0;
    for (u64 i = 0; i < n; i++) differ |= ((words[i] ^ (pfn + i)) & PagemapWord::kPfnMask) | ~words[i] >> 63;
    for (u64 i = 0; kernel && i < n; i++) differ |= kernel[i] ^ (page + i);
    Words head = words_of(piece, 0, extent.raw);
    Judgement j = judge(head, extent.entry, pfn);
    if (!differ && is_agreement(j.verdict)) {
      count(piece.region, piece.begin, n, j.verdict, j.note, head);
      // Their flags may differ from page to page: only words that count up are one stretch.
      bool even = true;
      for (u64 i = 0; i < n; i++) even &= words[i] == words[0] + i;
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
    Judgement j = judge(w, e, e.pfn + offset + i);
    if (stale || !is_agreement(j.verdict)) {
      doubt(va, piece.region, w, j);
      continue;
    }
    count(piece.region, va, 1, j.verdict, j.note, w);
    if (record_) record_->add(va, 1, w, j.verdict, j.note, extent.level);
  }
}

// The pages of a hole that pagemap reports present or swapped, word by word: for kernels without PAGEMAP_SCAN.
std::vector<PageRange> Checker::read_gap(const Piece& piece) {
  std::vector<PageRange> found;
  std::vector<u64> words(std::min(piece.pages(), kWindowPages));
  u64 begin_ns = monotonic_ns();
  for (u64 va = piece.begin; va < piece.end; va += words.size() * kPageSize) {
    if (cancel_) throw Cancelled();
    size_t pages = std::min<u64>(words.size(), (piece.end - va) >> kPageShift);
    if (pagemap_.read(va, pages, words.data()) < pages) {
      gone_ = true;
      break;
    }
    for (size_t i = 0; i < pages; i++)
      if (words[i] >> 62) found.push_back({va + i * kPageSize, va + (i + 1) * kPageSize});
  }
  result_.pagemap_ns += monotonic_ns() - begin_ns;
  return found;
}

// A hole of the upper levels: no source must report anything in it.
void Checker::check_gap(const Piece& piece) {
  std::vector<PageRange> found;
  u64 begin_ns = monotonic_ns();
  has_scan_ = has_scan_ && pagemap_.scan(piece.begin, piece.end, found);
  result_.pagemap_ns += monotonic_ns() - begin_ns;
  if (!has_scan_) found = read_gap(piece);
  u64 kernel = 0;
  if (module_) {
    begin_ns = monotonic_ns();
    kernel = KernelWord::kNone;
    auto stretch = [&](u64 va, u64 pages, u64 first, const u64* words) {
      for (u64 i = 0; i < pages && (words || first != KernelWord::kNone); i++)
        if (!words || words[i] != KernelWord::kNone) found.push_back({va + i * kPageSize, va + (i + 1) * kPageSize});
    };
    if (module_->walk_range(pid_, start_ticks_, piece.begin, piece.end, stretch) != root_pa_) gone_ = true;
    std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
    result_.kernel_ns += monotonic_ns() - begin_ns;
  }
  if (gone_) return;
  // What the word of an absent page says, it says of the region: it is true of the whole hole (pagemap_pte_hole() in
  // fs/proc/task_mmu.c).
  auto hole = [&](u64 begin, u64 end) {
    Words nothing{{0, 0, kernel}};
    for (; begin < end; begin += kPageSize) {
      if (pagemap_.read(begin, 1, &nothing[Source::pagemap]) < 1) {
        gone_ = true;
        return;
      }
      if (!(nothing[Source::pagemap] >> 62)) break;
      doubt(begin, piece.region, nothing, {Verdict::mismatch, Note::none});  // it came meanwhile
    }
    if (begin >= end) return;
    const u64 pages = (end - begin) >> kPageShift;
    count(piece.region, begin, pages, Verdict::notPresent, Note::none, nothing);
    if (record_) record_->add(begin, pages, nothing, Verdict::notPresent, Note::none, 0);
  };
  u64 va = piece.begin;
  for (const PageRange& range : found) {
    if (range.begin > va) hole(va, range.begin);
    for (va = std::max(va, range.begin); va < range.end && !gone_; va += kPageSize) {
      Words words;
      pagemap_.read(va, 1, &words[Source::pagemap]);
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
      doubt(begin, kNoRegion, {{0, extent.raw, 0}}, {Verdict::mismatch, Note::none});
      return;
    }
    if (status[i] != FrameStatus::ok) return;
    const u64* entries = reinterpret_cast<const u64*>(&tables_[i * kPageSize]);
    for (u64 va = begin; va < end; va += kPageSize) {
      u64 raw = entries[table_index(va, kPte)];
      if (raw) doubt(va, kNoRegion, {{0, raw, 0}}, {Verdict::mismatch, Note::none});
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

// The words of page `page` of a piece.
Words Checker::words_of(const Piece& piece, u64 page, u64 entry) const {
  size_t at = piece.words + page;
  return {{pagemap_words_[at], entry, module_ ? kernel_words_[at] : 0}};
}

// Pages of a PTE table (of none, where `entries` is null) that are judged alike; their words may differ.
void Checker::count_each(const Piece& piece, const u64* entries, u64 first, u64 pages, Judgement j) {
  auto entry = [&](u64 i) { return entries ? entries[i] : 0; };
  const u64 va = piece.begin + first * kPageSize;
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
  doubts_.push_back({va, region, words, monotonic_ns(), first.verdict, first.note});
  if (doubts_.size() >= kDoubts) settle_doubts();
}

void Checker::settle_doubts() {
  if (doubts_.empty()) return;
  std::vector<Pending> pending = std::move(doubts_);
  doubts_.clear();
  result_.rechecked += pending.size();
  std::vector<Settled> settled = settle(pending);
  for (size_t i = 0; i < pending.size(); i++) {
    const Pending& p = pending[i];
    const Settled& s = settled[i];
    if (p.region == kNoRegion) {
      result_.outside++;
      // A page that left with its region between maps and the walk is no page of the check.
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
