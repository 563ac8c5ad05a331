// SPDX-License-Identifier: GPL-2.0-only
// Where in an image scans found VMCOREINFO and the like, kept in a file: reading a large image to its end takes
// minutes.
#pragma once
#include <string>
#include <vector>

#include "../kpage.h"

namespace cr3scope {

struct Places {
  std::vector<u64> before;  // where scans look first; what is there is confirmed as anywhere else
  std::vector<u64> found;   // where they found what they looked for
};

// Empty if the file is not there or not of numbers.
std::vector<u64> read_places(const std::string& path);
// Best effort.
void write_places(const std::string& path, const std::vector<u64>& places);

}  // namespace cr3scope
