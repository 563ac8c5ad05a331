// SPDX-License-Identifier: GPL-2.0-only
// Root page tables found by what they look like, for kernels that say nothing of themselves.
#pragma once
#include <vector>

#include "image.h"

namespace cr3scope {

// Physical addresses, sorted, at most kMostGuesses. The last entry of the roots of all address spaces leads to the same
// table of the kernel: pages with that entry, which else hold nothing but entries that lead to tables, are roots, or
// were roots. Under PTI the user roots are a second group: the larger one is taken.
constexpr size_t kMostGuesses = 4096;
std::vector<u64> guess_roots(const Image& image, const Paging& paging);

}  // namespace cr3scope
