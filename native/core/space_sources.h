// SPDX-License-Identifier: GPL-2.0-only
// The sources of one address space, opened so that all of them answer for the same one.
#pragma once
#include <memory>
#include <vector>

#include "address_space.h"
#include "machine.h"
#include "page_source.h"
#include "table_walk.h"
#include "verdict.h"

namespace cr3scope {

class SpaceSources {
 public:
  // Of the process `pid`; `start_ticks` 0 takes whatever process has the PID now. Throws Error: ESRCH where there is no
  // such process or it has no address space, EAGAIN if it keeps executing programs, and if a source refuses.
  SpaceSources(const Machine& machine, int pid, u64 start_ticks);
  SpaceSources(const SpaceSources&) = delete;

  const Target& target() const { return target_; }
  System& system() const { return system_; }
  AddressSpace& space() { return space_; }
  TableWalk& walk() { return walk_; }

  // The sources of page words in the order in which they are read; the first one looks into regions.
  const std::vector<std::unique_ptr<PageSource>>& pages() const { return pages_; }
  bool has(Source source) const;

  // Reads the words of these pages from each source, sorted addresses best; words[i] is of vas[i], the word of
  // the table walk is not changed. False if the address space is gone.
  bool read(const std::vector<u64>& vas, std::vector<Words>& words);

  // judge() of verdict.h with the facts of this machine that it needs. A difference is not final: see settle.h.
  Judgement judge(const Words& words, const Entry& entry, u64 pfn) const;

 private:
  const Target& target_;
  System& system_;
  AddressSpace space_;
  TableWalk walk_;
  std::unique_ptr<FrameFacts> facts_;
  std::vector<std::unique_ptr<PageSource>> pages_;
};

}  // namespace cr3scope
