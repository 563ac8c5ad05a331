// SPDX-License-Identifier: GPL-2.0-only
// An image that is a file.
#pragma once
#include "../file.h"
#include "image.h"

namespace cr3scope {

class FileImage : public Image {
 public:
  static constexpr u64 kMostVmcoreinfo = 1 << 16;

  std::string format() const override { return format_; }

 protected:
  // `path` and `format` are for what is said of it.
  FileImage(const std::string& path, File file, const char* format);

  // The bytes at an offset; throws Error if the file ends before.
  void read_file(u64 offset, void* to, size_t bytes) const;
  // VMCOREINFO and the registers of the CPUs by the ELF notes at an offset.
  void read_notes(u64 offset, u64 bytes);
  [[noreturn]] void refuse(const std::string& why) const;

  const std::string path_, format_;
  File file_;
  u64 bytes_ = 0;  // of the file
};

// Each throws Error if the file is not what its first bytes say.
std::unique_ptr<Image> open_elf(const std::string& path, File file);
std::unique_ptr<Image> open_kdump(const std::string& path, File file);
std::unique_ptr<Image> open_lime(const std::string& path, File file);
std::unique_ptr<Image> open_raw(const std::string& path, File file, const std::vector<Segment>& ranges);

}  // namespace cr3scope
