// SPDX-License-Identifier: GPL-2.0-only
#include "frame_record.h"

#include <algorithm>

#include "../error.h"

namespace cr3scope {

namespace {

// The lowest bits of page->mapping (include/linux/page-flags.h).
constexpr u64 kMappingAnon = 1, kMappingFlags = 3;
constexpr u64 kVmMergeable = 0x80000000;
constexpr size_t kMostAnonVmas = 1 << 16;

}  // namespace

FrameRecord::FrameRecord(FrameRecords records, FrameReader& frames, u64 mm, u64 root_pa)
    : records_(std::move(records)),
      pages_(records_.linux, records_.layout),
      walk_(records_.linux.target(), frames),
      mm_(mm),
      root_pa_(root_pa) {
  read_places();
}

void FrameRecord::read_places() {
  places_.clear();
  const Linux& linux = records_.linux;
  KernelMemory memory = linux.memory();
  const Layout& l = linux.layout();
  const Types& t = linux.types();
  const auto same = t.member("anon_vma_chain.same_vma"), anon = t.member("anon_vma_chain.anon_vma");
  for (const Vma& vma : linux.vmas(mm_)) {
    Place place;
    place.vma = vma;
    place.has_ops = memory.word(vma.va + l.vma_ops.offset) != 0;
    if (vma.file) place.mapping = memory.word(vma.file + l.file_mapping.offset);
    if (same && anon && l.vma_anon_vmas.bytes) {
      const u64 head = vma.va + l.vma_anon_vmas.offset;
      u64 node = memory.word(head);
      for (size_t i = 0; node != head && node >> 63 && i < kMostAnonVmas; i++) {
        place.anon_vmas.insert(memory.word(node - same->offset + anon->offset));
        node = memory.word(node);
      }
    }
    places_.push_back(std::move(place));
  }
}

// The index of the page that begins a region, by the mapping of a page in it.
static u64 first_index(const Vma& vma, u64 page_mapping) {
  return page_mapping & kMappingAnon ? vma.anon_offset : vma.page_offset;
}

bool FrameRecord::Place::holds(u64 page_mapping) const {
  const u64 owner = page_mapping & ~kMappingFlags;
  if ((page_mapping & kMappingFlags) == kMappingFlags) return vma.flags & kVmMergeable;
  return page_mapping & kMappingAnon ? anon_vmas.count(owner) > 0 : owner && owner == mapping;
}

const FrameRecord::Place* FrameRecord::place_of(u64 va) const {
  auto at = std::upper_bound(places_.begin(), places_.end(), va, [](u64 a, const Place& p) { return a < p.vma.begin; });
  return at != places_.begin() && va < (--at)->vma.end ? &*at : nullptr;
}

void FrameRecord::prepare(const std::atomic<bool>& cancel) {
  if (!records_.counts || !records_.counts->complete()) return;
  missing_.clear();
  for (const MissingMapping& m : *records_.missing(cancel))
    for (const Place& place : places_) {
      const Vma& vma = place.vma;
      // A merged page does not say where it is.
      if ((m.mapping & kMappingFlags) == kMappingFlags || !place.holds(m.mapping)) continue;
      const u64 first = first_index(vma, m.mapping);
      if (m.index < first || m.index - first >= (vma.end - vma.begin) >> kPageShift) continue;
      missing_.emplace(vma.begin + ((m.index - first) << kPageShift), m.pfn);
    }
}

bool FrameRecord::find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>&) {
  std::vector<u64> here;
  for (const auto& [va, pfn] : missing_)
    if (va >= begin && va < end) here.push_back(va);
  std::sort(here.begin(), here.end());
  for (u64 va : here) found.push_back({va, va + kPageSize});
  return true;
}

// Of an address at which an entry maps a frame.
u64 FrameRecord::word_of(u64 va, const Path& path, const Place& place) {
  using R = RecordWord;
  const Vma& vma = place.vma;
  const u64 raw = path.raw(), pfn = path.pfn(va);
  auto here = [&](R::Kind kind) { return R::make(kind, pfn | R::kHere); };
  if (raw & kPresent) {
    if (raw & kWrite && !(vma.flags & kVmWrite)) return R::make(R::moreAccess);
    if (!(raw & kNoExecute) && !(vma.flags & kVmExec)) return R::make(R::moreAccess);
  }
  if (vma.flags & (kVmPfnMap | kVmMixedMap)) return R::make(R::unrecorded);
  if (pfn == records_.layout.zero_pfn) return here(R::zeroPage);
  if (records_.layout.is_huge_zero(pfn)) return here(R::hugeZeroPage);
  // The pages of the vdso have no mapping.
  if (!vma.file && place.has_ops) return R::make(R::unrecorded);
  const auto page = pages_.of(pfn);
  if (!page) return R::make(R::unrecorded);
  if (!place.holds(page->mapping)) return R::make(R::elsewhere);
  const bool merged = (page->mapping & kMappingFlags) == kMappingFlags;
  const u64 index = first_index(vma, page->mapping) + ((va - vma.begin) >> kPageShift);
  bool placed = merged || page->index == index;
  if (vma.flags & kVmHugetlb) {
    // In huge pages for files before 6.7 (a08c7193e4f1), and for anonymous ones, which go by the file.
    const u64 at = vma.page_offset + ((va - vma.begin) >> kPageShift);
    const u64 inside = at % (1ull << (path.leaf.shift - kPageShift));
    placed |= page->index == at || page->index - inside == at >> (path.leaf.shift - kPageShift);
  }
  if (!placed) return R::make(R::elsewhere);
  // Processes share tables of shared huge pages, which count once (huge_pmd_share(), mm/hugetlb.c).
  const bool may_share = vma.flags & kVmHugetlb && vma.flags & kVmMayShare;
  if (page->mapped >= 0 && !may_share && records_.counts && records_.counts->complete())
    if (const u64 found = records_.counts->of(pfn); found != static_cast<u64>(page->mapped))
      return R::make(R::otherCount, R::counts(static_cast<u64>(page->mapped), found));
  if (vma.flags & kVmHugetlb) return here(R::hugetlb);
  if (merged) return here(R::ksm);
  return here(page->mapping & kMappingAnon ? R::anonymous : R::file);
}

bool FrameRecord::read(u64 va, size_t pages, u64* words) {
  constexpr size_t kAtOnce = 4096;
  if (records_.live) {
    pages_.forget();
    read_places();
  }
  std::vector<u64> vas;
  for (size_t first = 0; first < pages; first += kAtOnce) {
    vas.clear();
    for (size_t i = first; i < std::min(first + kAtOnce, pages); i++) vas.push_back(va + i * kPageSize);
    const std::vector<Path> paths = walk_.translate(root_pa_, vas);
    for (size_t i = 0; i < vas.size(); i++) {
      const Path& path = paths[i];
      u64& word = words[first + i];
      if (path.status != FrameStatus::ok) {
        word = RecordWord::make(RecordWord::unrecorded);
      } else if (!maps_frame(path.leaf.kind)) {
        const auto missing = missing_.find(vas[i]);
        word = missing == missing_.end() ? RecordWord::make(RecordWord::nothing)
                                         : RecordWord::make(RecordWord::missing, missing->second);
      } else {
        const Place* place = place_of(vas[i]);
        word = place ? word_of(vas[i], path, *place) : RecordWord::make(RecordWord::noRegion);
      }
    }
  }
  return true;
}

}  // namespace cr3scope
