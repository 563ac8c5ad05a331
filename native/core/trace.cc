// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "clock.h"
#include "error.h"
#include "file.h"

namespace cr3scope {

namespace {

constexpr long kOptions =
    PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;
// How long to sleep where no tracee has anything to report: soon at first, then rarely.
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

// All that exec needs, made before the fork: afterwards only async-signal-safe calls are allowed.
class Prepared {
 public:
  explicit Prepared(const Launch& launch) : launch_(launch) {
    variables_ = launch.environment;
    if (!launch.user.empty()) look_up(launch.user);
    program_ = find(launch.arguments[0]);
    for (const std::string& s : launch.arguments) arguments_.push_back(const_cast<char*>(s.c_str()));
    arguments_.push_back(nullptr);
    for (const std::string& s : variables_) environment_.push_back(const_cast<char*>(s.c_str()));
    environment_.push_back(nullptr);
  }

  enum class Step : int { identity, directory, program };
  struct Failure {
    Step step;
    int code;
  };

  // In the child: becomes the program, or returns what failed.
  Failure become() const {
    if (launch_.quiet) {
      int null = ::open("/dev/null", O_RDWR);
      for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    }
    // Node keeps its standard streams from being inherited (uv_disable_stdio_inheritance()).
    for (int fd = 0; fd < 3; fd++) fcntl(fd, F_SETFD, 0);
    // Whatever cr3scope has open besides: frames, page tables, captures. Before Linux 5.11 one by one.
    if (syscall(SYS_close_range, 3, ~0u, kCloseOnExec))
      for (int fd = 3; fd < kMostDescriptors; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (!launch_.user.empty() && !change_identity()) return {Step::identity, errno};
    // Where none is given, another user must be allowed to be where cr3scope is.
    const bool stays = launch_.directory.empty() && launch_.user.empty();
    if (!stays && chdir(launch_.directory.empty() ? "." : launch_.directory.c_str())) return {Step::directory, errno};
    // Node blocks none, but its threads might; ignored signals outlive exec, too.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    execve(program_.c_str(), arguments_.data(), environment_.data());
    return {Step::program, errno};
  }

  Error error_of(const Failure& failure) const {
    const auto& [step, code] = failure;
    const std::string as = launch_.user.empty() ? "" : " as the user " + launch_.user;
    switch (step) {
      case Step::identity:
        return Error("become the user " + launch_.user, code, "Run as root: it takes CAP_SETUID and CAP_SETGID.");
      case Step::directory:
        return Error("enter the directory " + (launch_.directory.empty() ? "of cr3scope" : launch_.directory) + as,
                     code, "Give another one with --directory.");
      default:
        return Error("execute " + launch_.arguments[0] + as, code,
                     code == ENOENT    ? "There is no such program, directory, or interpreter."
                     : code == EACCES  ? "It is not executable for that user."
                     : code == ENOEXEC ? "It is not a program for this machine."
                                       : "Check the program and its arguments.");
    }
  }

 private:
  static constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC
  static constexpr int kMostDescriptors = 1 << 16;

  const char* variable(const std::string& name) const {
    for (const std::string& s : variables_)
      if (s.compare(0, name.size() + 1, name + "=") == 0) return s.c_str() + name.size() + 1;
    return nullptr;
  }

  // What login(1) would set; what was asked for stays.
  void look_up(const std::string& name) {
    const passwd* user = getpwnam(name.c_str());
    if (!user) throw Error("find the user " + name, ENOENT, "Give a name of /etc/passwd.");
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
    const std::string own[][2] = {
        {"HOME", user->pw_dir},
        {"USER", user->pw_name},
        {"LOGNAME", user->pw_name},
        {"SHELL", *user->pw_shell ? user->pw_shell : "/bin/sh"},
        {"PATH",
         uid_ ? "/usr/local/bin:/usr/bin:/bin" : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    };
    for (const auto& [key, value] : own)
      if (!variable(key)) variables_.push_back(key + "=" + value);
    int n = 32;
    do groups_.resize(static_cast<size_t>(n));
    while (getgrouplist(user->pw_name, gid_, groups_.data(), &n) < 0 && static_cast<size_t>(n) > groups_.size());
    groups_.resize(static_cast<size_t>(n));
  }

  // Groups first, as only who still is privileged may change them. By system calls, as libc's would change the identity
  // of threads that this child does not have.
  bool change_identity() const {
    if (syscall(SYS_setgroups, groups_.size(), groups_.data()) || syscall(SYS_setresgid, gid_, gid_, gid_) ||
        syscall(SYS_setresuid, uid_, uid_, uid_))
      return false;
    // Capabilities that were handed to cr3scope without root would outlive both.
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (!uid_ || syscall(SYS_setuid, 0)) return true;
    errno = EPERM;  // it could become root again
    return false;
  }

  std::string find(const std::string& name) const {
    if (name.find('/') != std::string::npos) return name;
    const char* path_variable = variable("PATH");
    std::stringstream path(path_variable ? path_variable : "/usr/bin:/bin");
    for (std::string folder; std::getline(path, folder, ':');) {
      std::string full = (folder.empty() ? "." : folder) + "/" + name;
      struct stat st;
      if (stat(full.c_str(), &st) == 0 && S_ISREG(st.st_mode) && access(full.c_str(), X_OK) == 0) return full;
    }
    throw Error("find " + name + " in PATH", ENOENT, "Give the path of the program.");
  }

  const Launch& launch_;
  std::string program_;
  std::vector<std::string> variables_;
  std::vector<char*> arguments_, environment_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::vector<gid_t> groups_;
};

class Tracer {
 public:
  Tracer(const RootsOf& roots_of, bool follow, const std::atomic<bool>& cancel,
         const std::function<void(TraceEvent&&)>& emit)
      : roots_of_(roots_of), follow_(follow), cancel_(cancel), emit_(emit) {}
  ~Tracer() {
    let_go();
    // What was launched and runs on is a child of ours still: somebody must take note of its end.
    if (roots_.count(launched_)) std::thread([pid = launched_] { waitpid(pid, nullptr, 0); }).detach();
  }

  void launch(const Launch& what) {
    Prepared prepared(what);
    int go[2], failed[2];
    if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)) throw Error("pipe", errno, "Close some files and try again.");
    pid_t pid = fork();
    if (pid < 0) throw Error("fork", errno, "Free some memory or end some processes.");
    if (pid == 0) {
      char byte;
      ::close(go[1]);
      // Whoever traces may die before it says go: then there is nothing to run.
      if (read(go[0], &byte, 1) != 1) _exit(127);
      Prepared::Failure failure = prepared.become();
      (void)!write(failed[1], &failure, sizeof failure);
      _exit(127);
    }
    ::close(go[0]);
    ::close(failed[1]);
    File go_end(go[1]), failed_end(failed[0]);
    try {
      seize(pid);
    } catch (...) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, __WALL);
      throw;
    }
    launched_ = pid;
    roots_[pid] = root_of(pid);
    report(TraceKind::start, pid, 0, roots_[pid], 0, 0, what.arguments[0]);
    if (write(go_end.fd(), "", 1) != 1) throw Error("start " + what.arguments[0], errno, "Try again.");
    // Its outcome is known when it has exec'd, or has said why it did not.
    run([&] { return execed_ || threads_.empty(); });
    Prepared::Failure failure{};
    if (!execed_ && read(failed_end.fd(), &failure, sizeof failure) == sizeof failure) throw prepared.error_of(failure);
    if (follow_) run([&] { return threads_.empty(); });
  }

  void attach(int pid) {
    // Node waits for its children in another thread, and would take a ptrace stop for the end of one.
    if (pid == getpid() || status_of(pid, "\nPPid:") == getpid())
      throw Error("trace process " + std::to_string(pid), EBUSY,
                  "cr3scope itself has started it: launch it from here instead.");
    seize_group(pid);
    std::set<int> seen{pid};
    // Children are born while we look: again until no new one is found. Those of traced processes come by themselves.
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
      // Only children of this thread: those that Node waits for are none of ours.
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

  // Stops each tracee for a moment, as detaching takes, and lets it run on. A signal that was just to be delivered is.
  // One that does not stop now (it waits for a vfork child) is let go by the kernel when this thread ends.
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
  int launched_ = 0;
  bool execed_ = false;
};

}  // namespace

void trace(const RootsOf& roots_of, const Launch& launch, int pid, bool follow, const std::atomic<bool>& cancel,
           const std::function<void(TraceEvent&&)>& emit) {
  Tracer tracer(roots_of, follow, cancel, emit);
  if (launch.arguments.empty()) tracer.attach(pid);
  else tracer.launch(launch);
}

}  // namespace cr3scope
