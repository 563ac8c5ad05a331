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
constexpr u64 kHugePages = 1 << 9;  // 4 KiB pages of 2 MiB

}  // namespace

PageStructs::PageStructs(const Linux& linux) : memory_(linux.memory()) {
  const Types& t = linux.types();
  const auto base = linux.symbols()["vmemmap_base"];
  const auto mapping = t.member("page.mapping"), head = t.member("page.compound_head", "page.compound_info");
  const auto index = t.member("folio.index", "page.index", "page.__folio_index");
  base_ = base ? memory_.word(*base) : 0;
  bytes_ = t.size_of("page");
  if (!base_ || !bytes_ || !mapping || !index || !head)
    throw Error("find struct page in this image", ENODATA,
                base_ ? "Its BTF does not describe it." : "Its VMCOREINFO does not name the kernel's symbols.");
  mapping_ = *mapping;
  index_ = *index;
  head_ = *head;
}

std::optional<PageStructs::Page> PageStructs::of(u64 pfn) {
  const u64 va = base_ + pfn * bytes_;
  auto link = memory_.value<u64>(va + head_.offset);
  if (!link) return std::nullopt;
  // A tail names its head, and bit 0 says that it does (compound_head()).
  const u64 head = *link & 1 ? *link - 1 : va;
  const u64 inside = (va - head) / bytes_;
  const auto mapping = memory_.value<u64>(head + mapping_.offset), index = memory_.value<u64>(head + index_.offset);
  if (head > va || !mapping || !index) return std::nullopt;
  return Page{*mapping, *index + inside};
}

FrameRecord::FrameRecord(const Linux& linux, FrameReader& frames, u64 mm, u64 root_pa)
    : linux_(linux), pages_(linux), walk_(linux.target(), frames), root_pa_(root_pa) {
  KernelMemory memory = linux.memory();
  const Layout& l = linux.layout();
  const Types& t = linux.types();
  if (auto at = linux.symbols()["huge_zero_pfn"]) huge_zero_pfn_ = memory.word(*at);
  const auto same = t.member("anon_vma_chain.same_vma"), anon = t.member("anon_vma_chain.anon_vma");
  for (const Vma& vma : linux.vmas(mm)) {
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

const FrameRecord::Place* FrameRecord::place_of(u64 va) const {
  auto at = std::upper_bound(places_.begin(), places_.end(), va, [](u64 a, const Place& p) { return a < p.vma.begin; });
  return at != places_.begin() && va < (--at)->vma.end ? &*at : nullptr;
}

// Of an address at which an entry maps a frame.
RecordWord::Kind FrameRecord::kind_of(u64 va, const Path& path, const Place& place) {
  const Vma& vma = place.vma;
  const u64 raw = path.raw(), pfn = path.pfn(va);
  if (raw & kPresent) {
    if (raw & kWrite && !(vma.flags & kVmWrite)) return RecordWord::moreAccess;
    if (!(raw & kNoExecute) && !(vma.flags & kVmExec)) return RecordWord::moreAccess;
  }
  if (vma.flags & (kVmPfnMap | kVmMixedMap)) return RecordWord::unrecorded;
  if (pfn == linux_.target().zero_pfn) return RecordWord::zeroPage;
  if (huge_zero_pfn_ && pfn - huge_zero_pfn_ < kHugePages) return RecordWord::hugeZeroPage;
  // The pages of the vdso have no mapping.
  if (!vma.file && place.has_ops) return RecordWord::unrecorded;
  const auto page = pages_.of(pfn);
  if (!page) return RecordWord::unrecorded;
  const u64 index = vma.page_offset + ((va - vma.begin) >> kPageShift), owner = page->mapping & ~kMappingFlags;
  const u64 flags = page->mapping & kMappingFlags;
  if (flags == kMappingFlags) return vma.flags & kVmMergeable ? RecordWord::ksm : RecordWord::elsewhere;
  const bool ours = flags & kMappingAnon ? place.anon_vmas.count(owner) > 0 : owner && owner == place.mapping;
  bool placed = page->index == index;
  if (vma.flags & kVmHugetlb) {
    // In huge pages for files before 6.7 (a08c7193e4f1), and for anonymous ones.
    const u64 inside = index % (1ull << (path.leaf.shift - kPageShift));
    placed |= page->index - inside == index >> (path.leaf.shift - kPageShift);
  }
  if (!ours || !placed) return RecordWord::elsewhere;
  if (vma.flags & kVmHugetlb) return RecordWord::hugetlb;
  return flags & kMappingAnon ? RecordWord::anonymous : RecordWord::file;
}

bool FrameRecord::read(u64 va, size_t pages, u64* words) {
  constexpr size_t kAtOnce = 4096;
  std::vector<u64> vas;
  for (size_t first = 0; first < pages; first += kAtOnce) {
    vas.clear();
    for (size_t i = first; i < std::min(first + kAtOnce, pages); i++) vas.push_back(va + i * kPageSize);
    const std::vector<Path> paths = walk_.translate(root_pa_, vas);
    for (size_t i = 0; i < vas.size(); i++) {
      const Path& path = paths[i];
      const Place* place = place_of(vas[i]);
      if (path.status != FrameStatus::ok) words[first + i] = RecordWord::make(RecordWord::unrecorded);
      else if (!maps_frame(path.leaf.kind)) words[first + i] = RecordWord::make(RecordWord::nothing);
      else if (!place) words[first + i] = RecordWord::make(RecordWord::noRegion);
      else {
        const RecordWord::Kind kind = kind_of(vas[i], path, *place);
        const bool here =
            kind != RecordWord::unrecorded && kind != RecordWord::elsewhere && kind != RecordWord::moreAccess;
        words[first + i] = RecordWord::make(kind, here ? path.pfn(vas[i]) | RecordWord::kHere : 0);
      }
    }
  }
  return true;
}

}  // namespace cr3scope
