// SPDX-License-Identifier: GPL-2.0-only
// Facts of the target machine and kernel, each with its origin.
#pragma once
#include <string>
#include <vector>

#include "paging.h"

namespace cr3scope {

struct RamRange {
  u64 begin, end;  // physical addresses, end exclusive
};

struct Target {
  std::string release;      // uname -r
  std::string build;        // uname -v
  std::string cpu_model;    // /proc/cpuinfo
  std::string lockdown;     // "none", "integrity", "confidentiality"; "" where the kernel has no lockdown
  std::string config_from;  // what the swap type numbers were found by; "" where they are assumed
  bool pti = false, pcid = false, lam = false, la57 = false;
  unsigned virtual_bits = 48;
  u64 capabilities = 0;  // CapEff of this process
  bool btf = false;
  Paging paging;
  std::vector<RamRange> ram;  // "System RAM" of /proc/iomem; empty without CAP_SYS_ADMIN
  u64 zero_pfn = 0;           // the shared zero page; 0: PFNs are hidden

  bool ksm_unreliable = false;  // kpageflags calls every anonymous page KSM

  // Whether all of [pa, pa + bytes) is System RAM.
  bool is_ram(u64 pa, u64 bytes) const;
};

constexpr unsigned kCapSysAdmin = 21;

// The options that number the swap types, by the kernel's BTF: it has the type of `struct swap_info_struct
// *swap_info[MAX_SWAPFILES]` (mm/swapfile.c). None where BTF has no such array, or several that fit. `from` says what
// was found; `version` is major << 8 | minor.
std::optional<SwapConfig> swap_config_by_btf(unsigned version, std::string& from);

// Reads them all. Throws Error only where /proc itself is missing.
Target read_target();

}  // namespace cr3scope
