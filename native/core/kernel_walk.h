// SPDX-License-Identifier: GPL-2.0-only
// The kernel walk source: what the kernel's own page-table helpers say of the pages of one address space,
// through the module.
#pragma once
#include "address_space.h"
#include "kernel_module.h"
#include "page_source.h"

namespace cr3scope {

class KernelWalk final : public PageSource {
 public:
  KernelWalk(KernelModule& module, const AddressSpace& space) : module_(module), space_(space) {}

  // Whether a word of it names what the decoded entry names: see OtherSource.
  static bool agrees(u64 word, const Entry& entry, u64 pfn);

  Source id() const override { return Source::kernelWalk; }
  Plain plain() const override {
    return {.page = KernelWord::kPage,
            .page_bits = ~0ull,
            .larger = KernelWord::make(0, 1, 0),
            .none = KernelWord::kNone,
            .none_bits = ~0ull};
  }

  // Words are KernelWord. The module looks into regions only: a page outside of them has KernelWord::kNoRegion.
  bool read(u64 va, size_t pages, u64* words) override;
  bool find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>& cancel) override;

 private:
  KernelModule& module_;
  const AddressSpace& space_;
};

}  // namespace cr3scope
