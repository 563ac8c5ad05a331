// SPDX-License-Identifier: GPL-2.0-only
// The pagemap source: /proc/PID/pagemap, the kernel's own report of where a virtual page lives
// (Documentation/admin-guide/mm/pagemap.rst, fs/proc/task_mmu.c).
#pragma once
#include <vector>

#include "file.h"
#include "page_source.h"

namespace cr3scope {

class Pagemap final : public PageSource {
 public:
  // Pins the address space that the process has now: after exec this reads the old one, after its end nothing. Throws
  // Error: ESRCH where there is no such process or it has no address space, EACCES without CAP_SYS_PTRACE.
  explicit Pagemap(int pid);

  Source id() const override { return Source::pagemap; }
  Plain plain() const override {
    return {.page = PagemapWord::kPresent,
            .page_bits = PagemapWord::kPresent | PagemapWord::kPfnMask,
            .none_bits = PagemapWord::kPresent | PagemapWord::kSwap};
  }

  // Words are PagemapWord; their PFNs are 0 without CAP_SYS_ADMIN in the initial user namespace. pagemap looks into
  // regions only: a page outside of them has 0. False, with the words unset from there on, also where the range passes
  // the end of user addresses.
  bool read(u64 va, size_t pages, u64* words) override;
  // What is present or swapped, by PAGEMAP_SCAN (6.7, 52526ca7fdb9), which skips holes at the speed of the page-table
  // walk, else word by word.
  bool find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>& cancel) override;
  // True until the kernel has refused the call.
  bool skips_holes() const override { return has_scan_; }

 private:
  bool scan(u64 begin, u64 end, std::vector<PageRange>& ranges) const;

  File file_;
  int pid_;
  bool has_scan_ = true;
};

}  // namespace cr3scope
