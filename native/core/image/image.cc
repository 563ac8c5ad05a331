// SPDX-License-Identifier: GPL-2.0-only
#include "image.h"

#include <sys/stat.h>

#include <string_view>

#include "../error.h"
#include "file_image.h"
#include "flattened.h"
#include "vm.h"

namespace cr3scope {

std::unique_ptr<Image> open_image(const ImageOptions& options) {
  if (options.vm.pid) return open_vm(options.vm);
  const std::string& path = options.path;
  File file(path.c_str(), O_RDONLY);
  struct stat st {};
  if (!file || fstat(file.fd(), &st) < 0) throw Error("open " + path, errno, "Give the path of a memory image.");
  if (!S_ISREG(st.st_mode))
    throw Error("open " + path + ": it is not a file", EINVAL, "Give the path of a memory image.");
  if (!options.ranges.empty()) return open_raw(path, std::move(file), options.ranges);
  char start[16]{};
  auto begins_with = [&](std::string_view magic) { return std::string_view(start, sizeof start).starts_with(magic); };
  auto read_start = [&] {
    if (pread(file.fd(), start, sizeof start, 0) < 0) throw Error("read " + path, errno, "Check the file system.");
  };
  read_start();
  if (begins_with("makedumpfile")) {
    file = put_in_order(path, file);
    read_start();
  }
  if (begins_with("\x7f"
                  "ELF"))
    return open_elf(path, std::move(file));
  if (begins_with("KDUMP   ")) return open_kdump(path, std::move(file));
  if (begins_with("EMiL")) return open_lime(path, std::move(file));
  if (st.st_size < (1 << 20) || st.st_size % static_cast<off_t>(kPageSize))
    throw Error(
        "open " + path + ": it is not a memory image", EINVAL,
        "ELF vmcore, kdump-compressed and LiME are known by their headers. Raw memory has whole frames, at least "
        "1 MiB of them.");
  return open_raw(path, std::move(file), {});
}

}  // namespace cr3scope
