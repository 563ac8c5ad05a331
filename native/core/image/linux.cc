// SPDX-License-Identifier: GPL-2.0-only
#include "linux.h"

#include <algorithm>
#include <cstdio>
#include <unordered_set>

#include "../error.h"
#include "../swap_options.h"

namespace cr3scope {

namespace {

constexpr size_t kMostTasks = 1 << 22, kMostThreads = 1 << 16;
constexpr u64 kMostBtf = 64 << 20, kLeastBtf = 200'000;        // the kernel's own has megabytes, that of modules less
constexpr unsigned kPfKthread = 0x00200000, kPfWorker = 0x20;  // include/linux/sched.h
constexpr u64 kNsPerTick = 10'000'000;                         // USER_HZ is 100

Error not_found(const std::string& what) {
  return Error("find Linux in this image: " + what, ENODATA,
               "Give the physical address of a root page table with --root: that needs no kernel.");
}

Error broken(const std::string& what) {
  return Error("read " + what + " in this image", EUCLEAN,
               "The image may have been taken while the machine ran, or was altered.");
}

std::string hex(u64 value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

// The letter of /proc/PID/stat (task_state_to_char(), include/linux/sched.h).
char state_letter(u32 state, u32 exit_state) {
  constexpr u32 kIdle = 0x402, kReport = 0x7f;
  if (state == kIdle) return 'I';
  const u32 shown = (state | exit_state) & kReport;
  constexpr char kLetters[] = "RSDTtXZP";
  return kLetters[shown ? 32 - static_cast<unsigned>(__builtin_clz(shown)) : 0];
}

}  // namespace

Linux::Linux(const Image& image, Places& places) : image_(image), info_(VmcoreInfo::find(image, places)) {
  if (info_.empty()) throw not_found("there is no VMCOREINFO in it");
  find_root();
  find_types(places);
  layout_.emplace(*types_);
  find_init_task(places);
  read_target();
}

// From here on every kernel address goes through the kernel's own tables, wherever KASLR has put things.
void Linux::find_root() {
  const auto top = info_.symbol("swapper_pg_dir"), base = info_.number("phys_base");
  const std::string release = info_.text("OSRELEASE");
  if (!top || !base) throw not_found("VMCOREINFO does not say where its page tables are");
  phys_base_ = *base;
  root_pa_ = *top - kKernelMap + phys_base_;
  target_.paging.levels = info_.number("pgtable_l5_enabled").value_or(0) ? 5 : 4;
  target_.release = release;
  findings_.push_back("VMCOREINFO of Linux " + release + " by " + info_.from());

  KernelMemory memory = this->memory();
  const auto itself = memory.physical(*top);
  if (root_pa_ & (kPageSize - 1) || !itself || *itself != root_pa_)
    throw not_found("its root page table does not map itself where VMCOREINFO says");
  const auto text = info_.symbol("_stext");
  if (!text || memory.physical(*text) != std::optional(*text - kKernelMap + phys_base_))
    throw not_found("its text is not where VMCOREINFO says");
  findings_.push_back("kernel root " + hex(root_pa_) + ", " + std::to_string(target_.paging.levels) +
                      " levels, phys_base " + hex(phys_base_) +
                      "; confirmed: it maps itself and the kernel's text there");
}

void Linux::find_types(Places& places) {
  KernelMemory memory = this->memory();
  symbols_ = Symbols::find(memory, image_, places, info_, phys_base_,
                           {"__start_BTF", "__stop_BTF", "init_task", "vmemmap_base", "page_offset_base", "zero_pfn",
                            "zero_page_pfn", "huge_zero_pfn", "huge_zero_page", "boot_cpu_data", "saved_command_line",
                            "sme_me_mask", "sysctl_bootid", "__num_online_cpus"});
  if (!symbols_.empty())
    findings_.push_back("symbols by kallsyms, by " + symbols_.from() + "; confirmed: _stext is where VMCOREINFO says");
  const auto begin = symbols_["__start_BTF"], end = symbols_["__stop_BTF"];
  if (begin && end && *end > *begin && *end - *begin <= kMostBtf) {
    std::vector<u8> bytes(*end - *begin);
    if (memory.read(*begin, bytes.data(), bytes.size())) types_ = Types::parse(bytes);
    if (types_) findings_.push_back("structures by the kernel's BTF at " + hex(*begin) + ", by its symbol");
  }
  if (types_) return;
  // The header of BTF, little-endian, version 1 (include/uapi/linux/btf.h).
  scan(image_, places, std::string("\x9f\xeb\x01\x00\x18\x00\x00\x00", 8), [&](u64 pa) {
    u32 header[6];
    if (!memory.read_physical(pa, header, sizeof header)) return false;
    const u64 types_at = header[2], types = header[3], strings_at = header[4], strings = header[5];
    if (types_at || strings_at < types || types < kLeastBtf || strings_at + strings > kMostBtf) return false;
    std::vector<u8> bytes(sizeof header + strings_at + strings);
    if (memory.read_physical(pa, bytes.data(), bytes.size())) types_ = Types::parse(bytes);
    if (types_) findings_.push_back("structures by the kernel's BTF at physical " + hex(pa) + ", by a scan");
    return types_.has_value();
  });
  if (!types_) throw not_found("its kernel has no BTF in memory, which describes its structures");
}

void Linux::find_init_task(Places& places) {
  KernelMemory memory = this->memory();
  const Layout& l = *layout_;
  auto confirmed = [&](u64 task) {
    return memory.value<int>(task + l.task_pid.offset) == std::optional(0) &&
           memory.word(task + l.task_group_leader.offset) == task && memory.word(task + l.task_mm.offset) == 0 &&
           memory.text(task + l.task_comm.offset, 16).starts_with("swapper");
  };
  std::string by = "its symbol";
  if (auto task = symbols_["init_task"]) init_task_ = *task;
  else {
    by = "a scan for swapper/0";
    scan(image_, places, std::string("swapper/0\0", 10), [&](u64 pa) {
      const u64 task = pa - l.task_comm.offset - phys_base_ + kKernelMap;
      if (memory.physical(task) != std::optional(pa - l.task_comm.offset) || !confirmed(task)) return false;
      init_task_ = task;
      return true;
    });
  }
  if (!init_task_ || !confirmed(init_task_)) throw not_found("its first task is not there");
  findings_.push_back("init_task at " + hex(init_task_) + " by " + by + "; confirmed: PID 0, its own leader, no mm");
}

// As %pU prints it; empty if it is 0: nobody has asked the kernel for it yet.
static std::string uuid_text(const std::array<u8, 16>& bytes) {
  if (std::all_of(bytes.begin(), bytes.end(), [](u8 b) { return b == 0; })) return {};
  std::string text;
  for (size_t i = 0; i < bytes.size(); i++) {
    char part[4];
    std::snprintf(part, sizeof part, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
    text += part;
  }
  return text;
}

void Linux::read_target() {
  KernelMemory memory = this->memory();
  const Types& t = *types_;
  // init_uts_ns.name, each field of 65 bytes (include/uapi/linux/utsname.h).
  if (auto at = info_.symbol("init_uts_ns")) {
    if (auto name = t.member("uts_namespace.name")) {
      auto field = [&](unsigned i) { return memory.text(*at + name->offset + i * 65, 64); };
      facts_.hostname = field(1);
      target_.build = field(3);
      if (const std::string release = field(2); release != target_.release)
        throw not_found("its release is " + release + ", and not that of VMCOREINFO");
    }
  }
  // The CPU's features as the kernel uses them: a bit is cleared where it does not
  // (arch/x86/include/asm/cpufeatures.h).
  if (auto cpu = symbols_["boot_cpu_data"]) {
    auto bit = [&](unsigned word, unsigned number) {
      auto features = t.member("cpuinfo_x86.x86_capability");
      return features && (memory.value<u32>(*cpu + features->offset + word * 4).value_or(0) >> number & 1);
    };
    target_.pti = bit(7, 11);
    target_.pcid = bit(4, 17);
    target_.lam = bit(12, 26);
    if (auto model = t.member("cpuinfo_x86.x86_model_id")) target_.cpu_model = memory.text(*cpu + model->offset, 64);
    if (auto bits = t.member("cpuinfo_x86.x86_phys_bits"))
      if (const u8 n = memory.value<u8>(*cpu + bits->offset).value_or(52); n >= 32 && n <= 52)
        target_.paging.max_phys_bits = n;
    findings_.push_back(std::string("PTI ") + (target_.pti ? "on" : "off") + " by the features in boot_cpu_data");
  } else {
    // Under PTI the CPU, or the table beside it, has the user root; the notes of the file may tell.
    for (const CpuState& c : image_.cpus()) target_.pti |= (c.cr3 & kPageSize) != 0;
    findings_.push_back(target_.pti ? "PTI on by a CPU's CR3"
                                    : "whether PTI is on is not known: it is taken to be off");
  }
  if (auto mask = symbols_["sme_me_mask"]) target_.paging.encryption_mask = memory.word(*mask) & kAddressBits;
  for (const char* name : {"zero_pfn", "zero_page_pfn"})  // the second one on 7.3
    if (auto zero = symbols_[name]) target_.zero_pfn = memory.word(*zero);
  if (auto base = symbols_["page_offset_base"]) direct_map_ = memory.word(*base);
  if (auto line = symbols_["saved_command_line"]) facts_.command_line = memory.text(memory.word(*line), 4096);
  if (auto id = symbols_["sysctl_bootid"])
    if (auto bytes = memory.value<std::array<u8, 16>>(*id)) facts_.boot_id = uuid_text(*bytes);
  if (auto cpus = symbols_["__num_online_cpus"]) facts_.cpus = memory.value<u32>(*cpus).value_or(0);
  unsigned major = 0, minor = 0;
  std::sscanf(target_.release.c_str(), "%u.%u", &major, &minor);
  const unsigned version = major << 8 | minor;
  short_worker_names_ = version < 0x60a;
  auto swap = swap_config_by_btf(t.get(), version, target_.config_from);
  target_.la57 = target_.paging.levels == 5;
  target_.virtual_bits = target_.paging.top_shift();
  target_.paging.swap_pfn_bits = target_.la57 ? 40 : 34;
  target_.paging = swap_types(target_.paging, version, swap.value_or(SwapConfig{true, true, true}));
  target_.paging.swap_types_known = swap.has_value();
  target_.btf = true;
}

Linux::Tasks Linux::tasks() const {
  std::vector<Process> found;
  KernelMemory memory = this->memory();
  const Layout& l = *layout_;
  std::vector<CpuState> running(image_.cpus());
  for (CpuState& cpu : running)
    if (target_.pti) cpu.root_pa &= ~kPageSize;

  auto root_of = [&](u64 mm) -> u64 {
    const u64 pgd = mm ? memory.word(mm + l.mm_pgd.offset) : 0;
    return pgd ? memory.physical(pgd).value_or(0) & ~(kPageSize - 1) : 0;
  };
  // Calls `take` with each thread; ends where it returns true.
  auto each_thread = [&](u64 leader, const std::function<bool(u64 task)>& take) {
    const u64 head = memory.word(leader + l.task_signal.offset) + l.signal_thread_head.offset;
    u64 node = memory.word(head);
    for (size_t i = 0; node != head && is_kernel_address(node) && i < kMostThreads; i++) {
      if (take(node - l.task_thread_node.offset)) return;
      node = memory.word(node);
    }
  };
  const u64 head = init_task_ + l.task_tasks.offset;
  std::unordered_set<u64> seen;
  for (u64 node = memory.word(head); node != head; node = memory.word(node)) {
    if (!is_kernel_address(node) || !seen.insert(node).second || seen.size() > kMostTasks)
      throw broken("the list of tasks after " + std::to_string(found.size()) + " processes");
    const u64 task = node - l.task_tasks.offset;
    Process p;
    ProcessRow& row = p.row;
    const auto pid = memory.value<int>(task + l.task_tgid.offset);
    if (!pid || *pid <= 0 || *pid >= 1 << 22) throw broken("the task at " + hex(task));
    row.pid = *pid;
    row.ppid = memory.value<int>(memory.word(task + l.task_parent.offset) + l.task_tgid.offset).value_or(0);
    row.uid = memory.value<u32>(memory.word(task + l.task_cred.offset) + l.cred_uid.offset).value_or(0);
    row.threads = memory.value<u32>(memory.word(task + l.task_signal.offset) + l.signal_nr_threads.offset).value_or(0);
    row.state = state_letter(memory.value<u32>(task + l.task_state.offset).value_or(0),
                             memory.value<u32>(task + l.task_exit_state.offset).value_or(0));
    row.kernel_thread = memory.value<u32>(task + l.task_flags.offset).value_or(0) & kPfKthread;
    row.start_ticks = memory.word(task + l.task_start.offset) / kNsPerTick;
    row.name = memory.text(task + l.task_comm.offset, 16);
    // Of workers, and of those that rescue them, /proc shows the short name before 6.10 (wq_worker_comm(),
    // kernel/workqueue.c; 2a1b02bcba78).
    const bool is_short = memory.value<u32>(task + l.task_flags.offset).value_or(0) & kPfWorker && short_worker_names_;
    if (const u64 thread =
            row.kernel_thread && !is_short && l.kthread_name.bytes ? memory.word(task + l.task_worker.offset) : 0)
      if (const u64 name = memory.word(thread + l.kthread_name.offset); is_kernel_address(name))
        row.name = memory.text(name, 64);

    RootRecord& root = p.root;
    root.pid = row.pid;
    root.start_ticks = row.start_ticks;
    root.kernel_thread = row.kernel_thread;
    root.mm = row.kernel_thread ? 0 : memory.word(task + l.task_mm.offset);
    each_thread(task, [&](u64 thread) {
      // Of a leader that has exited another thread still has the address space.
      if (!root.mm && !row.kernel_thread) root.mm = memory.word(thread + l.task_mm.offset);
      if (l.task_on_cpu.bytes && memory.value<u32>(thread + l.task_on_cpu.offset).value_or(0)) {
        root.on_cpu = true;
        root.cpu = l.task_cpu.bytes ? memory.value<u32>(thread + l.task_cpu.offset).value_or(0) : 0;
        for (CpuState& cpu : running) {
          if (cpu.cpu != root.cpu) continue;
          cpu.pid = row.pid;
          cpu.name = row.name;
          cpu.kernel_thread = row.kernel_thread;
        }
      }
      return false;
    });
    root.root_pa = root_of(root.mm);
    if (!root.mm) root.borrowed_pa = root_of(memory.word(task + l.task_active_mm.offset));
    if (root.mm) {
      if (l.mm_pgtables.bytes) row.page_table_bytes = memory.word(root.mm + l.mm_pgtables.offset) & ~u64{1023};
      // File, anonymous and shared memory; swapped pages (2) do not count (include/linux/mm_types_task.h).
      for (unsigned counter : {0, 1, 3})
        if (l.mm_rss_stride)
          if (auto pages =
                  static_cast<std::int64_t>(memory.word(root.mm + l.mm_rss.offset + counter * l.mm_rss_stride));
              pages > 0)
            row.rss_bytes += static_cast<u64>(pages) * kPageSize;
    }
    found.push_back(std::move(p));
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.row.pid < b.row.pid; });
  return {std::move(found), std::move(running)};
}

const Linux::Process* Linux::Tasks::process(int pid) const {
  auto at = std::lower_bound(processes.begin(), processes.end(), pid, [](auto& p, int n) { return p.row.pid < n; });
  return at != processes.end() && at->row.pid == pid ? &*at : nullptr;
}

}  // namespace cr3scope
