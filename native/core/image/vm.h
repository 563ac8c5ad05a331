// SPDX-License-Identifier: GPL-2.0-only
// The memory of a virtual machine that runs here, as its QEMU has it: in files that it shares, or in its own memory.
#pragma once
#include "image.h"

namespace cr3scope {

// Throws Error if a part can't be opened by this user.
std::unique_ptr<Image> open_vm(const VmOptions& vm);

}  // namespace cr3scope
