// SPDX-License-Identifier: GPL-2.0-only
#include "search_request.h"

#include <algorithm>
#include <thread>

#include "address_space.h"

namespace cr3scope {

namespace {

// More would only fight for the memory bus.
constexpr unsigned kMostThreads = 4;
static_assert(kMostThreads < Session::kMostReaders);  // a search takes one more for the tables

}  // namespace

SearchResult search(Session& session, const SearchRequest& request, const std::atomic<bool>& cancel,
                    const std::function<void(SearchBatch&&)>& emit) {
  const Target& target = session.target();
  const auto& [pid, begin, end, pattern, limit, back] = request;
  const size_t threads = std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads);
  Session::Lease lease(session, threads + (pid ? 1 : 0), cancel, [&] { emit({.waiting = true}); });
  Readers readers;
  for (size_t i = 0; i < threads; i++) readers.push_back(&lease[i]);
  if (back) return find_last(target, readers, pattern, begin, end, cancel, emit);
  if (pid == 0) return search_physical(target, readers, pattern, begin, end, limit, cancel, emit);
  const Machine walker = lease.machine(threads);
  const AddressSpace space(walker, pid, 0);
  SearchResult result =
      search_space(target, readers, walker.frames, space.root_pa(), pattern, begin, end, limit, cancel, emit);
  try {
    result.gone = space.root_now() != space.root_pa();
  } catch (const Error&) {
    result.gone = true;
  }
  return result;
}

}  // namespace cr3scope
