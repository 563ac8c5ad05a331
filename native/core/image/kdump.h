// SPDX-License-Identifier: GPL-2.0-only
// kdump-compressed images (makedumpfile, QEMU), read by libkdumpfile, which is loaded when such a file is opened.
#pragma once
#include "image.h"

namespace cr3scope {

// A flattened dump is first put in order, in a file without a name that takes as much space. Throws Error: ENOENT if the
// library is not installed, and with its words if it can't read the file.
std::unique_ptr<Image> open_kdump(const std::string& path, bool flattened);

}  // namespace cr3scope
