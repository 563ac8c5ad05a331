// SPDX-License-Identifier: GPL-2.0-only
// What a kernel says of itself in its memory: VMCOREINFO, and the symbols of kallsyms.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "kernel_memory.h"
#include "places.h"

namespace cr3scope {

// The kernel's text mapping begins here (__START_KERNEL_map, arch/x86/include/asm/page_64_types.h).
constexpr u64 kKernelMap = 0xffffffff80000000ull;

// Calls `take` with the physical address of each place where `pattern` begins, until it returns true. A place counts
// only where the pattern is within one run of frames that are in the image.
void scan(const Image& image, Places& places, const std::string& pattern, const std::function<bool(u64 pa)>& take);

// VMCOREINFO (Documentation/admin-guide/kdump/vmcoreinfo.rst): "OSRELEASE", "SYMBOL(_stext)" and so on.
class VmcoreInfo {
 public:
  // By the notes of the image, else by a scan of its memory. Empty where neither has any.
  static VmcoreInfo find(const Image& image, Places& places);

  bool empty() const { return values_.empty(); }
  const std::string& from() const { return from_; }  // "the notes of the file"
  std::string text(const std::string& key) const;
  std::optional<u64> symbol(const char* name) const;  // an address
  std::optional<u64> number(const char* name) const;  // negative ones in two's complement

 private:
  explicit VmcoreInfo(const std::string& text);
  VmcoreInfo() = default;

  std::map<std::string, std::string> values_;
  std::string from_;
};

// Symbols by kallsyms, whose tables VMCOREINFO names since 6.0 (5fd8fea935a1); before, they are found by a scan.
class Symbols {
 public:
  // Looks for these names only. Empty where there are no tables, or they do not fit.
  static Symbols find(KernelMemory& memory, const Image& image, Places& places, const VmcoreInfo& info, u64 phys_base,
                      const std::vector<std::string>& names);

  bool empty() const { return addresses_.empty(); }
  const std::string& from() const { return from_; }  // what named the tables
  // The address; none if the kernel does not have it.
  std::optional<u64> operator[](const char* name) const {
    auto at = addresses_.find(name);
    return at == addresses_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  std::map<std::string, u64> addresses_;
  std::string from_;
};

}  // namespace cr3scope
