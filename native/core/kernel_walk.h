// SPDX-License-Identifier: GPL-2.0-only
// The kernel walk source: what the kernel's own page-table helpers say of the pages of one address space, by the
// module.
#pragma once
#include "address_space.h"
#include "kernel_module.h"
#include "page_source.h"

namespace cr3scope {

class KernelWalk final : public PageSource {
 public:
  KernelWalk(KernelModule& module, const AddressSpace& space) : module_(module), space_(space) {}

  Source id() const override { return Source::kernelWalk; }

  // Words are KernelWord. The module looks into regions only: a page outside of them has KernelWord::kNoRegion.
  bool read(u64 va, size_t pages, u64* words) override;
  bool find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>& cancel) override;

 private:
  KernelModule& module_;
  const AddressSpace& space_;
};

}  // namespace cr3scope
