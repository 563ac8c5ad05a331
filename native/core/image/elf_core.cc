// SPDX-License-Identifier: GPL-2.0-only
// ELF cores of a whole machine: /proc/vmcore and /proc/kcore, makedumpfile -E, QEMU's dump-guest-memory.
#include <elf.h>

#include "segments.h"

namespace cr3scope {

namespace {

constexpr u64 kMostHeaders = 1 << 20;

constexpr u64 kNoPhysical = ~0ull;

class ElfImage final : public SegmentImage {
 public:
  ElfImage(const std::string& path, File file) : SegmentImage(path, std::move(file), "ELF vmcore") {
    Elf64_Ehdr header;
    read_file(0, &header, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_CORE ||
        header.e_machine != EM_X86_64)
      refuse("it is not a core of an x86-64 machine");
    u64 count = header.e_phnum;
    if (count == PN_XNUM) {
      Elf64_Shdr first;
      read_file(header.e_shoff, &first, sizeof first);
      count = first.sh_info;
    }
    if (header.e_phentsize != sizeof(Elf64_Phdr) || !count || count > kMostHeaders) refuse("its headers are wrong");
    std::vector<Segment> segments;
    std::vector<RamRange> left_out;
    for (u64 i = 0; i < count; i++) {
      Elf64_Phdr p;
      read_file(header.e_phoff + i * sizeof p, &p, sizeof p);
      if (p.p_type == PT_NOTE) read_notes(p.p_offset, p.p_filesz);
      // /proc/kcore marks so what has no one physical address.
      if (p.p_type != PT_LOAD || p.p_paddr == kNoPhysical) continue;
      if (p.p_filesz) segments.push_back({p.p_paddr, p.p_filesz, p.p_offset});
      if (p.p_memsz > p.p_filesz && p.p_paddr + p.p_memsz > p.p_paddr)
        left_out.push_back({p.p_paddr + p.p_filesz, p.p_paddr + p.p_memsz});
    }
    set_segments(std::move(segments), std::move(left_out));
  }
};

}  // namespace

std::unique_ptr<Image> open_elf(const std::string& path, File file) {
  return std::make_unique<ElfImage>(path, std::move(file));
}

}  // namespace cr3scope
