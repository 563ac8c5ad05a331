// SPDX-License-Identifier: GPL-2.0-only
// The judgement of one page: it turns the words of the sources into a verdict and a note. It does not ask the kernel,
// so that each rule can be tested from a table (test/unit/verdict.test.ts).
#pragma once
#include <string>

#include "words.h"

namespace cr3scope {

struct Judgement {
  Verdict verdict;
  Note note;
};

inline bool is_agreement(Verdict v) { return v <= Verdict::notPresent; }

// Whether the frame of this page may be the huge zero page: a page of 2 MiB that may not be written. Only then is its
// flag in kpageflags worth reading.
inline bool may_be_huge_zero_page(const Entry& entry, u64 raw) {
  return (entry.kind == EntryKind::leaf || entry.kind == EntryKind::protNone) && entry.shift == level_shift(kPmd) &&
         !(raw & kWrite);
}

// What is known besides the words.
struct Known {
  u64 zero_pfn = 0;        // the shared page of zeros (Target::zero_pfn); 0: pagemap shows no PFNs to this reader
  bool huge_zero = false;  // KPF_ZERO_PAGE is set for the frame of a leaf that may_be_huge_zero_page()
  bool pagemap = true;     // pagemap was asked
};

// What the words say of one 4 KiB page. `entry` is the table walk's word decoded, with its swap_offset counted up to
// this page within a huge entry; `pfn` is the frame that it names for this page. A word of another source
// is ignored if it is 0. A difference is `mismatch` here; only re-reading makes it final (settle.h). Never throws.
Judgement judge(const Words& words, const Entry& entry, u64 pfn, const Known& known);

// Whether pagemap reports nothing where the table walk found an entry.
inline bool unseen_by_pagemap(PagemapWord word, const Entry& entry) {
  return !word.present() && !word.swapped() && entry.kind != EntryKind::none;
}

// By which property of its region pagemap leaves out an entry (walk_page_test(), mm/pagewalk.c): `vm_flags` as
// regions.h gives them. Note::none if none explains it.
Note left_out_by_pagemap(const Entry& entry, const std::string& vm_flags);

}  // namespace cr3scope
