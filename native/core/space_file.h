// SPDX-License-Identifier: GPL-2.0-only
// The files of /proc that show an address space: maps, smaps, pagemap, mem, status.
#pragma once
#include <string>

#include "file.h"

namespace cr3scope {

// Opens /proc/PID/`name` for reading. Where the leader thread has exited but others run on, these files of the leader
// are empty (its mm is NULL, exit_mm() in kernel/exit.c), so that of a living thread is opened instead:
// /proc/PID/task/TID. Closed if there is none, with errno set as open() does: ENOENT if there is no such process, ESRCH
// if it has no address space, EACCES or EPERM if the reader may not open it. An older kernel opens the file of a
// process without an address space; it then reads as empty.
File open_space_file(int pid, const char* name);

}  // namespace cr3scope
