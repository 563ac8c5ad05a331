// SPDX-License-Identifier: GPL-2.0-only
#include "image.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "../error.h"
#include "../file.h"
#include "kdump.h"
#include "segments.h"
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
  char start[16]{};
  const ssize_t n = pread(file.fd(), start, sizeof start, 0);
  if (n < 0) throw Error("read " + path, errno, "Check the file system.");
  const std::string_view first(start, sizeof start);
  if (!options.ranges.empty()) return open_raw(path, options.ranges);
  if (first.starts_with("\x7f"
                        "ELF"))
    return open_elf(path);
  if (first.starts_with("EMiL")) return open_lime(path);
  if (first.starts_with("KDUMP   ") || first.starts_with("DISKDUMP")) return open_kdump(path, false);
  if (first.starts_with("makedumpfile")) return open_kdump(path, true);
  if (st.st_size < (1 << 20) || st.st_size % static_cast<off_t>(kPageSize))
    throw Error(
        "open " + path + ": it is no memory image", EINVAL,
        "ELF vmcore, kdump-compressed and LiME are known by their headers. Raw memory has whole frames, at least "
        "1 MiB of them.");
  return open_raw(path, {});
}

}  // namespace cr3scope
