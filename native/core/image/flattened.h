// SPDX-License-Identifier: GPL-2.0-only
// Flattened dumps (QEMU before 8.2, makedumpfile -F): parts in the order in which they were written.
#pragma once
#include <string>

#include "../file.h"

namespace cr3scope {

// The dump put in order, in a file without a name. Throws Error if it is not what its first bytes say.
File put_in_order(const std::string& path, const File& flat);

}  // namespace cr3scope
