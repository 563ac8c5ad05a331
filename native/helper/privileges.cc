// SPDX-License-Identifier: GPL-2.0-only
#include "privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "../../kmod/cr3scope.h"
#include "../core/error.h"
#include "../core/facts.h"
#include "../core/proc_requests.h"

namespace cr3scope {

namespace {

[[noreturn]] void fail(const char* what, int code) {
  throw Error(what, code, "Report this as a bug, with the kernel's version.");
}

// SYS_ADMIN: frame numbers in pagemap, bpf, the module. DAC_READ_SEARCH: files of /proc that belong to others.
// SYS_PTRACE: /proc/PID/mem, and attaching. SYS_RAWIO: the module.
constexpr cap_value_t kKept[] = {CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_SYS_RAWIO};

void keep_capabilities() {
  struct Free {
    void operator()(cap_t caps) const { cap_free(caps); }
  };
  std::unique_ptr<std::remove_pointer_t<cap_t>, Free> had(cap_get_proc()), kept(cap_init());
  if (!had || !kept) fail("read the capabilities", errno);
  for (cap_value_t cap : kKept) {
    cap_flag_value_t has;
    if (cap_get_flag(had.get(), cap, CAP_PERMITTED, &has) || !has) continue;
    if (cap_set_flag(kept.get(), CAP_PERMITTED, 1, &cap, CAP_SET) ||
        cap_set_flag(kept.get(), CAP_EFFECTIVE, 1, &cap, CAP_SET))
      fail("choose the capabilities", errno);
  }
  if (cap_set_proc(kept.get())) fail("drop capabilities", errno);
}

// No program that this process could still become gets a capability back. This takes CAP_SETPCAP, which root has.
void drop_bounds() {
  for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EPERM) fail("drop capabilities for good", errno);
}

// The user to become; none where this process is not root, or root itself asked.
std::optional<User> own_user() {
  if (geteuid() != 0) return std::nullopt;
  const std::vector<User> users = read_facts().users;
  for (const User& user : users)
    if (user.name == "cr3scope") return user;
  for (const char* name : {"PKEXEC_UID", "SUDO_UID"}) {
    const char* text = getenv(name);
    const unsigned long uid = text ? std::strtoul(text, nullptr, 10) : 0;
    if (uid) return User{static_cast<u32>(uid), ""};
  }
  return std::nullopt;
}

// "nogroup".
constexpr gid_t kNoGroup = 65534;

void become(const User& user) {
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)) fail("keep capabilities", errno);
  // Groups give access to files; none of them is needed.
  if (setgroups(0, nullptr) || setresgid(kNoGroup, kNoGroup, kNoGroup) || setresuid(user.uid, user.uid, user.uid))
    fail("become another user", errno);
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {
    if (!context_) fail("make a seccomp filter", ENOMEM);
  }
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;

  void allow(int call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    check(seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, call, static_cast<unsigned>(conditions.size()),
                                 conditions.begin()));
  }
  // As a kernel would that does not know it, so that libc does without.
  void unknown(int call) { check(seccomp_rule_add(context_, SCMP_ACT_ERRNO(ENOSYS), call, 0)); }
  void load() { check(seccomp_load(context_)); }

 private:
  static void check(int result) {
    if (result < 0) fail("set the seccomp filter", -result);
  }
  scmp_filter_ctx context_;
};

// The kernel looks at so much of an ioctl request.
constexpr scmp_datum_t kRequestBits = 0xffffffff;

void filter_calls() {
  Filter filter;
  constexpr int kFree[] = {
      // files
      SCMP_SYS(access), SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fcntl),
      SCMP_SYS(fstat), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(lseek), SCMP_SYS(newfstatat), SCMP_SYS(pread64),
      SCMP_SYS(preadv), SCMP_SYS(read), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(readv), SCMP_SYS(stat),
      SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(statx), SCMP_SYS(write), SCMP_SYS(writev),
      // waiting
      SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
      SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2), SCMP_SYS(futex), SCMP_SYS(nanosleep),
      SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(wait4),
      // memory and threads
      SCMP_SYS(brk), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(madvise), SCMP_SYS(membarrier), SCMP_SYS(mremap),
      SCMP_SYS(munmap), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
      SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(sigaltstack),
      SCMP_SYS(tgkill),
      // who and where
      SCMP_SYS(getegid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpid), SCMP_SYS(getrandom), SCMP_SYS(gettid),
      SCMP_SYS(getuid), SCMP_SYS(sysinfo), SCMP_SYS(uname),
      // the table walk by bpf
      SCMP_SYS(bpf), SCMP_SYS(perf_event_open)};
  for (int call : kFree) filter.allow(call);
  // Files are opened for reading only.
  constexpr scmp_datum_t kWrites = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  filter.allow(SCMP_SYS(open), {SCMP_A1(SCMP_CMP_MASKED_EQ, kWrites, O_RDONLY)});
  filter.allow(SCMP_SYS(openat), {SCMP_A2(SCMP_CMP_MASKED_EQ, kWrites, O_RDONLY)});
  filter.unknown(SCMP_SYS(openat2));
  // No memory becomes code.
  filter.allow(SCMP_SYS(mmap), {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)});
  filter.allow(SCMP_SYS(mprotect), {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)});
  // Threads, no processes.
  filter.allow(SCMP_SYS(clone), {SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)});
  filter.unknown(SCMP_SYS(clone3));
  // The requests that the sources make. Others alter disks and terminals also through files opened for reading.
  constexpr unsigned long kRequests[] = {
      kPagemapScan,          kMapQuery,           CR3SCOPE_INFO,        CR3SCOPE_PROCESSES,    CR3SCOPE_CPU,
      CR3SCOPE_WALK,         CR3SCOPE_WALK_RANGE, CR3SCOPE_READ_FRAMES, PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE,
      PERF_EVENT_IOC_SET_BPF};
  for (unsigned long request : kRequests)
    filter.allow(SCMP_SYS(ioctl), {SCMP_A1(SCMP_CMP_MASKED_EQ, kRequestBits, request)});
  // Limits are read: no others are needed after raise_limits().
  filter.allow(SCMP_SYS(prlimit64), {SCMP_A2(SCMP_CMP_EQ, 0)});
  // A traced process is stopped and let go, never altered.
  for (long request : {PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_LISTEN, PTRACE_CONT, PTRACE_DETACH, PTRACE_GETEVENTMSG,
                       PTRACE_GETSIGINFO})
    filter.allow(SCMP_SYS(ptrace), {SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(request))});
  filter.load();
}

// Before Linux 5.11 bpf maps count as locked memory. Readers take descriptors.
void raise_limits() {
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &all);
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

}  // namespace

void drop_privileges() {
  raise_limits();
  drop_bounds();
  if (std::optional<User> user = own_user()) become(*user);
  keep_capabilities();
  // No core dump with others' memory, and no ptrace from the user's other programs.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) fail("forbid core dumps", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("set no_new_privs", errno);
  filter_calls();
}

}  // namespace cr3scope
