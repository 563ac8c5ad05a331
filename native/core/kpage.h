// SPDX-License-Identifier: GPL-2.0-only
// The frame facts of the running kernel: /proc/kpageflags, kpagecount and kpagecgroup.
#pragma once
#include <algorithm>

#include "file.h"
#include "frame_facts.h"
#include "target.h"

namespace cr3scope {

class KPage final : public FrameFacts {
 public:
  // `target` says where there is RAM, and lives as long. Without one, frames without struct page may have no flags.
  explicit KPage(const Target* target = nullptr)
      : target_(target),
        flags_("/proc/kpageflags", O_RDONLY),
        count_("/proc/kpagecount", O_RDONLY),
        cgroup_("/proc/kpagecgroup", O_RDONLY) {}

  // kUnknown also where the file is missing, or ends before the frame.
  u64 flags(u64 pfn) const override { return with_nopage(pfn, word(flags_, pfn)); }
  u64 count(u64 pfn) const override { return word(count_, pfn); }
  u64 cgroup(u64 pfn) const override { return word(cgroup_, pfn); }
  void flags(u64 first, size_t count, u64* words) const override {
    ssize_t n =
        flags_ ? pread(flags_.fd(), words, count * sizeof *words, static_cast<off_t>(first * sizeof *words)) : 0;
    const size_t read = n > 0 ? static_cast<size_t>(n) / sizeof *words : 0;
    for (size_t i = 0; i < read; i++) words[i] = with_nopage(first + i, words[i]);
    std::fill(words + read, words + count, kUnknown);
  }
  Error refusal() const override { return Error("read /proc/kpageflags", EACCES, "Run cr3scope as root."); }

 private:
  // Newer kernels (6.18, not 6.12) say 0 of a frame without struct page instead of KPF_NOPAGE (fs/proc/page.c). A frame
  // outside RAM that has one is at least reserved.
  u64 with_nopage(u64 pfn, u64 word) const {
    const bool absent = !word && target_ && !target_->ram.empty() && !target_->is_ram(pfn << kPageShift, kPageSize);
    return absent ? kKpfNoPage : word;
  }
  static u64 word(const File& file, u64 pfn) {
    u64 value;
    ssize_t n = file ? pread(file.fd(), &value, sizeof value, static_cast<off_t>(pfn * sizeof value)) : 0;
    return n == sizeof value ? value : kUnknown;
  }
  const Target* target_;
  File flags_, count_, cgroup_;
};

}  // namespace cr3scope
