// SPDX-License-Identifier: GPL-2.0-only
#include "space_sources.h"

#include "error.h"
#include "other_sources.h"

namespace cr3scope {

SpaceSources::SpaceSources(const Machine& machine, int pid, u64 start_ticks)
    : target_(machine.target),
      pagemap_(pid),
      space_(machine.roots, pid, start_ticks),
      walk_(machine.target, machine.frames) {
  // The pagemap descriptor pins an address space; the root must be of the same one, so it is read on both sides.
  for (int attempt = 1;; attempt++) {
    pagemap_ = Pagemap(pid);
    if (space_.root_now() == space_.root_pa()) break;
    if (attempt == 8)
      throw Error("find the root of process " + std::to_string(pid), EAGAIN,
                  "It keeps executing new programs; try again.");
    space_ = AddressSpace(machine.roots, pid, space_.start_ticks());
  }
  pages_.push_back(&pagemap_);
  for (const OtherSource& other : kOtherSources)
    if (std::unique_ptr<PageSource> source = other.open(machine, space_)) others_.push_back(std::move(source));
  for (const auto& source : others_) pages_.push_back(source.get());
}

bool SpaceSources::read(const std::vector<u64>& vas, std::vector<Words>& words) {
  bool there = true;
  std::vector<u64> buffer;
  for (size_t k = 0; k < vas.size();) {
    size_t n = 1;
    while (k + n < vas.size() && vas[k + n] == vas[k] + n * kPageSize) n++;
    for (PageSource* source : pages_) {
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
    u64 flags = kpage_.flags(entry.pfn);
    huge_zero = flags != kUnknown && (flags & kKpfZeroPage);
  }
  return cr3scope::judge(words, entry, pfn, {target_.zero_pfn, huge_zero});
}

}  // namespace cr3scope
