// SPDX-License-Identifier: GPL-2.0-only
// Tries system calls before and after the helper's drop_privileges(), and prints of each "NAME ERRNO ERRNO", 0 where it
// succeeded. The arguments are such that nothing happens: without the filter most fail for a reason of their own.
#include "../helper/privileges.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "../../kmod/cr3scope.h"
#include "../core/error.h"

namespace {

template <class T>
long word(T value) {
  return (long)value;
}

struct Attempt {
  const char* name;
  long call;
  long arguments[6];

  int try_it() const {
    const long* a = arguments;
    return syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]) < 0 ? errno : 0;
  }
};

constexpr long kNobody = 0x7ffffff0;  // more than any PID
constexpr long kNoFile = -1;
const long kNowhere = word("/nonexistent/file"), kHere = word("/proc/self/status");
constexpr long kBadPointer = 8;

const Attempt kAttempts[] = {
    // to execute programs and start processes
    {"execve", SYS_execve, {kNowhere}},
    {"execveat", SYS_execveat, {kNoFile, kNowhere}},
    {"fork", SYS_clone, {CLONE_SIGHAND}},  // without CLONE_VM there is no such clone
    {"clone3", SYS_clone3, {kBadPointer, 64}},
    {"vfork-like clone", SYS_clone, {CLONE_SIGHAND | CLONE_VFORK}},
    {"mmap code", SYS_mmap, {0, 0, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"mprotect code", SYS_mprotect, {1, 4096, PROT_READ | PROT_EXEC}},
    {"pkey_mprotect", SYS_pkey_mprotect, {1, 4096, PROT_READ | PROT_EXEC, -1}},
    {"memfd_create", SYS_memfd_create, {kBadPointer}},
    // to alter files
    {"open for writing", SYS_open, {kNowhere, O_WRONLY}},
    {"open for both", SYS_open, {kNowhere, O_RDWR}},
    {"openat for writing", SYS_openat, {AT_FDCWD, kNowhere, O_WRONLY}},
    {"openat for both", SYS_openat, {AT_FDCWD, kNowhere, O_RDWR}},
    {"openat to create", SYS_openat, {AT_FDCWD, kNowhere, O_CREAT}},
    {"openat to truncate", SYS_openat, {AT_FDCWD, kNowhere, O_TRUNC}},
    {"openat without a name", SYS_openat, {AT_FDCWD, kNowhere, O_TMPFILE | O_WRONLY}},
    {"openat2", SYS_openat2, {AT_FDCWD, kNowhere, kBadPointer, 24}},
    {"open_by_handle_at", SYS_open_by_handle_at, {kNoFile, kBadPointer, O_RDONLY}},
    {"creat", SYS_creat, {kNowhere}},
    {"unlink", SYS_unlink, {kNowhere}},
    {"rename", SYS_rename, {kNowhere, kNowhere}},
    {"link", SYS_link, {kNowhere, kNowhere}},
    {"symlink", SYS_symlink, {kNowhere, kNowhere}},
    {"mkdir", SYS_mkdir, {kNowhere}},
    {"truncate", SYS_truncate, {kNowhere}},
    {"ftruncate", SYS_ftruncate, {kNoFile}},
    {"chmod", SYS_chmod, {kNowhere}},
    {"chown", SYS_chown, {kNowhere}},
    {"setxattr", SYS_setxattr, {kNowhere, kNowhere, kNowhere}},
    {"utimensat", SYS_utimensat, {kNoFile, kNowhere}},
    {"pwrite64", SYS_pwrite64, {kNoFile}},
    {"ioctl of a disk", SYS_ioctl, {kNoFile, BLKDISCARD}},
    {"ioctl of a terminal", SYS_ioctl, {kNoFile, TIOCSTI}},
    {"ioctl of file flags", SYS_ioctl, {kNoFile, word(FS_IOC_SETFLAGS)}},
    {"io_uring_setup", SYS_io_uring_setup, {1, kBadPointer}},
    // to alter the machine
    {"mount", SYS_mount, {kBadPointer, kNowhere}},
    {"umount2", SYS_umount2, {kNowhere}},
    {"pivot_root", SYS_pivot_root, {kNowhere, kNowhere}},
    {"chroot", SYS_chroot, {kNowhere}},
    {"unshare", SYS_unshare, {1}},
    {"setns", SYS_setns, {kNoFile}},
    {"init_module", SYS_init_module, {kBadPointer, 0, kBadPointer}},
    {"finit_module", SYS_finit_module, {kNoFile, kBadPointer}},
    {"swapon", SYS_swapon, {kNowhere}},
    {"sethostname", SYS_sethostname, {kBadPointer, 1}},
    {"iopl", SYS_iopl, {99}},
    // to alter and reach other processes
    {"ptrace: poke", SYS_ptrace, {PTRACE_POKEDATA, kNobody}},
    {"ptrace: peek", SYS_ptrace, {PTRACE_PEEKDATA, kNobody}},
    {"ptrace: set registers", SYS_ptrace, {PTRACE_SETREGS, kNobody}},
    {"ptrace: set a register set", SYS_ptrace, {PTRACE_SETREGSET, kNobody}},
    {"ptrace: set a signal", SYS_ptrace, {PTRACE_SETSIGINFO, kNobody}},
    {"ptrace: kill", SYS_ptrace, {PTRACE_KILL, kNobody}},
    {"process_vm_writev", SYS_process_vm_writev, {kNobody}},
    {"kill", SYS_kill, {kNobody}},
    {"pidfd_open", SYS_pidfd_open, {kNobody}},
    {"prlimit64 to set", SYS_prlimit64, {kNobody, 0, kBadPointer}},
    {"socket", SYS_socket, {AF_MAX + 1}},
    // to get more rights
    {"setuid", SYS_setuid, {-1}},
    {"keyctl", SYS_keyctl, {-1}},
    {"seccomp", SYS_seccomp, {-1}},
    // what the sources need
    {"openat to read", SYS_openat, {AT_FDCWD, kHere, O_RDONLY | O_CLOEXEC}},
    {"ptrace: seize", SYS_ptrace, {PTRACE_SEIZE, kNobody}},
    {"bpf", SYS_bpf, {-1}},
    {"perf_event_open", SYS_perf_event_open, {kBadPointer}},
    {"ioctl of the module", SYS_ioctl, {kNoFile, word(CR3SCOPE_WALK)}},
    {"ioctl of a perf event", SYS_ioctl, {kNoFile, PERF_EVENT_IOC_ENABLE}},
};

}  // namespace

int main() {
  std::vector<int> before;
  for (const Attempt& attempt : kAttempts) before.push_back(attempt.try_it());
  try {
    cr3scope::drop_privileges();
  } catch (const cr3scope::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  size_t i = 0;
  for (const Attempt& attempt : kAttempts) std::printf("%s\t%d\t%d\n", attempt.name, before[i++], attempt.try_it());
}
