// SPDX-License-Identifier: GPL-2.0-only
#include "space_sources.h"

#include <algorithm>

#include "error.h"

namespace cr3scope {

SpaceSources::SpaceSources(const Machine& machine, int pid, u64 start_ticks)
    : target_(machine.target()),
      system_(machine.system),
      space_(machine, pid, start_ticks),
      walk_(target_, machine.frames),
      facts_(system_.frame_facts()) {
  // The sources pin an address space; the root must be of the same one, so it is read on both sides.
  for (int attempt = 1;; attempt++) {
    pages_ = system_.page_sources(machine, space_);
    if (space_.root_now() == space_.root_pa()) break;
    if (attempt == 8)
      throw Error("find the root of process " + std::to_string(pid), EAGAIN,
                  "It keeps executing new programs; try again.");
    space_ = AddressSpace(machine, pid, space_.start_ticks());
  }
}

bool SpaceSources::has(Source source) const {
  return std::any_of(pages_.begin(), pages_.end(), [&](auto& page) { return page->id() == source; });
}

bool SpaceSources::read(const std::vector<u64>& vas, std::vector<Words>& words) {
  bool there = true;
  std::vector<u64> buffer;
  for (size_t k = 0; k < vas.size();) {
    size_t n = 1;
    while (k + n < vas.size() && vas[k + n] == vas[k] + n * kPageSize) n++;
    for (const auto& source : pages_) {
      buffer.assign(n, 0);
      there &= source->read(vas[k], n, buffer.data());
      for (size_t i = 0; i < n; i++) words[k + i][source->id()] = buffer[i];
    }
    k += n;
  }
  return there;
}

Judgement SpaceSources::judge(const Words& words, const Entry& entry, u64 pfn) const {
  bool huge_zero = false;
  if (may_be_huge_zero_page(entry, words.entry())) {
    u64 flags = facts_->flags(entry.pfn);
    huge_zero = flags != kUnknown && (flags & kKpfZeroPage);
  }
  return cr3scope::judge(words, entry, pfn, {target_.zero_pfn, huge_zero, has(Source::pagemap)});
}

}  // namespace cr3scope
