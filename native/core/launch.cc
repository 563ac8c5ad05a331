// SPDX-License-Identifier: GPL-2.0-only
#include "launch.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "file.h"

namespace cr3scope {

namespace {

constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC
constexpr int kMostDescriptors = 1 << 16;

}  // namespace

PreparedLaunch::PreparedLaunch(Launch launch) : launch_(std::move(launch)) {
  variables_ = launch_.environment;
  if (!launch_.user.empty()) look_up(launch_.user);
  program_ = find(launch_.arguments[0]);
  for (const std::string& s : launch_.arguments) arguments_.push_back(const_cast<char*>(s.c_str()));
  arguments_.push_back(nullptr);
  for (const std::string& s : variables_) environment_.push_back(const_cast<char*>(s.c_str()));
  environment_.push_back(nullptr);
}

PreparedLaunch::Failure PreparedLaunch::become() const {
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
  // If none is given, another user must be allowed to enter the directory of cr3scope.
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

Error PreparedLaunch::error_of(const Failure& failure) const {
  const auto& [step, code] = failure;
  const std::string as = launch_.user.empty() ? "" : " as the user " + launch_.user;
  switch (step) {
    case Step::identity:
      return Error("become the user " + launch_.user, code, "Run as root: it takes CAP_SETUID and CAP_SETGID.");
    case Step::directory:
      return Error("enter the directory " + (launch_.directory.empty() ? "of cr3scope" : launch_.directory) + as, code,
                   "Give another one with --directory.");
    default:
      return Error("execute " + launch_.arguments[0] + as, code,
                   code == ENOENT    ? "There is no such program, directory, or interpreter."
                   : code == EACCES  ? "It is not executable for that user."
                   : code == ENOEXEC ? "It is not a program for this machine."
                                     : "Check the program and its arguments.");
  }
}

const char* PreparedLaunch::variable(const std::string& name) const {
  for (const std::string& s : variables_)
    if (s.compare(0, name.size() + 1, name + "=") == 0) return s.c_str() + name.size() + 1;
  return nullptr;
}

// What login(1) would set; what was asked for stays.
void PreparedLaunch::look_up(const std::string& name) {
  const passwd* user = getpwnam(name.c_str());
  if (!user) throw Error("find the user " + name, ENOENT, "Give a name of /etc/passwd.");
  uid_ = user->pw_uid;
  gid_ = user->pw_gid;
  const std::string own[][2] = {
      {"HOME", user->pw_dir},
      {"USER", user->pw_name},
      {"LOGNAME", user->pw_name},
      {"SHELL", *user->pw_shell ? user->pw_shell : "/bin/sh"},
      {"PATH", uid_ ? "/usr/local/bin:/usr/bin:/bin" : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
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
bool PreparedLaunch::change_identity() const {
  if (syscall(SYS_setgroups, groups_.size(), groups_.data()) || syscall(SYS_setresgid, gid_, gid_, gid_) ||
      syscall(SYS_setresuid, uid_, uid_, uid_))
    return false;
  // Capabilities that were handed to cr3scope without root would outlive both.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (!uid_ || syscall(SYS_setuid, 0)) return true;
  errno = EPERM;  // it could become root again
  return false;
}

std::string PreparedLaunch::find(const std::string& name) const {
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

void launch(const RootsOf& roots_of, const Launch& what, bool follow, const std::atomic<bool>& cancel,
            const std::function<void(TraceEvent&&)>& emit) {
  const PreparedLaunch prepared(what);
  int go[2], failed[2];
  if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)) throw Error("pipe", errno, "Close some files and try again.");
  const pid_t pid = fork();
  if (pid < 0) throw Error("fork", errno, "Free some memory or end some processes.");
  if (pid == 0) {
    char byte;
    ::close(go[1]);
    // The tracer may die before it gives the start signal: then there is nothing to run.
    if (read(go[0], &byte, 1) != 1) _exit(127);
    const PreparedLaunch::Failure failure = prepared.become();
    (void)!write(failed[1], &failure, sizeof failure);
    _exit(127);
  }
  ::close(go[0]);
  ::close(failed[1]);
  File go_end(go[1]), failed_end(failed[0]);
  // What was launched and runs on is still a child of ours: somebody must reap it.
  struct Reaper {
    pid_t pid;
    ~Reaper() {
      if (waitpid(pid, nullptr, WNOHANG) == 0) std::thread([pid = pid] { waitpid(pid, nullptr, 0); }).detach();
    }
  } reaper{pid};
  trace_launched(roots_of, pid, what.arguments[0], follow, cancel, [&](TraceEvent&& event) {
    const bool starts = event.kind == TraceKind::start;
    emit(std::move(event));
    if (starts && write(go_end.fd(), "", 1) != 1) throw Error("start " + what.arguments[0], errno, "Try again.");
  });
  // Its outcome is known when it has exec'd, or has said why it did not.
  PreparedLaunch::Failure failure{};
  if (read(failed_end.fd(), &failure, sizeof failure) == sizeof failure) throw prepared.error_of(failure);
}

}  // namespace cr3scope
