// SPDX-License-Identifier: GPL-2.0-only
// ELF cores of a whole machine: /proc/vmcore and /proc/kcore, makedumpfile -E, QEMU's dump-guest-memory.
#include <elf.h>

#include <algorithm>
#include <cstring>

#include "segments.h"

namespace cr3scope {

namespace {

constexpr u64 kMostHeaders = 1 << 20, kMostNotes = 64 << 20, kMostVmcoreinfo = 1 << 16, kMostCpus = 8192;

constexpr u64 kNoPhysical = ~0ull;

// Where the registers are in the note that QEMU writes for each CPU (include/elf and target/i386/arch_dump.c:
// QEMUCPUState): version and size, 18 registers, 10 segments of 24 bytes, CR0 to CR4.
constexpr size_t kQemuCr0 = 8 + 18 * 8 + 10 * 24, kQemuCr3 = kQemuCr0 + 3 * 8, kQemuCr4 = kQemuCr0 + 4 * 8;

class ElfImage final : public SegmentImage {
 public:
  explicit ElfImage(const std::string& path) : SegmentImage(path, "ELF vmcore") {
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

 private:
  void read_notes(u64 offset, u64 bytes) {
    if (bytes > kMostNotes) refuse("its notes are too long");
    std::vector<u8> notes(bytes);
    read_file(offset, notes.data(), bytes);
    for (u64 at = 0; at + sizeof(Elf64_Nhdr) <= bytes;) {
      Elf64_Nhdr note;
      std::memcpy(&note, &notes[at], sizeof note);
      auto padded = [](u64 n) { return (n + 3) & ~u64{3}; };
      const u64 name_at = at + sizeof note, text_at = name_at + padded(note.n_namesz);
      if (text_at > bytes || note.n_descsz > bytes - text_at) return;
      const std::string name(reinterpret_cast<const char*>(&notes[name_at]),
                             strnlen(reinterpret_cast<const char*>(&notes[name_at]), note.n_namesz));
      take(name, notes.data() + text_at, note.n_descsz);
      at = text_at + padded(note.n_descsz);
    }
  }

  void take(const std::string& name, const u8* text, u64 bytes) {
    if (name == "VMCOREINFO" && bytes <= kMostVmcoreinfo)
      vmcoreinfo_.assign(reinterpret_cast<const char*>(text), bytes);
    if (name != "QEMU" || bytes < kQemuCr4 + 8 || cpus_.size() >= kMostCpus) return;
    CpuState cpu;
    cpu.cpu = static_cast<u32>(cpus_.size());
    std::memcpy(&cpu.cr0, text + kQemuCr0, 8);
    std::memcpy(&cpu.cr3, text + kQemuCr3, 8);
    std::memcpy(&cpu.cr4, text + kQemuCr4, 8);
    cpu.root_pa = cpu.cr3 & kAddressBits;
    cpus_.push_back(cpu);
  }
};

}  // namespace

std::unique_ptr<Image> open_elf(const std::string& path) { return std::make_unique<ElfImage>(path); }

}  // namespace cr3scope
