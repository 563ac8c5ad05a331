// SPDX-License-Identifier: GPL-2.0-only
// What the helper gives up before it reads its first request (docs/security.md).
#pragma once

namespace cr3scope {

// Keeps the capabilities that the sources need, as far as this process has them, and no others; becomes the user
// "cr3scope" if there is one, else whoever called sudo or pkexec; and lets the kernel refuse what no source needs: to
// execute programs, to write to files, to change mounts, and to alter a traced process. Call it while there is one
// thread. Throws Error where any of that fails.
void drop_privileges();

}  // namespace cr3scope
