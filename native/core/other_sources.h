// SPDX-License-Identifier: GPL-2.0-only
// The sources of page words besides pagemap, a row each.
#pragma once
#include <memory>
#include <span>

#include "address_space.h"
#include "machine.h"
#include "page_source.h"

namespace cr3scope {

struct OtherSource {
  Source id;
  // Opens it for an address space of the running machine; null if this machine does not have it (Session::refusal()
  // says why). Null itself if only images have it.
  std::unique_ptr<PageSource> (*open)(const Machine& machine, const AddressSpace& space);
  // Whether a word of it, other than 0, names what the table walk found: `entry` and `pfn` as judge() has them. It does
  // not ask the kernel.
  bool (*agrees)(u64 word, const Entry& entry, u64 pfn);
  // The note if it does not.
  Note differs;
};

// In the order in which they are read.
extern const std::span<const OtherSource> kOtherSources;

}  // namespace cr3scope
