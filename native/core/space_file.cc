// SPDX-License-Identifier: GPL-2.0-only
#include "space_file.h"

#include <dirent.h>

#include <cstdlib>
#include <memory>

namespace cr3scope {

namespace {

std::string thread_folder(int pid, int tid) {
  return "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/";
}

// Whether a thread has exited or is about to; true also where it is gone. Z and X are in its stat after the name, which
// stands in parentheses.
bool has_exited(int pid, int tid) {
  std::string stat;
  if (!read_text((thread_folder(pid, tid) + "stat").c_str(), stat)) return true;
  size_t close = stat.rfind(')');
  return close == std::string::npos || close + 2 >= stat.size() || stat[close + 2] == 'Z' || stat[close + 2] == 'X';
}

// `pid` itself, or a living thread of a process whose leader has exited.
int living_thread(int pid) {
  if (!has_exited(pid, pid)) return pid;
  std::unique_ptr<DIR, int (*)(DIR*)> threads(opendir(("/proc/" + std::to_string(pid) + "/task").c_str()), closedir);
  while (dirent* entry = threads ? readdir(threads.get()) : nullptr) {
    int tid = std::atoi(entry->d_name);
    if (tid > 0 && tid != pid && !has_exited(pid, tid)) return tid;
  }
  return pid;
}

}  // namespace

File open_space_file(int pid, const char* name) {
  for (int attempt = 1;; attempt++) {
    int tid = living_thread(pid);
    const std::string folder = tid == pid ? "/proc/" + std::to_string(pid) + "/" : thread_folder(pid, tid);
    File file((folder + name).c_str(), O_RDONLY);
    // That thread may have exited meanwhile, too.
    if (file || tid == pid || attempt == 8) return file;
  }
}

}  // namespace cr3scope
