// SPDX-License-Identifier: GPL-2.0-only
#include "vm.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "../error.h"
#include "../file.h"
#include "../words.h"

namespace cr3scope {

namespace {

class VmImage final : public Image {
 public:
  explicit VmImage(const VmOptions& vm) {
    const std::string process = "/proc/" + std::to_string(vm.pid);
    for (const VmPart& part : vm.parts) {
      if ((part.pa | part.bytes | part.offset) & (kPageSize - 1) || !part.bytes || part.bytes >> 52 || part.pa >> 52)
        throw Error("read the memory of virtual machine " + std::to_string(vm.pid), EINVAL,
                    "QEMU names a part of it that has no whole frames.");
      const std::string path = part.path.empty() ? process + "/mem" : part.path;
      auto& file = files_[path];
      if (!file) file = std::make_shared<File>(path.c_str(), O_RDONLY);
      if (!*file)
        throw Error("open " + path, errno,
                    part.path.empty() ? "Run cr3scope as root, or as the user who runs this virtual machine."
                                      : "Run cr3scope as root, or as a user who may read this file.");
      parts_.push_back({part, file.get()});
      ranges_.push_back({part.pa, part.pa + part.bytes});
    }
    std::sort(parts_.begin(), parts_.end(), [](auto& a, auto& b) { return a.part.pa < b.part.pa; });
    std::sort(ranges_.begin(), ranges_.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
    for (size_t i = 1; i < ranges_.size(); i++)
      if (ranges_[i].begin < ranges_[i - 1].end)
        throw Error("read the memory of virtual machine " + std::to_string(vm.pid), EINVAL,
                    "QEMU names the same memory twice.");
    if (ranges_.empty())
      throw Error("read the memory of virtual machine " + std::to_string(vm.pid), ENODATA, "QEMU names no memory.");
    cpus_ = vm.cpus;
    pagemap_ = File((process + "/pagemap").c_str(), O_RDONLY);
    if (files_.count(process + "/mem") && !pagemap_)
      throw Error("open " + process + "/pagemap", errno,
                  "Run cr3scope as root, or as the user who runs this virtual machine.");
    format_ = files_.count(process + "/mem") ? "virtual machine, through the memory of QEMU"
                                             : "virtual machine, by a file that QEMU shares";
  }

  std::string format() const override { return format_; }

  void read(const u64* addresses, size_t count, u8* to, FrameStatus* status) const override {
    for (size_t i = 0; i < count;) {
      auto at = std::upper_bound(parts_.begin(), parts_.end(), addresses[i],
                                 [](u64 a, const Opened& p) { return a < p.part.pa; });
      if (at == parts_.begin() || addresses[i] - (--at)->part.pa >= at->part.bytes) {
        status[i++] = FrameStatus::notRam;
        continue;
      }
      const VmPart& part = at->part;
      const u64 inside = addresses[i] - part.pa;
      const size_t left = std::min<u64>(count - i, (part.bytes - inside) >> kPageShift);
      size_t n = 1;
      while (n < left && addresses[i + n] == addresses[i] + n * kPageSize) n++;
      if (part.path.empty()) read_process(*at->file, part.offset + inside, n, to + i * kPageSize, &status[i]);
      else read_file(*at->file, part.offset + inside, n, to + i * kPageSize, &status[i]);
      i += n;
    }
  }

 private:
  struct Opened {
    VmPart part;
    const File* file;
  };

  static void read_file(const File& file, u64 offset, size_t n, u8* to, FrameStatus* status) {
    ssize_t got;
    do got = pread(file.fd(), to, n * kPageSize, static_cast<off_t>(offset));
    while (got < 0 && errno == EINTR);
    const size_t whole = got > 0 ? static_cast<size_t>(got) >> kPageShift : 0;
    for (size_t k = 0; k < n; k++) status[k] = k < whole ? FrameStatus::ok : FrameStatus::failed;
  }

  // A page that QEMU has never had holds zeros, and reading it would give QEMU one: so it is not read.
  void read_process(const File& file, u64 va, size_t n, u8* to, FrameStatus* status) const {
    std::vector<u64> words(n);
    const ssize_t got =
        pread(pagemap_.fd(), words.data(), n * sizeof(u64), static_cast<off_t>((va >> kPageShift) * sizeof(u64)));
    const size_t known = got > 0 ? static_cast<size_t>(got) / sizeof(u64) : 0;
    auto there = [&](size_t k) { return words[k] & (PagemapWord::kPresent | PagemapWord::kSwap); };
    for (size_t k = 0; k < n;) {
      if (k >= known) {
        status[k++] = FrameStatus::failed;
      } else if (!there(k)) {
        std::memset(to + k * kPageSize, 0, kPageSize);
        status[k++] = FrameStatus::ok;
      } else {
        size_t end = k + 1;
        while (end < known && there(end)) end++;
        read_file(file, va + k * kPageSize, end - k, to + k * kPageSize, &status[k]);
        k = end;
      }
    }
  }

  std::map<std::string, std::shared_ptr<File>> files_;
  std::vector<Opened> parts_;  // by address, disjoint
  File pagemap_;
  std::string format_;
};

}  // namespace

std::unique_ptr<Image> open_vm(const VmOptions& vm) { return std::make_unique<VmImage>(vm); }

}  // namespace cr3scope
