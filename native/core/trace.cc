// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <set>
#include <utility>

#include "clock.h"
#include "error.h"
#include "file.h"

namespace cr3scope {

namespace {

constexpr long kOptions =
    PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;
// How long to sleep if no tracee has anything to report: briefly at first, then longer.
constexpr long kShortestNapNs = 50'000, kLongestNapNs = 2'000'000;
constexpr int kDetachTurns = 50;

std::string proc(int pid, const char* what) { return "/proc/" + std::to_string(pid) + "/" + what; }

// A number of /proc/PID/status, -1 where the process is gone.
long status_of(int pid, const char* field) {
  std::string text;
  if (!read_text(proc(pid, "status").c_str(), text)) return -1;
  size_t at = text.find(field);
  return at == std::string::npos ? -1 : std::strtol(text.c_str() + at + std::strlen(field), nullptr, 10);
}
int group_of(int tid) { return static_cast<int>(status_of(tid, "\nTgid:")); }

std::string program_of(int pid) {
  char path[4096];
  ssize_t n = readlink(proc(pid, "exe").c_str(), path, sizeof path);
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : "";
}

std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> list;
  if (DIR* d = opendir(folder.c_str())) {
    while (dirent* e = readdir(d))
      if (int n = std::atoi(e->d_name)) list.push_back(n);
    closedir(d);
  }
  return list;
}

class Tracer {
 public:
  Tracer(const RootsOf& roots_of, bool follow, const std::atomic<bool>& cancel,
         const std::function<void(TraceEvent&&)>& emit)
      : roots_of_(roots_of), follow_(follow), cancel_(cancel), emit_(emit) {}
  ~Tracer() { let_go(); }

  // A process that waits to execute a program, and does so once its start was reported.
  void follow_launched(int pid, const std::string& name) {
    seize(pid);
    roots_[pid] = root_of(pid);
    report(TraceKind::start, pid, 0, roots_[pid], 0, 0, name);
    run([&] { return threads_.empty() || (!follow_ && execed_); });
  }

  void attach(int pid) {
    // Node waits for its children in another thread, and would mistake a ptrace stop for an exit.
    if (pid == getpid() || status_of(pid, "\nPPid:") == getpid())
      throw Error("trace process " + std::to_string(pid), EBUSY,
                  "cr3scope itself has started it: launch it from here instead.");
    seize_group(pid);
    std::set<int> seen{pid};
    // Children are created during the search: repeat until no new one is found. Those of traced processes are reported.
    for (bool found = follow_; found;) {
      found = false;
      for (int other : numbers_in("/proc"))
        if (other != getpid() && !seen.count(other) && seen.count(static_cast<int>(status_of(other, "\nPPid:")))) {
          seen.insert(other);
          found = true;
          try {
            seize_group(other);
          } catch (const Error& error) {
            if (error.code != ESRCH && error.code != EPERM) throw;  // gone, or traced already
          }
        }
    }
    run([&] { return threads_.empty() || (!follow_ && execed_); });
  }

 private:
  void seize_group(int pid) {
    for (bool first = true, found = true; found; first = false) {
      found = false;
      std::vector<int> tids = numbers_in(proc(pid, "task"));
      if (tids.empty() && first)
        throw Error("trace process " + std::to_string(pid), ESRCH, "`cr3scope ps` lists processes.");
      for (int tid : tids)
        if (!threads_.count(tid)) {
          seize(tid, pid);
          found = true;
        }
    }
    roots_[pid] = root_of(pid);
    report(TraceKind::attach, pid, 0, roots_[pid], roots_[pid], 0, program_of(pid));
  }

  void seize(int tid, int group = 0) {
    if (ptrace(PTRACE_SEIZE, tid, nullptr, kOptions) == 0) {
      threads_[tid] = group ? group : tid;
      return;
    }
    if (errno == ESRCH && group) return;  // a thread that has ended meanwhile
    throw Error(
        "trace process " + std::to_string(tid), errno,
        errno == EPERM
            ? "It may be traced already (see TracerPid in /proc/PID/status), be protected, or need CAP_SYS_PTRACE."
            : "It may have exited.");
  }

  template <class Ended>
  void run(Ended ended) {
    long nap = kShortestNapNs;
    while (!ended()) {
      if (cancel_) throw Cancelled();
      int status = 0;
      // Only children of this thread: those that Node waits for are not ours.
      pid_t tid = waitpid(-1, &status, __WALL | __WNOTHREAD | WNOHANG);
      if (tid < 0 && errno == ECHILD) {
        threads_.clear();
        return;
      }
      if (tid <= 0) {
        timespec pause{0, nap};
        nanosleep(&pause, nullptr);
        nap = std::min(nap * 2, kLongestNapNs);
        continue;
      }
      nap = kShortestNapNs;
      take(tid, status);
    }
  }

  void take(int tid, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      auto at = threads_.find(tid);
      int group = at == threads_.end() ? tid : at->second;
      if (at != threads_.end()) threads_.erase(at);
      if (tid != group) return;
      report(TraceKind::exit, group, 0, roots_[group], 0, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
             "");
      roots_.erase(group);
      return;
    }
    // A child may stop for the first time before its parent reports it. It waits, so that the fork is reported first.
    if (!threads_.count(tid)) {
      early_.insert(tid);
      return;
    }
    const int event = status >> 16, signal = WSTOPSIG(status);
    unsigned long message = 0;
    if (event) ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message);
    switch (event) {
      case PTRACE_EVENT_EXEC:
        return exec(tid, static_cast<int>(message));
      case PTRACE_EVENT_FORK:
        born(tid, static_cast<int>(message), TraceKind::fork);
        break;
      case PTRACE_EVENT_VFORK:
        born(tid, static_cast<int>(message), TraceKind::vfork);
        break;
      case PTRACE_EVENT_CLONE:
        born(tid, static_cast<int>(message), TraceKind::clone);
        break;
      case PTRACE_EVENT_STOP:
        // Either a tracee's first stop, or one of job control: then it must stay stopped.
        if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
          ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);
          return;
        }
        break;
      case PTRACE_EVENT_EXIT:
        break;
      default:
        ptrace(PTRACE_CONT, tid, nullptr, static_cast<long>(event ? 0 : signal));
        return;
    }
    ptrace(PTRACE_CONT, tid, nullptr, 0L);
  }

  // All other threads are gone, and the one that called exec has the group's number now.
  void exec(int pid, int former) {
    for (auto at = threads_.begin(); at != threads_.end();)
      if (at->second == pid && at->first != pid) at = threads_.erase(at);
      else ++at;
    threads_.erase(former);
    threads_[pid] = pid;
    u64 before = roots_[pid], after = root_of(pid);
    // exec() makes the new tables before it frees the old ones: the same root means that it was attached in mid-exec.
    if (before == after) before = 0;
    roots_[pid] = after;
    report(TraceKind::exec, pid, 0, before, after, 0, program_of(pid));
    execed_ = true;
    if (follow_) {
      ptrace(PTRACE_CONT, pid, nullptr, 0L);
      return;
    }
    let_go(pid);
  }

  void born(int tid, int child, TraceKind kind) {
    int parent = threads_.count(tid) ? threads_[tid] : group_of(tid);
    int group = group_of(child);
    if (group < 0) group = child;
    threads_[child] = group;
    const bool waits = early_.erase(child);
    u64 parent_root = roots_[parent];
    if (kind == TraceKind::clone && group == parent) {
      report(TraceKind::thread, parent, child, parent_root, parent_root, 0, "");
      if (waits) ptrace(PTRACE_CONT, child, nullptr, 0L);
      return;
    }
    u64 root = root_of(child);
    roots_[child] = root;
    report(kind, parent, child, parent_root, root, 0, "");
    if (waits) ptrace(PTRACE_CONT, child, nullptr, 0L);
  }

  u64 root_of(int pid) {
    std::vector<RootRecord> roots = roots_of_(pid);
    return roots.empty() ? 0 : roots[0].root_pa;
  }

  void report(TraceKind kind, int pid, int child, u64 before, u64 after, int code, std::string name) {
    TraceEvent e;
    e.ns = monotonic_ns();
    e.kind = kind;
    e.pid = pid;
    e.child = child;
    e.before = before;
    e.after = after;
    e.code = code;
    e.name = std::move(name);
    emit_(std::move(e));
  }

  // Detaches a thread that is in a stop.
  void let_go(int tid) {
    ptrace(PTRACE_DETACH, tid, nullptr, 0L);
    threads_.erase(tid);
    report(TraceKind::detach, tid, 0, roots_[tid], roots_[tid], 0, "");
  }

  // Stops each tracee for a moment, as detaching takes, and lets it run on. A signal that was about to be delivered is
  // delivered. One that does not stop now (it waits for a vfork child) is detached by the kernel when this thread ends.
  void let_go() {
    for (auto [tid, group] : std::exchange(threads_, {})) {
      if (ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr)) continue;  // it has ended
      for (int turn = 0; turn < kDetachTurns; turn++) {
        int status = 0;
        pid_t got = waitpid(tid, &status, __WALL | WNOHANG);
        if (got == tid && WIFSTOPPED(status)) {
          long signal = status >> 16 ? 0 : WSTOPSIG(status);
          ptrace(PTRACE_DETACH, tid, nullptr, signal);
        }
        if (got) break;
        timespec pause{0, kLongestNapNs};
        nanosleep(&pause, nullptr);
      }
    }
  }

  const RootsOf& roots_of_;
  bool follow_;
  const std::atomic<bool>& cancel_;
  const std::function<void(TraceEvent&&)>& emit_;
  std::set<int> early_;         // stopped before their fork was reported
  std::map<int, int> threads_;  // traced thread -> its thread group
  std::map<int, u64> roots_;    // of each group
  bool execed_ = false;
};

}  // namespace

void trace(const RootsOf& roots_of, int pid, bool follow, const std::atomic<bool>& cancel,
           const std::function<void(TraceEvent&&)>& emit) {
  Tracer(roots_of, follow, cancel, emit).attach(pid);
}

void trace_launched(const RootsOf& roots_of, int pid, const std::string& name, bool follow,
                    const std::atomic<bool>& cancel, const std::function<void(TraceEvent&&)>& emit) {
  Tracer(roots_of, follow, cancel, emit).follow_launched(pid, name);
}

}  // namespace cr3scope
