// SPDX-License-Identifier: GPL-2.0-only
// The words of the frame record: what the kernel of a memory image keeps about the frame that is mapped at an address.
// app/contract/record.ts reads them.
#pragma once
#include <algorithm>

#include "paging.h"

namespace cr3scope {

struct RecordWord {
  u64 raw = 0;  // 0: not asked

  enum Kind : u8 {
    nothing = 1,  // nothing is mapped, and no record says otherwise
    anonymous,    // with the anon_vma and the index of this address
    file,         // with the mapping and the index of this address, also of shared memory
    ksm,          // merged, in a region that may be merged: its place is not recorded
    zeroPage,
    hugeZeroPage,
    hugetlb,
    unrecorded,  // the kernel keeps no place of such a frame
    elsewhere,   // the record tells of another place
    noRegion,    // no region covers the address
    moreAccess,  // the entry allows to write or to execute, and its region does not
    otherCount,  // the frame belongs here, but is mapped more or less often than the record says: see counts()
    missing,     // nothing is mapped here, and the frame's record says that it should be
  };

  // Bit 63: the frame, whose number is in the lowest bits, belongs here.
  static constexpr u64 kHere = 1ull << 63, kPfn = (1ull << 52) - 1;
  static constexpr u64 make(Kind kind, u64 pfn = 0) { return static_cast<u64>(kind) << 58 | pfn; }
  // In the place of a frame number: how often the record and the page tables say that a frame is mapped.
  static constexpr u64 kMostCount = (1ull << 26) - 1;
  static constexpr u64 counts(u64 recorded, u64 found) {
    return std::min(recorded, kMostCount) << 26 | std::min(found, kMostCount);
  }

  bool here() const { return raw & kHere; }
  Kind kind() const { return static_cast<Kind>(raw >> 58 & 31); }
  u64 pfn() const { return raw & kPfn; }

  // Whether the word fits what the table walk found: see OtherSource.
  static bool agrees(u64 word, const Entry& entry, u64 pfn) {
    const RecordWord record{word};
    if (record.here()) return maps_frame(entry.kind) && record.pfn() == pfn;
    return record.kind() == unrecorded || (record.kind() == nothing && !maps_frame(entry.kind));
  }
};

}  // namespace cr3scope
