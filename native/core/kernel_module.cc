// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_module.h"

#include <sys/ioctl.h>

#include <cstring>

namespace cr3scope {

namespace {

constexpr size_t kRuns = 2048, kWords = 65536;

constexpr char kBuild[] = "sudo npm run module";

bool is_yes(const char* path) {
  std::string text;
  return read_text(path, text) && !text.empty() && (text[0] == 'Y' || text[0] == '1');
}

// Where installations put modules that are not the kernel's own.
bool is_installed(const std::string& modules) {
  for (const char* folder : {"/updates/dkms/", "/updates/", "/extra/"})
    for (const char* ending : {"", ".xz", ".zst", ".gz"})
      if (access((modules + folder + "cr3scope.ko" + ending).c_str(), F_OK) == 0) return true;
  return false;
}

// Why there is no /dev/cr3scope, and the command that fixes it.
[[noreturn]] void refuse_missing(const Target& t, int code) {
  const std::string call = std::string("open ") + CR3SCOPE_DEVICE;
  const std::string modules = "/lib/modules/" + t.release;
  if (access("/proc/modules", F_OK) != 0)
    throw Error(call + " (this kernel loads no modules)", code,
                "Nothing to do: pagemap and the table walk are checked against each other without it.");
  bool locked = !t.lockdown.empty() && t.lockdown != "none";
  if (locked || is_yes("/sys/module/module/parameters/sig_enforce"))
    throw Error(
        call + (locked ? " (lockdown=" + t.lockdown + " loads signed modules only)"
                       : " (this kernel loads signed modules only)"),
        code,
        "Sign cr3scope.ko with a key that this machine trusts (see docs/module.md), then: sudo modprobe cr3scope");
  if (is_installed(modules)) throw Error(call + " (the module is not loaded)", code, "sudo modprobe cr3scope");
  if (access((modules + "/build").c_str(), F_OK) != 0)
    throw Error(call + " (the module is not built for this kernel, whose headers are missing)", code,
                "sudo apt-get install linux-headers-" + t.release + ", then: " + kBuild);
  throw Error(call + " (the module is not loaded)", code, kBuild);
}

[[noreturn]] void refuse(const Target& t, int code) {
  const std::string call = std::string("open ") + CR3SCOPE_DEVICE;
  if (t.lockdown == "confidentiality")
    throw Error(call, code, "Kernel lockdown forbids reading memory: boot with lockdown=integrity or lockdown=none.");
  throw Error(call, code, "Run as root: it takes CAP_SYS_ADMIN and CAP_SYS_RAWIO in the initial user namespace.");
}

// A call that can only fail because this process gave up capabilities, or the kernel was locked down, since the open.
[[noreturn]] void fail(const Target& t, const char* call, int code) {
  if (code == EPERM) refuse(t, code);
  throw Error(std::string("ask /dev/cr3scope to ") + call, code, "Report this as a bug.");
}

}  // namespace

// 0 or a positive errno. A call that a signal stopped before it did anything is made again.
template <class Call>
int KernelModule::call(unsigned long request, Call& argument) const {
  for (;;) {
    if (ioctl(device_.fd(), request, &argument) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

KernelModule::KernelModule(const Target& target) : target_(target), device_(CR3SCOPE_DEVICE, O_RDONLY) {
  if (!device_ && (errno == EPERM || errno == EACCES)) refuse(target, errno);
  if (!device_) refuse_missing(target, errno);
  int error = call(CR3SCOPE_INFO, info_);
  if (error == ENOTTY || (!error && info_.abi != CR3SCOPE_ABI))
    throw Error("talk to the loaded cr3scope.ko, which is of another version (this one speaks ABI " +
                    std::to_string(CR3SCOPE_ABI) + ")",
                ENOTTY, std::string("sudo rmmod cr3scope, then: ") + kBuild);
  if (error) fail(target, "describe the kernel", error);
  frames_.resize(kBatch * kPageSize);
  statuses_.resize(kBatch);
  pfns_.resize(kBatch);
}

const u8* KernelModule::read(const u64* addresses, size_t count, FrameStatus* status) {
  if (count > kBatch) throw Error("read frames", E2BIG, "Report this as a bug.");
  for (size_t i = 0; i < count; i++) pfns_[i] = addresses[i] >> kPageShift;
  for (size_t done = 0; done < count;) {
    cr3scope_read_frames request{};
    request.pfns = reinterpret_cast<u64>(&pfns_[done]);
    request.data = reinterpret_cast<u64>(&frames_[done * kPageSize]);
    request.status = reinterpret_cast<u64>(&statuses_[done]);
    request.count = static_cast<u32>(count - done);
    if (int error = call(CR3SCOPE_READ_FRAMES, request)) fail(target_, "read frames", error);
    done += request.done;
  }
  for (size_t i = 0; i < count; i++) {
    switch (statuses_[i]) {
      case CR3SCOPE_FRAME_OK:
        status[i] = FrameStatus::ok;
        break;
      case CR3SCOPE_FRAME_NOT_RAM:
        status[i] = FrameStatus::notRam;
        break;
      case CR3SCOPE_FRAME_OFFLINE:
        status[i] = FrameStatus::offline;
        break;
      case CR3SCOPE_FRAME_HWPOISON:
        status[i] = FrameStatus::hwpoison;
        break;
      case CR3SCOPE_FRAME_NOT_IN_DIRECT_MAP:
        status[i] = FrameStatus::notInDirectMap;
        break;
      case CR3SCOPE_FRAME_UNACCEPTED:
        status[i] = FrameStatus::unaccepted;
        break;
      default:
        status[i] = FrameStatus::failed;
    }
  }
  return frames_.data();
}

std::vector<RootRecord> KernelModule::roots(int only_pid) {
  std::vector<RootRecord> roots;
  std::vector<cr3scope_process> list(only_pid ? 1 : 1024);
  cr3scope_processes request{};
  request.next = only_pid ? only_pid : 1;
  while (request.next > 0) {
    request.first = request.next;
    request.records = reinterpret_cast<u64>(list.data());
    request.capacity = static_cast<u32>(list.size());
    if (int error = call(CR3SCOPE_PROCESSES, request)) fail(target_, "list processes", error);
    for (u32 i = 0; i < request.count; i++) {
      const cr3scope_process& p = list[i];
      if (only_pid && p.pid != only_pid) return roots;
      RootRecord root;
      root.pid = p.pid;
      root.start_ticks = p.start_ticks;
      root.kernel_thread = p.flags & CR3SCOPE_KERNEL_THREAD;
      root.on_cpu = p.flags & CR3SCOPE_ON_CPU;
      root.cpu = p.cpu;
      root.mm = root.root_pa = p.from == CR3SCOPE_FROM_MM ? p.root_pa : 0;  // a root belongs to one mm
      root.borrowed_pa = p.from == CR3SCOPE_FROM_ACTIVE_MM ? p.root_pa : 0;
      roots.push_back(root);
    }
    if (only_pid) break;
  }
  return roots;
}

KernelPath KernelModule::walk(int pid, u64 start_ticks, u64 va, bool user_root) {
  cr3scope_walk request{};
  request.pid = pid;
  request.start_ticks = start_ticks;
  request.va = va;
  request.flags = user_root ? CR3SCOPE_USER_ROOT : 0;
  if (int error = call(CR3SCOPE_WALK, request))
    throw Error("walk process " + std::to_string(pid) + " in the kernel", error,
                "It exited, or has no address space; `cr3scope ps` lists the processes there are.");
  KernelPath path;
  path.root_pa = request.root_pa;
  path.word.raw = request.word;
  for (unsigned level = 1; level <= CR3SCOPE_LEVELS; level++) {
    path.table[level] = request.table[level - 1];
    path.entry[level] = request.entry[level - 1];
  }
  path.last = path.table[request.last + 1] ? static_cast<u8>(request.last + 1) : 0;
  return path;
}

u64 KernelModule::walk_range(int pid, u64 start_ticks, u64 begin, u64 end, const Stretch& stretch) {
  if (runs_.empty()) {
    runs_.resize(kRuns);
    words_.resize(kWords);
  }
  cr3scope_walk_range request{};
  request.next = begin;
  do {
    request.pid = pid;
    request.start_ticks = start_ticks;
    request.begin = request.next;
    request.end = end;
    request.runs = reinterpret_cast<u64>(runs_.data());
    request.words = reinterpret_cast<u64>(words_.data());
    request.run_capacity = kRuns;
    request.word_capacity = kWords;
    int error = call(CR3SCOPE_WALK_RANGE, request);
    if (error == ESRCH || error == ESTALE || error == ENODATA) return 0;
    if (error) fail(target_, "walk a range", error);
    for (u32 i = 0; i < request.run_count; i++) {
      const cr3scope_run& run = runs_[i];
      stretch(run.va, run.pages, run.word, run.flags & CR3SCOPE_RUN_WORDS ? &words_[run.first] : nullptr);
    }
  } while (request.next < end);
  return request.root_pa;
}

std::vector<CpuState> KernelModule::cpus() {
  std::vector<CpuState> list;
  for (u32 i = 0; i < info_.cpus; i++) {
    cr3scope_cpu c{};
    c.cpu = i;
    int error = call(CR3SCOPE_CPU, c);
    if (error == ENXIO) continue;  // offline
    if (error) fail(target_, "read a CPU", error);
    list.push_back({i, c.pid, c.cr0, c.cr3, c.cr4, c.efer, c.pat, c.root_pa, c.from == CR3SCOPE_FROM_ACTIVE_MM,
                    (c.flags & CR3SCOPE_KERNEL_THREAD) != 0, c.comm});
  }
  return list;
}

}  // namespace cr3scope
