// SPDX-License-Identifier: GPL-2.0-only
// What every source of page words must do. The table walk (table_walk.h) is the one that the others are held against:
// it reads tables, not pages, and has an interface of its own.
#pragma once
#include <atomic>
#include <vector>

#include "words.h"

namespace cr3scope {

struct PageRange {
  u64 begin, end;  // virtual addresses, page-aligned, end exclusive
};

// How the words of a source read where many are compared at once: those of the two commonest pages. `*_bits` are the
// bits that count in a comparison.
struct Plain {
  u64 page, page_bits;  // a present page of 4 KiB, but for its frame number, which is in the lowest bits
  u64 larger;           // what a page of the next size adds to it; 0 where words do not tell the size
  u64 none, none_bits;  // no page
};

// Answers for the pages of one address space, for as long as the process has it. An instance serves one thread at a
// time.
//
// What it must answer: one word for each page that it is asked for, whether a region covers the page or not. A page
// that it has nothing of, or does not look at, has a word that says so. It never makes up a word.
//
// When it may refuse: it throws Error, with the reason and the remedy, where the kernel refuses the call. That the
// address space is gone is not an error: the calls return false, and what they wrote means nothing.
//
// What a race looks like: the words of one call are not of one moment. A page may change before, between and after
// them, and a word may be of the time before an exec that the next call reports. So a difference between two sources
// means nothing until the page was read again, between two equal walks of its tables (settle.h).
class PageSource {
 public:
  virtual ~PageSource() = default;

  // Which of the Words it gives.
  virtual Source id() const = 0;
  virtual Plain plain() const = 0;

  // Fills words[i] with the word of the page at va + i * 4096, for i below `pages`.
  virtual bool read(u64 va, size_t pages, u64* words) = 0;

  // Adds the ranges within [begin, end) in which it reports something, by address, faster than word by word where it
  // can be. For large stretches of which the tables say that they are empty. Throws Cancelled.
  virtual bool find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>& cancel) = 0;
};

}  // namespace cr3scope
