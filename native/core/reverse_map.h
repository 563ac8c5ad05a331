// SPDX-License-Identifier: GPL-2.0-only
// The reverse map: which addresses of which processes map a frame. One walk of every address space fills an index that
// answers any number of questions. It describes the moment at which it was made, and records that moment.
#pragma once
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "machine.h"
#include "table_walk.h"

namespace cr3scope {

struct Owner {
  int pid = 0;
  u64 start_ticks = 0;
  u64 root_pa = 0;
  u64 va = 0;          // of the 4 KiB page that maps the frame
  Path now;            // the walk of `va` at the moment of the question
  bool still = false;  // that walk still leads to the frame
};

// A frame that is a page table of an address space.
struct TableUse {
  int pid = 0;
  u64 start_ticks = 0;
  u8 level = 0;
  u64 va = 0;  // the first address it covers
};

class ReverseMap {
 public:
  // Walks every address space that is listed. Throws Cancelled, and Error if the kernel refuses.
  ReverseMap(const Machine& machine, const std::atomic<bool>& cancel);

  // The mappings of a frame at the time of the walk, by PID and address, each walked again now.
  std::vector<Owner> owners(u64 pfn, const Machine& machine) const;

  // The page tables that the frame was at the time of the walk.
  std::vector<TableUse> tables(u64 pfn) const;

  struct Process {
    int pid;
    u64 start_ticks;
  };
  // Named by the process with the lowest PID of those that share it (vfork, CLONE_VM).
  struct Space : Process {
    u64 root_pa;
    std::vector<Process> others;
  };
  // Index 0 .. spaces() - 1.
  const Space& space(size_t index) const { return spaces_[index]; }

  // Hands `take(pfn, frames, space, shift)` each mapping that begins in frames [first, end), by frame.
  template <class Take>
  void for_each_mapping(u64 first, u64 end, Take take) const {
    for (auto at = from(mappings_, first); at != mappings_.end() && at->pfn < end; ++at)
      take(u64{at->pfn}, u64{1} << (at->shift - kPageShift), size_t{at->space}, static_cast<unsigned>(at->shift));
  }
  // Hands `take(pfn, space)` each page table in frames [first, end).
  template <class Take>
  void for_each_table(u64 first, u64 end, Take take) const {
    for (auto at = from(tables_, first); at != tables_.end() && at->pfn < end; ++at)
      take(u64{at->pfn}, size_t{at->space});
  }

  // Frames that an address space maps, by its index, each once: those that no other one maps, and the others. Tables
  // are not counted. A frame that is mapped by pages of two sizes counts for each of them.
  struct Total {
    u64 alone = 0, shared = 0;
  };
  // Counted when they are asked for first.
  const std::vector<Total>& totals() const;

  size_t spaces() const { return spaces_.size(); }
  u64 entries() const { return mappings_.size(); }  // a huge page is one
  u64 pages() const { return pages_; }              // 4 KiB
  u64 bytes() const {
    return (mappings_.capacity() + tables_.capacity()) * sizeof(Mapping) + spaces_.capacity() * sizeof(Space);
  }
  u64 gone() const { return gone_; }          // address spaces that went away while they were walked; they are left out
  u64 raced() const { return raced_; }        // page tables that changed while they were read: left out
  u64 begin_ns() const { return begin_ns_; }  // CLOCK_MONOTONIC
  u64 end_ns() const { return end_ns_; }

 private:
  // 16 bytes for each mapping: there are millions to sort and keep.
  struct Mapping {
    u64 pfn : 40;    // the first of the page
    u64 shift : 6;   // 12, 21 or 30; of a table: its level
    u64 space : 18;  // index
    u64 page;        // va >> 12
  };
  static constexpr size_t kMostSpaces = 1 << 18;

  static std::vector<Mapping>::const_iterator from(const std::vector<Mapping>& list, u64 pfn) {
    return std::lower_bound(list.begin(), list.end(), pfn, [](const Mapping& m, u64 wanted) { return m.pfn < wanted; });
  }
  // The first process of a space that still has it; PID 0 if none does.
  static Process living(const Space& space, Roots& roots);
  void walk_space(TableWalk& walk, size_t space, const std::atomic<bool>& cancel);
  void add(size_t space, u64 va, const Entry& entry);
  void add_table(size_t space, unsigned level, u64 va, u64 pfn);

  const Target& target_;
  std::vector<Space> spaces_;
  std::vector<Mapping> mappings_;  // by pfn, then space and page
  std::vector<Mapping> tables_;    // likewise
  u64 pages_ = 0, gone_ = 0, raced_ = 0, begin_ns_ = 0, end_ns_ = 0;
  mutable std::once_flag counted_;
  mutable std::vector<Total> totals_;
};

// Gives each process the totals of its address space, unless that was not walked.
void add_mapped(const ReverseMap& map, std::vector<ProcessRow>& processes);

// The reverse map that was made last, for any number of threads.
class ReverseMapCache {
 public:
  // The one that is kept; it is made first if there is none yet, or if `again` asks for it. Throws as ReverseMap,
  // and keeps the one before then.
  std::shared_ptr<const ReverseMap> get(const Machine& machine, bool again, const std::atomic<bool>& cancel);
  // Null where none was made yet.
  std::shared_ptr<const ReverseMap> kept() {
    std::lock_guard lock(mutex_);
    return map_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const ReverseMap> map_;
};

}  // namespace cr3scope
