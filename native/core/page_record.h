// SPDX-License-Identifier: GPL-2.0-only
// Every page of a check as stretches, packed for a capture (docs/capture.md).
#pragma once
#include <vector>

#include "verdict.h"

namespace cr3scope {

// How the words of a stretch continue from its first page: unchanged; or each names the next frame, in 4 KiB entries or
// within one huge entry. A word names its frame in its lowest bits; one that is 0 stays 0.
enum class Step : u8 { same, frames, withinHuge };

struct Stretch {
  u64 va, pages;
  Words words;  // of the first page
  Verdict verdict;
  Note note;
  u8 level;  // of the entry; 0: a hole of the upper levels
  Step step;
};

class PageRecord {
 public:
  // One page more, or `pages` of the same words.
  void add(u64 va, u64 pages, const Words& words, Verdict verdict, Note note, u8 level);
  // The pages of a huge entry, whose frames follow each other.
  void add_huge(u64 va, u64 pages, const Words& words, Verdict verdict, Note note, u8 level);

  size_t size() const { return stretches_.size(); }
  // The stretches so far by address, as deflated columns; forgets them. Empty where there are none.
  std::vector<u8> pack();

 private:
  std::vector<Stretch> stretches_;
};

}  // namespace cr3scope
