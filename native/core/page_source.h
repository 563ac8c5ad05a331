// SPDX-License-Identifier: GPL-2.0-only
// What every source of page words must do. The others are compared with the table walk (table_walk.h), which reads
// tables rather than pages and has its own interface.
#pragma once
#include <atomic>
#include <vector>

#include "words.h"

namespace cr3scope {

struct PageRange {
  u64 begin, end;  // virtual addresses, page-aligned, end exclusive
};

// The words that a source gives for the two most common kinds of page, to compare many at once. `*_bits` are the bits
// that count in a comparison.
struct Plain {
  u64 page, page_bits;  // a present page of 4 KiB, but for its frame number, which is in the lowest bits
  u64 larger;           // what a page of the next size adds to it; 0 if words do not contain the size
  u64 none, none_bits;  // no page
};

// Answers for the pages of one address space, for as long as the process has it. An instance serves one thread at a
// time.
//
// What it must answer: one word for each page of the request, whether a region covers the page or not. If it has
// nothing for a page, or does not look at it, the word says so. It never invents a word.
//
// When it may refuse: it throws Error, with the reason and the remedy, if the kernel refuses the call. If the address
// space is gone, that is not an error: the calls return false, and what they wrote means nothing.
//
// What a race looks like: the words of one call are not from one moment. A page may change before, between and after
// them, and a word may come from before an exec that the next call reports. So a difference between two sources
// means nothing until the page has been read again, between two equal walks of its tables (settle.h).
class PageSource {
 public:
  virtual ~PageSource() = default;

  // Which of the Words it gives.
  virtual Source id() const = 0;
  virtual Plain plain() const = 0;

  // Called before a sweep over the address space, to read what pays for many pages only. Throws Cancelled.
  virtual void prepare(const std::atomic<bool>&) {}

  // Fills words[i] with the word of the page at va + i * 4096, for i below `pages`.
  virtual bool read(u64 va, size_t pages, u64* words) = 0;

  // Adds the ranges within [begin, end) in which it reports something, by address, if possible faster than word by
  // word. For large stretches that are empty according to the tables. Throws Cancelled.
  virtual bool find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>& cancel) = 0;
  // Whether find() is faster, as far as is known.
  virtual bool skips_holes() const { return true; }
};

}  // namespace cr3scope
