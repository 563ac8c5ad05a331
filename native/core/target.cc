// SPDX-License-Identifier: GPL-2.0-only
#include "target.h"

#include <bpf/btf.h>
#include <cpuid.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <string_view>

#include "error.h"
#include "file.h"
#include "kpage.h"
#include "pagemap.h"
#include "swap_options.h"

namespace cr3scope {

bool Target::is_ram(u64 pa, u64 bytes) const {
  auto it = std::upper_bound(ram.begin(), ram.end(), pa, [](u64 a, const RamRange& r) { return a < r.begin; });
  return it != ram.begin() && pa >= (--it)->begin && bytes <= it->end - pa && pa < it->end;
}

namespace {

// The kernel configuration: /proc/config.gz, else /boot/config-RELEASE.
std::string kernel_config(const std::string& release, std::string& from) {
  for (std::string path : {std::string("/proc/config.gz"), "/boot/config-" + release}) {
    gzFile gz = gzopen(path.c_str(), "rb");  // also reads plain text
    if (!gz) continue;
    std::string text;
    char buffer[65536];
    for (int n; (n = gzread(gz, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
    gzclose(gz);
    if (text.find("CONFIG_X86_64=y") == std::string::npos) continue;
    from = path;
    return text;
  }
  return {};
}

std::vector<RamRange> read_ram() {
  std::vector<RamRange> ranges;
  std::string text;
  if (!read_text("/proc/iomem", text)) return ranges;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    unsigned long long begin, end;
    // Top level only; children (" Kernel code") are indented. Without the capability all addresses read 0.
    if (line.find(" : System RAM") == std::string::npos || line[0] == ' ') continue;
    if (std::sscanf(line.c_str(), "%llx-%llx", &begin, &end) == 2 && end > 0) ranges.push_back({begin, end + 1});
  }
  return ranges;
}

std::string field_of(const std::string& text, const char* name) {
  size_t at = text.find(name);
  if (at == std::string::npos) return {};
  at = text.find(':', at);
  size_t end = text.find('\n', at);
  if (at == std::string::npos || end == std::string::npos) return {};
  return text.substr(at + 2 < end ? at + 2 : end, end > at + 2 ? end - at - 2 : 0);
}

u64 encryption_mask(const std::string& flags) {
  unsigned a, b, c, d;
  bool capable = flags.find(" sme ") != std::string::npos || flags.find(" sev ") != std::string::npos;
  // CPUID 8000001F EBX[5:0]: position of the C-bit (AMD APM vol. 3, E.4.17).
  if (!capable || !__get_cpuid(0x8000001f, &a, &b, &c, &d)) return 0;
  return 1ull << (b & 63);
}

// The frame of a page of ours, read or written before; calls `look` while the page is there. 0 where PFNs are hidden.
u64 look_at_own_page(bool write, const std::function<void(u64 pfn)>& look) {
  void* page = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 0;
  auto byte = static_cast<volatile char*>(page);
  if (write) *byte = 1;
  else (void)*byte;
  PagemapWord word{0};
  try {
    Pagemap(getpid()).read(reinterpret_cast<u64>(page), 1, &word.raw);
  } catch (const Error&) {
  }
  const u64 pfn = word.present() ? word.pfn() : 0;
  if (pfn) look(pfn);
  munmap(page, kPageSize);
  return pfn;
}

// What the kernel maps where an untouched page is read. Some have a frame of its own there (pvm_no_zero_page); then the
// zero page is looked for among all frames. 0 if PFNs are hidden.
u64 find_zero_page() {
  const KPage facts;
  bool is_zero = true;
  const u64 mapped = look_at_own_page(false, [&](u64 pfn) {
    const u64 flags = facts.flags(pfn);
    is_zero = flags == kUnknown || (flags & kKpfZeroPage);
  });
  if (is_zero) return mapped;
  std::vector<u64> words(1 << 16);
  for (u64 first = 0;; first += words.size()) {
    facts.flags(first, words.size(), words.data());
    if (words[0] == kUnknown) return 0;  // after the last frame
    for (size_t i = 0; i < words.size() && words[i] != kUnknown; i++)
      if ((words[i] & kKpfZeroPage) && !(words[i] & kKpfThp)) return first + i;
  }
}

// Whether kpageflags has KSM set for a page that was never offered to KSM: some kernels since 6.10 set it for every
// anonymous page (stable_page_flags(), fs/proc/page.c).
bool calls_all_anonymous_ksm() {
  bool ksm = false;
  look_at_own_page(true, [&](u64 pfn) {
    u64 flags = KPage().flags(pfn);
    ksm = flags != kUnknown && (flags & kKpfKsm);
  });
  return ksm;
}

}  // namespace

std::optional<SwapConfig> swap_config_by_btf(unsigned version, std::string& from) {
  std::unique_ptr<btf, void (*)(btf*)> types(btf__load_vmlinux_btf(), btf__free);
  return types ? swap_config_by_btf(types.get(), version, from) : std::nullopt;
}

std::optional<SwapConfig> swap_config_by_btf(const btf* types, unsigned version, std::string& from) {
  std::optional<SwapConfig> found;
  u32 files = 0;
  for (u32 id = 1; id < btf__type_cnt(types); id++) {
    const btf_type* type = btf__type_by_id(types, id);
    if (!btf_is_array(type)) continue;
    const struct btf_array* array = ::btf_array(type);  // also the name of the function
    const btf_type* element = btf__type_by_id(types, array->type);
    if (!element || !btf_is_ptr(element)) continue;
    const btf_type* named = btf__type_by_id(types, element->type);
    const char* name = named ? btf__name_by_offset(types, named->name_off) : nullptr;
    if (!named || !btf_is_struct(named) || !name || std::string_view(name) != "swap_info_struct") continue;
    auto config = swap_config(version, array->nelems);
    if (!config || array->nelems == files) continue;
    if (found) return std::nullopt;
    found = config;
    files = array->nelems;
  }
  if (found) from = "BTF (MAX_SWAPFILES " + std::to_string(files) + ")";
  return found;
}

Target read_target() {
  Target t;
  utsname name;
  uname(&name);
  t.release = name.release;
  t.build = name.version;

  std::string cpuinfo;
  if (!read_text("/proc/cpuinfo", cpuinfo)) throw Error("read /proc/cpuinfo", errno, "Mount /proc.");
  std::string flags = " " + field_of(cpuinfo, "flags") + " ";
  t.cpu_model = field_of(cpuinfo, "model name");
  // The kernel clears these where it does not use them (no5lvl, nopti, nopcid), so a flag here means "in use".
  t.pti = flags.find(" pti ") != std::string::npos;
  t.pcid = flags.find(" pcid ") != std::string::npos;
  t.lam = flags.find(" lam ") != std::string::npos;
  t.la57 = flags.find(" la57 ") != std::string::npos;
  unsigned physical = 52;
  std::sscanf(field_of(cpuinfo, "address sizes").c_str(), "%u bits physical, %u bits virtual", &physical,
              &t.virtual_bits);

  unsigned major = 0, minor = 0;
  std::sscanf(name.release, "%u.%u", &major, &minor);
  std::string config = kernel_config(t.release, t.config_from);
  auto has = [&](const char* option) { return config.find(option) != std::string::npos; };
  t.paging.levels = t.la57 ? 5 : 4;
  t.paging.max_phys_bits = static_cast<u8>(std::min(physical, 52u));
  t.paging.encryption_mask = encryption_mask(flags);
  t.paging.swap_pfn_bits = t.la57 ? 40 : 34;
  const unsigned version = major << 8 | minor;
  std::optional<SwapConfig> swap;
  if (!config.empty())
    swap = {has("\nCONFIG_MIGRATION=y"), has("\nCONFIG_MEMORY_FAILURE=y"), has("\nCONFIG_DEVICE_PRIVATE=y")};
  else swap = swap_config_by_btf(version, t.config_from);
  t.paging = swap_types(t.paging, version, swap.value_or(SwapConfig{true, true, true}));
  t.paging.swap_types_known = swap.has_value();

  std::string lockdown;
  if (read_text("/sys/kernel/security/lockdown", lockdown)) {
    size_t open = lockdown.find('['), close = lockdown.find(']');
    if (open != std::string::npos && close != std::string::npos)
      t.lockdown = lockdown.substr(open + 1, close - open - 1);
  }
  std::string status;
  if (read_text("/proc/self/status", status)) t.capabilities = std::stoull(field_of(status, "CapEff"), nullptr, 16);
  t.btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  t.ram = read_ram();
  t.zero_pfn = find_zero_page();
  t.ksm_unreliable = calls_all_anonymous_ksm();
  return t;
}

}  // namespace cr3scope
