// SPDX-License-Identifier: GPL-2.0-only
#include "bpf_frames.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "error.h"
#include "pagemap.h"

// bpf/frames.bpf.o, embedded by bpf/embed.S.
extern "C" const unsigned char cr3scope_frames_begin[], cr3scope_frames_end[];

namespace cr3scope {

namespace {

constexpr u64 kGiB = 1ull << 30;

// A page of ours that stays where it is.
class LockedPage {
 public:
  LockedPage() {
    page_ = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page_ == MAP_FAILED) throw Error("mmap", errno, "Free some memory.");
    mlock(page_, kPageSize);
    *static_cast<volatile char*>(page_) = 1;
  }
  ~LockedPage() { munmap(page_, kPageSize); }
  LockedPage(const LockedPage&) = delete;
  u64 va() const { return reinterpret_cast<u64>(page_); }
  u64 pfn() const {
    u64 word = 0;
    Pagemap(getpid()).read(va(), 1, &word);
    return PagemapWord{word}.present() ? PagemapWord{word}.pfn() : 0;
  }

 private:
  void* page_;
};

template <class T>
T* map_array(bpf_object* object, const char* name, size_t bytes, int protection) {
  int fd = bpf_object__find_map_fd_by_name(object, name);
  void* p = mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) throw Error(std::string("mmap bpf map ") + name, errno, "Free some memory.");
  return static_cast<T*>(p);
}

template <class T>
void unmap(T* p, size_t bytes) {
  if (p) munmap(p, bytes);
}

}  // namespace

void refuse_bpf(const Target& t, const std::string& call, int code) {
  std::string remedy =
      "bpf needs Linux 5.17 or newer with CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS and "
      "CONFIG_DEBUG_INFO_BTF.";
  // CAP_BPF and CAP_PERFMON load the programs, but /proc/iomem and the frame numbers of pagemap stay hidden.
  if (!(t.capabilities >> kCapSysAdmin & 1) || code == EACCES)
    remedy = "Run as root: it takes CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH in the initial user namespace.";
  else if (t.lockdown == "confidentiality")
    remedy = "Kernel lockdown forbids bpf to read kernel memory: boot with lockdown=integrity or lockdown=none.";
  else if (code == EMFILE || code == ENFILE)
    remedy = "Too many files are open: raise the limit (ulimit -n), or end other work.";
  else if (!t.btf) remedy = "This kernel has no BTF: use one with CONFIG_DEBUG_INFO_BTF, as distribution kernels have.";
  throw Error(call, code, remedy);
}

BpfFrames::BpfFrames(const Target& target, u64 direct_map) : target_(target) {
  if (target.ram.empty()) refuse_bpf(target, "read /proc/iomem", EACCES);
  libbpf_set_print(nullptr);  // the reason reaches the user as an Error, not as libbpf's log
  object_ = bpf_object__open_mem(cr3scope_frames_begin,
                                 static_cast<size_t>(cr3scope_frames_end - cr3scope_frames_begin), nullptr);
  if (!object_) refuse_bpf(target, "open the bpf object", errno);
  try {
    if (int e = bpf_object__load(object_)) refuse_bpf(target, "load the bpf programs", -e);
    auto program = [&](const char* name) { return bpf_object__find_program_by_name(object_, name); };
    read_frames_ = bpf_program__fd(program("read_frames"));
    probe_ = bpf_program__fd(program("probe"));
    iterator_ = bpf_program__attach_iter(program("roots"), nullptr);
    if (!iterator_) refuse_bpf(target, "attach the bpf task iterator", errno);
    addresses_ = map_array<u64>(object_, "addresses", kBatch * sizeof(u64), PROT_READ | PROT_WRITE);
    frames_ = map_array<u8>(object_, "frames", kBatch * kPageSize, PROT_READ);
    results_ = map_array<std::int64_t>(object_, "results", kBatch * sizeof(u64), PROT_READ);
    settings_ = map_array<frames_settings>(object_, "settings", kPageSize, PROT_READ | PROT_WRITE);

    u64 listed = 0;
    run(probe_, &listed, sizeof listed);
    direct_map_ = direct_map ? direct_map : listed;
    direct_map_from_ = direct_map ? "another reader" : "page_offset_base in kallsyms";
    find_direct_map();
  } catch (...) {
    release();
    throw;
  }
}

BpfFrames::~BpfFrames() { release(); }

void BpfFrames::release() {
  unmap(addresses_, kBatch * sizeof(u64));
  unmap(frames_, kBatch * kPageSize);
  unmap(results_, kBatch * sizeof(u64));
  if (iterator_) bpf_link__destroy(iterator_);
  unmap(settings_, kPageSize);
  if (object_) bpf_object__close(object_);
}

void BpfFrames::run(int program, void* context, unsigned bytes) {
  // A syscall program's context is read from ctx_in and written back there.
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context, .ctx_size_in = bytes);
  if (int e = bpf_prog_test_run_opts(program, &options)) refuse_bpf(target_, "run a bpf program", -e);
  if (options.retval) throw Error("run a bpf program", -static_cast<int>(options.retval), "Report this as a bug.");
}

const u8* BpfFrames::read(const u64* addresses, size_t count, FrameStatus* status) {
  if (count > kBatch) throw Error("read frames", E2BIG, "Report this as a bug.");
  for (size_t i = 0; i < count; i++) {
    bool ram = target_.is_ram(addresses[i], kPageSize);
    status[i] = ram ? FrameStatus::ok : FrameStatus::notRam;
    // A frame that must not be touched is replaced by the first RAM frame, whose bytes are given to nobody.
    addresses_[i] = ram ? addresses[i] : target_.ram.front().begin;
  }
  frames_request request{direct_map_, static_cast<u32>(count), 0};
  run(read_frames_, &request, sizeof request);
  for (size_t i = 0; i < count; i++)
    if (status[i] == FrameStatus::ok && results_[i])
      status[i] = results_[i] == -EFAULT ? FrameStatus::notInDirectMap : FrameStatus::failed;
  return frames_;
}

std::vector<root_record> BpfFrames::records(int only_pid, bool running) {
  settings_->running = running;
  settings_->only_tgid = static_cast<u32>(only_pid);
  File reader(bpf_iter_create(bpf_link__fd(iterator_)));
  if (!reader) throw Error("start the bpf task iterator", errno, "Close some files and try again.");
  std::vector<root_record> records;
  root_record buffer[1024];
  for (;;) {
    ssize_t n = ::read(reader.fd(), buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) throw Error("read the bpf task iterator", errno, "Try again.");
    if (n == 0) return records;
    records.insert(records.end(), buffer, buffer + static_cast<size_t>(n) / sizeof(root_record));
  }
}

RootRecord BpfFrames::to_root(const root_record& r) const {
  static const u64 tick_ns = 1'000'000'000ull / static_cast<u64>(sysconf(_SC_CLK_TCK));
  RootRecord root;
  root.pid = static_cast<int>(r.tgid);
  root.start_ticks = r.start_boottime / tick_ns;
  root.mm = r.mm;
  root.root_pa = r.pgd ? r.pgd - direct_map_ : 0;
  root.borrowed_pa = r.borrowed_pgd ? r.borrowed_pgd - direct_map_ : 0;
  // init_mm's root lies in the kernel image, not in the direct map: a kernel thread with it borrows none.
  if (!target_.is_ram(root.borrowed_pa, kPageSize)) root.borrowed_pa = 0;
  root.kernel_thread = r.flags & ROOT_KERNEL_THREAD;
  root.on_cpu = r.flags & ROOT_ON_CPU;
  root.cpu = r.cpu;
  return root;
}

std::vector<RootRecord> BpfFrames::roots(int only_pid) {
  std::vector<RootRecord> roots;
  for (const root_record& r : records(only_pid)) roots.push_back(to_root(r));
  // Two threads of a group whose leader has exited give two records with the same mm.
  std::stable_sort(roots.begin(), roots.end(),
                   [](auto& a, auto& b) { return a.pid < b.pid || (a.pid == b.pid && a.mm > b.mm); });
  roots.erase(std::unique(roots.begin(), roots.end(), [](auto& a, auto& b) { return a.pid == b.pid; }), roots.end());
  return roots;
}

std::vector<CpuState> BpfFrames::cpus() {
  std::vector<CpuState> cpus;
  const long configured = sysconf(_SC_NPROCESSORS_CONF);
  std::string online;
  read_text("/sys/devices/system/cpu/online", online);
  // "0-3,5": what is not listed is offline.
  for (const char* at = online.c_str(); *at;) {
    char* end;
    unsigned long first = std::strtoul(at, &end, 10), last = first;
    if (end == at) break;
    if (*end == '-') last = std::strtoul(end + 1, &end, 10);
    for (unsigned long cpu = first; cpu <= last && cpu < static_cast<unsigned long>(configured); cpu++) {
      CpuState state;
      state.cpu = static_cast<u32>(cpu);
      cpus.push_back(state);
    }
    at = *end == ',' ? end + 1 : end;
  }
  for (const root_record& r : records(0, true)) {
    auto state = std::find_if(cpus.begin(), cpus.end(), [&](const CpuState& c) { return c.cpu == r.cpu; });
    if (state == cpus.end()) continue;
    RootRecord root = to_root(r);
    // A thread that moves during the walk may be met twice; the later one is the newer.
    state->pid = root.pid;
    state->kernel_thread = root.kernel_thread;
    state->borrowed = root.borrowed_pa != 0;
    state->root_pa = root.root_pa ? root.root_pa : root.borrowed_pa;
    state->name.assign(r.comm, strnlen(r.comm, sizeof r.comm));
  }
  return cpus;
}

// Whether /proc/kpageflags lets this frame be a page table of `level`. PTE and PMD tables are marked; those above only
// since 6.14 (pagetable_pgd_ctor() and others); before that they must not be marked as anything else.
static bool may_be_table(u64 flags, unsigned level) {
  constexpr u64 kOther =
      kKpfLru | kKpfSlab | kKpfBuddy | kKpfMmap | kKpfAnon | kKpfHuge | kKpfHwpoison | kKpfNoPage | kKpfOffline;
  return flags != kUnknown && ((flags & kKpfPgTable) || (level > kPmd && !(flags & kOther)));
}

// Walks `va` from `pgd` under the assumption that physical 0 is mapped at `candidate`. Follows only frames that may be
// page tables, so that a wrong candidate reads nothing it should not.
bool BpfFrames::confirms(u64 candidate, u64 pgd, u64 va, u64 pfn) {
  if (candidate > pgd) return false;
  direct_map_ = candidate;
  u64 table = pgd - candidate;
  for (unsigned level = target_.paging.levels;; level--) {
    if (!target_.is_ram(table, kPageSize)) return false;
    if (!may_be_table(kpage_.flags(table >> kPageShift), level)) return false;
    FrameStatus status;
    const u8* frame = read(&table, 1, &status);
    if (status != FrameStatus::ok) return false;
    u64 raw;
    std::memcpy(&raw, frame + table_index(va, level) * sizeof raw, sizeof raw);
    Entry entry = decode(raw, level, target_.paging);
    if (entry.kind == EntryKind::leaf) return level == kPte && entry.pfn == pfn;
    if (entry.kind != EntryKind::table) return false;
    table = entry.pfn << kPageShift;
  }
}

// The direct map starts at a multiple of 1 GiB (arch/x86/mm/kaslr.c) at or below any address in it. A candidate is
// accepted only if the walks of two pages of our own end in the frames that pagemap names.
void BpfFrames::find_direct_map() {
  std::vector<root_record> own = records(getpid());
  if (own.empty() || !own[0].pgd) throw Error("read the own root", ESRCH, "Run in a PID namespace that /proc shows.");
  u64 pgd = own[0].pgd;
  LockedPage first, second;
  u64 first_pfn = first.pfn(), second_pfn = second.pfn();
  if (!first_pfn || !second_pfn)
    throw Error("read own PFNs from pagemap", EPERM, "Run as root in the initial user namespace (CAP_SYS_ADMIN).");
  // Without it, page tables can't be recognised.
  if (kpage_.flags(first_pfn) == kUnknown) refuse_bpf(target_, "read /proc/kpageflags", EACCES);
  auto believed = [&](u64 candidate) {
    return confirms(candidate, pgd, first.va(), first_pfn) && confirms(candidate, pgd, second.va(), second_pfn);
  };
  if (direct_map_ && believed(direct_map_)) return;
  direct_map_from_ = "search, confirmed by two own pages";
  u64 highest = pgd & ~(kGiB - 1);
  for (u64 candidate = highest; highest - candidate <= target_.ram.back().end; candidate -= kGiB)
    if (believed(candidate)) return;
  direct_map_ = 0;
  throw Error("find the kernel's direct map", ENXIO, "Please report this kernel: its direct map was not found.");
}

}  // namespace cr3scope
