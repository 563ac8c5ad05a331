// SPDX-License-Identifier: GPL-2.0-only
#include "unpack.h"

#include <dlfcn.h>

#include <string>

#include "../error.h"

namespace cr3scope {

namespace {

// The one function of each library that is used, as its header declares it.
using Zlib = int(u8* to, unsigned long* bytes, const u8* from, unsigned long count);
using Lzo = int(const u8* from, size_t count, u8* to, size_t* bytes, void* work);
using Snappy = int(const char* from, size_t count, char* to, size_t* bytes);
using Zstd = size_t(void* to, size_t bytes, const void* from, size_t count);

bool unpack_with(Zlib* function, const u8* packed, size_t count, u8* frame) {
  unsigned long bytes = kPageSize;
  return function(frame, &bytes, packed, count) == 0 && bytes == kPageSize;
}
bool unpack_with(Lzo* function, const u8* packed, size_t count, u8* frame) {
  size_t bytes = kPageSize;
  return function(packed, count, frame, &bytes, nullptr) == 0 && bytes == kPageSize;
}
bool unpack_with(Snappy* function, const u8* packed, size_t count, u8* frame) {
  size_t bytes = kPageSize;
  return function(reinterpret_cast<const char*>(packed), count, reinterpret_cast<char*>(frame), &bytes) == 0 &&
         bytes == kPageSize;
}
bool unpack_with(Zstd* function, const u8* packed, size_t count, u8* frame) {
  return function(frame, kPageSize, packed, count) == kPageSize;  // an error is a very large number
}

template <class Function>
class ByLibrary final : public Unpacker {
 public:
  ByLibrary(const char* method, const char* library, const char* name, const char* package) {
    handle_ = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle_) function_ = reinterpret_cast<Function*>(dlsym(handle_, name));
    if (function_) return;
    if (handle_) dlclose(handle_);
    throw Error(std::string("open an image that is compressed with ") + method + ": load " + library, ENOENT,
                std::string("Install it (apt install ") + package + "), or convert the image with makedumpfile -E.");
  }
  ~ByLibrary() override { dlclose(handle_); }
  ByLibrary(const ByLibrary&) = delete;

  bool unpack(const u8* packed, size_t bytes, u8* frame) const override {
    return unpack_with(function_, packed, bytes, frame);
  }

 private:
  void* handle_ = nullptr;
  Function* function_ = nullptr;
};

}  // namespace

std::unique_ptr<Unpacker> Unpacker::load(u32 flag) {
  switch (flag) {
    case 0x01:
      return std::make_unique<ByLibrary<Zlib>>("zlib", "libz.so.1", "uncompress", "zlib1g");
    case 0x02:
      return std::make_unique<ByLibrary<Lzo>>("LZO", "liblzo2.so.2", "lzo1x_decompress_safe", "liblzo2-2");
    case 0x04:
      return std::make_unique<ByLibrary<Snappy>>("Snappy", "libsnappy.so.1", "snappy_uncompress", "libsnappy1v5");
    case 0x20:
      return std::make_unique<ByLibrary<Zstd>>("Zstandard", "libzstd.so.1", "ZSTD_decompress", "libzstd1");
    default:
      throw Error("open an image that is compressed by an unknown method", ENOTSUP,
                  "Convert the image with makedumpfile -E.");
  }
}

}  // namespace cr3scope
