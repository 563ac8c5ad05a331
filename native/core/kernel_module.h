// SPDX-License-Identifier: GPL-2.0-only
// The kernel walk source and its frame reader: /dev/cr3scope of the module in kmod/. One instance serves one thread at
// a time.
#pragma once
#include <functional>
#include <memory>

#include "cpus.h"
#include "error.h"
#include "file.h"
#include "frame_reader.h"
#include "roots.h"
#include "target.h"
#include "words.h"

namespace cr3scope {

// The kernel's walk of one address; arrays by level 1..5, as in Path.
struct KernelPath {
  u64 root_pa = 0;
  u8 last = 0;  // level of the last entry read, 0: none was (no region there)
  std::array<u64, 6> table{}, entry{};
  KernelWord word;
};

class KernelModule final : public FrameReader, public Roots, public Cpus {
 public:
  // Throws Error with the reason and the remedy if the module can't be used.
  explicit KernelModule(const Target& target);

  const char* name() const override { return "module"; }
  const u8* read(const u64* addresses, size_t count, FrameStatus* status) override;
  std::vector<RootRecord> roots(int only_pid) override;

  const cr3scope_info& info() const { return info_; }

  // `start_ticks` 0 takes any process with the PID. Throws Error: ESRCH, ESTALE (the PID was reused), ENODATA (no
  // address space).
  KernelPath walk(int pid, u64 start_ticks, u64 va, bool user_root = false);

  // The pages of the regions within [begin, end), in stretches by ascending address: `words` has one word for each
  // page, or is null if `first` describes them all (see counts_up()). Returns the root that was walked, 0 where the
  // process or its address space is gone.
  using Stretch = std::function<void(u64 va, u64 pages, u64 first, const u64* words)>;
  u64 walk_range(int pid, u64 start_ticks, u64 begin, u64 end, const Stretch& stretch);

  // Whether the word of a stretch names a frame or slot that counts up by one for each page.
  static bool counts_up(u64 word) {
    u32 kind = CR3SCOPE_WORD_KIND(word);
    return kind >= CR3SCOPE_KIND_PAGE && kind <= CR3SCOPE_KIND_HWPOISON;
  }

  // Control registers of the CPUs that are online, each read on the CPU itself.
  std::vector<CpuState> cpus() override;

 private:
  template <class Call>
  int call(unsigned long request, Call& call) const;

  const Target& target_;
  File device_;
  cr3scope_info info_{};
  std::vector<u8> frames_;
  std::vector<u32> statuses_;
  std::vector<u64> pfns_, words_;
  std::vector<cr3scope_run> runs_;
};

}  // namespace cr3scope
