// SPDX-License-Identifier: GPL-2.0-only
#include "kdump.h"

#include <dlfcn.h>
#include <endian.h>
#include <libkdumpfile/kdumpfile.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "../error.h"
#include "../file.h"

namespace cr3scope {

namespace {

// The functions of the library that are used. Names of the library say its version; the header that this is built with
// belongs to the first.
class Library {
 public:
  Library() {
    for (const char* name : {"libkdumpfile.so.10", "libkdumpfile.so"})
      if ((handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL))) break;
    if (!handle_)
      throw Error("open a kdump-compressed image: load libkdumpfile", ENOENT,
                  "Install it (apt install libkdumpfile10), or convert the image with makedumpfile -E.");
    find(create, "kdump_new");
    find(free, "kdump_free");
    find(get_err, "kdump_get_err");
    find(set_attr, "kdump_set_attr");
    find(get_attr, "kdump_get_attr");
    find(read, "kdump_read");
    find(vmcoreinfo, "kdump_vmcoreinfo_raw");
    find(find_set, "kdump_bmp_find_set");
    find(find_clear, "kdump_bmp_find_clear");
    find(attr_discard, "kdump_bmp_decref");
  }
  ~Library() { dlclose(handle_); }
  Library(const Library&) = delete;

  decltype(&kdump_new) create;
  decltype(&kdump_free) free;
  decltype(&kdump_get_err) get_err;
  decltype(&kdump_set_attr) set_attr;
  decltype(&kdump_get_attr) get_attr;
  decltype(&kdump_read) read;
  decltype(&kdump_vmcoreinfo_raw) vmcoreinfo;
  decltype(&kdump_bmp_find_set) find_set;
  decltype(&kdump_bmp_find_clear) find_clear;
  decltype(&kdump_bmp_decref) attr_discard;

 private:
  template <class Function>
  void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (!function)
      throw Error(std::string("load libkdumpfile: it has no ") + name, ENOSYS,
                  "Install version 0.5 of it or a newer one.");
  }
  void* handle_ = nullptr;
};

// A flattened dump (QEMU before 8.2, makedumpfile -F) put in order, in a file without a name. Its parts say where they
// belong: type and version in 4096 bytes, then offset, length and bytes of each; all of it big-endian.
File put_in_order(const std::string& path, File flat) {
  constexpr size_t kHeader = 4096, kPiece = 1 << 20;
  constexpr u64 kMostOffset = 1ull << 52, kEnd = ~0ull;
  const char* folder = std::getenv("TMPDIR");
  const std::string place = folder && *folder ? folder : "/var/tmp";
  File ordered(::open(place.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!ordered)
    throw Error("put the flattened dump in order, in " + place, errno,
                "Name a folder with room for it in TMPDIR, or run makedumpfile -R DUMP < " + path);
  std::vector<u8> bytes(kPiece);
  u64 at = 0;
  auto read = [&](size_t count) {
    for (size_t done = 0; done < count;) {
      const ssize_t n = pread(flat.fd(), &bytes[done], count - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw Error("open " + path + " as a flattened dump: it ends too early", EINVAL, "Copy it again.");
      done += static_cast<size_t>(n);
    }
    at += count;
  };
  auto word = [&](size_t offset) {
    u64 value;
    std::memcpy(&value, &bytes[offset], sizeof value);
    return be64toh(value);
  };
  read(kHeader);
  if (word(16) != 1 || word(24) != 1)
    throw Error("open " + path + ": its flattened format is not version 1", ENOTSUP,
                "Put it in order first: makedumpfile -R DUMP < " + path);
  for (;;) {
    read(16);
    u64 offset = word(0), left = word(8);
    if (offset == kEnd) break;
    if (offset > kMostOffset || left > kMostOffset)
      throw Error("open " + path + " as a flattened dump: a part of it has no place", EINVAL, "Copy it again.");
    while (left) {
      const size_t count = std::min<u64>(left, kPiece);
      read(count);
      for (size_t done = 0; done < count;) {
        const ssize_t n = pwrite(ordered.fd(), &bytes[done], count - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
          throw Error("put the flattened dump in order, in " + place, errno,
                      "Name a folder with room for it in TMPDIR, or run makedumpfile -R DUMP < " + path);
        done += static_cast<size_t>(n);
      }
      offset += count;
      left -= count;
    }
  }
  return ordered;
}

class KdumpImage final : public Image {
 public:
  KdumpImage(const std::string& path, bool flattened) : file_(path.c_str(), O_RDONLY) {
    if (!file_) throw Error("open " + path, errno, "Give the path of a memory image.");
    if (flattened) file_ = put_in_order(path, std::move(file_));
    context_ = library_.create();
    if (!context_) throw std::bad_alloc();
    // What was left out of the dump is not zeros: file.zero_excluded stays 0, as it is by default.
    kdump_attr_t fd{};
    fd.type = KDUMP_NUMBER;
    fd.val.number = static_cast<kdump_num_t>(file_.fd());
    if (library_.set_attr(context_, KDUMP_ATTR_FILE_FD, &fd) != KDUMP_OK) {
      const std::string why = library_.get_err(context_);
      library_.free(context_);
      throw Error("open " + path + " by libkdumpfile: " + why, EINVAL, "Copy or take the image again.");
    }
    kdump_attr_t format{};
    if (library_.get_attr(context_, KDUMP_ATTR_FILE_FORMAT, &format) == KDUMP_OK && format.type == KDUMP_STRING)
      format_ = format.val.string;
    if (flattened) format_ += ", flattened";
    find_ranges(path);
    char* text = nullptr;
    if (library_.vmcoreinfo(context_, &text) == KDUMP_OK && text) {
      vmcoreinfo_ = text;
      ::free(text);
    }
  }
  ~KdumpImage() override { library_.free(context_); }

  std::string format() const override { return format_ + ", by libkdumpfile"; }

  void read(const u64* addresses, size_t count, u8* to, FrameStatus* status) const override {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < count; i++) {
      auto in =
          std::upper_bound(ranges_.begin(), ranges_.end(), addresses[i], [](u64 a, auto& r) { return a < r.begin; });
      if (in == ranges_.begin() || addresses[i] >= (--in)->end) {
        status[i] = FrameStatus::notRam;
        continue;
      }
      size_t bytes = kPageSize;
      const kdump_status got = library_.read(context_, KDUMP_MACHPHYSADDR, addresses[i], to + i * kPageSize, &bytes);
      status[i] = got == KDUMP_OK && bytes == kPageSize ? FrameStatus::ok
                  : got == KDUMP_ERR_NODATA             ? FrameStatus::excluded
                                                        : FrameStatus::failed;
    }
  }

 private:
  static constexpr size_t kMostRanges = 1 << 20;

  void find_ranges(const std::string& path) {
    kdump_attr_t map{};
    if (library_.get_attr(context_, KDUMP_ATTR_MEMORY_PAGEMAP, &map) == KDUMP_OK && map.type == KDUMP_BITMAP) {
      kdump_addr_t at = 0;
      while (ranges_.size() < kMostRanges && library_.find_set(map.val.bitmap, &at) == KDUMP_OK) {
        kdump_addr_t end = at;
        if (library_.find_clear(map.val.bitmap, &end) != KDUMP_OK || end <= at || end >> 40) break;
        ranges_.push_back({at << kPageShift, end << kPageShift});
        at = end;
      }
    }
    if (ranges_.empty())
      throw Error("open " + path + " by libkdumpfile: it does not say which memory it holds", EINVAL,
                  "Convert the image with makedumpfile -E.");
  }

  Library library_;
  File file_;
  kdump_ctx_t* context_ = nullptr;
  std::string format_ = "kdump";
  mutable std::mutex mutex_;  // a context serves one thread at a time
};

}  // namespace

std::unique_ptr<Image> open_kdump(const std::string& path, bool flattened) {
  return std::make_unique<KdumpImage>(path, flattened);
}

}  // namespace cr3scope
