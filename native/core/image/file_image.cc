// SPDX-License-Identifier: GPL-2.0-only
#include "file_image.h"

#include <elf.h>
#include <sys/stat.h>

#include <cstring>

#include "../error.h"

namespace cr3scope {

namespace {

constexpr u64 kMostNotes = 64 << 20, kMostCpus = 8192;

// Where the registers are in the note that QEMU writes for each CPU (include/elf and target/i386/arch_dump.c:
// QEMUCPUState): version and size, 18 registers, 10 segments of 24 bytes, CR0 to CR4.
constexpr size_t kQemuCr0 = 8 + 18 * 8 + 10 * 24, kQemuCr3 = kQemuCr0 + 3 * 8, kQemuCr4 = kQemuCr0 + 4 * 8;

void take_note(const std::string& name, const u8* text, u64 bytes, std::string& vmcoreinfo,
               std::vector<CpuState>& cpus) {
  if (name == "VMCOREINFO" && bytes <= FileImage::kMostVmcoreinfo)
    vmcoreinfo.assign(reinterpret_cast<const char*>(text), bytes);
  if (name != "QEMU" || bytes < kQemuCr4 + 8 || cpus.size() >= kMostCpus) return;
  CpuState cpu;
  cpu.cpu = static_cast<u32>(cpus.size());
  std::memcpy(&cpu.cr0, text + kQemuCr0, 8);
  std::memcpy(&cpu.cr3, text + kQemuCr3, 8);
  std::memcpy(&cpu.cr4, text + kQemuCr4, 8);
  cpu.root_pa = cpu.cr3 & kAddressBits;
  cpus.push_back(cpu);
}

}  // namespace

FileImage::FileImage(const std::string& path, File file, const char* format)
    : path_(path), format_(format), file_(std::move(file)) {
  struct stat st {};
  if (fstat(file_.fd(), &st) < 0) throw Error("open " + path, errno, "Give the path of a memory image.");
  bytes_ = static_cast<u64>(st.st_size);
}

void FileImage::refuse(const std::string& why) const {
  throw Error("open " + path_ + " as " + format_ + ", " + why, EINVAL, "Copy or take the image again.");
}

void FileImage::read_file(u64 offset, void* to, size_t bytes) const {
  if (offset > bytes_ || bytes > bytes_ - offset) refuse("it ends too early");
  if (read_at(file_, offset, to, bytes) < bytes) throw Error("read " + path_, errno, "Copy the image again.");
}

void FileImage::read_notes(u64 offset, u64 bytes) {
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
    take_note(name, notes.data() + text_at, note.n_descsz, vmcoreinfo_, cpus_);
    at = text_at + padded(note.n_descsz);
  }
}

}  // namespace cr3scope
