// SPDX-License-Identifier: GPL-2.0-only
// A search as it is asked for, with readers of the session.
#pragma once
#include "search.h"
#include "session.h"

namespace cr3scope {

struct SearchRequest {
  int pid = 0;  // 0: physical memory, else the pages that this process maps
  u64 begin = 0, end = 0;
  Pattern pattern;
  u64 limit = 0;      // hits after which it ends
  bool back = false;  // physical memory only: the last hit, as the only one
};

// Searches with a thread for each CPU, four at most, and a frame reader for each thread. Batches come about every 50
// ms; the first one says where it had to wait for its turn. Throws Cancelled, and Error where the process has no
// address space or a source refuses.
SearchResult search(Session& session, const SearchRequest& request, const std::atomic<bool>& cancel,
                    const std::function<void(SearchBatch&&)>& emit);

}  // namespace cr3scope
