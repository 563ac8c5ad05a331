// SPDX-License-Identifier: GPL-2.0-only
// ioctl requests of files of /proc (include/uapi/linux/fs.h), spelled out because build machines may have older
// headers.
#pragma once
#include <sys/ioctl.h>

#include "paging.h"

namespace cr3scope {

// PAGEMAP_SCAN, since 6.7.
struct ScanRegion {
  u64 start, end, categories;
};
struct ScanArgument {
  u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
  u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArgument);

// PROCMAP_QUERY, since 6.11.
struct MapQuery {
  u64 size, flags, address, begin, end, vma_flags, page_size, offset, inode;
  u32 major, minor, name_bytes, build_id_bytes;
  u64 name, build_id;
};
constexpr unsigned long kMapQuery = _IOWR('f', 17, MapQuery);

}  // namespace cr3scope
