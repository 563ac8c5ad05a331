// SPDX-License-Identifier: GPL-2.0-only
// Speed of the module's calls beside pagemap, in one process and one run; for guests, where the module can be loaded.
// Prints one JSON object.
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>

#include "../native/core/clock.h"
#include "../native/core/pagemap.h"
#include "../native/core/session.h"

using namespace cr3scope;

namespace {

constexpr int kRepeats = 5;

template <class Work>
double seconds(Work work) {
  u64 begin = monotonic_ns();
  work();
  return static_cast<double>(monotonic_ns() - begin) / 1e9;
}

}  // namespace

int main() try {
  constexpr u64 kBytes = 256ull << 20, kPages = kBytes / kPageSize, kOneByOne = 4096;
  void* p = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) throw Error("mmap", errno, "Free some memory.");
  madvise(p, kBytes, MADV_NOHUGEPAGE);
  for (u64 i = 0; i < kBytes; i += kPageSize) static_cast<volatile char*>(p)[i] = 1;
  u64 va = reinterpret_cast<u64>(p);

  Session session;
  session.open();
  if (auto refusal = session.refusal(Source::kernelWalk)) throw *refusal;
  Session::Lease lease(session);
  KernelModule& module = *lease.machine().module;
  Pagemap pagemap(getpid());
  std::vector<u64> words(kPages);
  u64 pages = 0, agreed = 0;
  std::vector<double> range, map, single;
  for (int turn = 0; turn < kRepeats; turn++) {
    map.push_back(seconds([&] { pagemap.read(va, kPages, words.data()); }));
    pages = agreed = 0;
    range.push_back(seconds([&] {
      module.walk_range(getpid(), 0, va, va + kBytes, [&](u64 at, u64 n, u64, const u64* each) {
        pages += n;
        for (u64 i = 0; each && i < n; i++)
          agreed += CR3SCOPE_WORD_VALUE(each[i]) == PagemapWord{words[((at - va) >> kPageShift) + i]}.pfn();
      });
    }));
    single.push_back(seconds([&] {
      for (u64 i = 0; i < kOneByOne; i++) module.walk(getpid(), 0, va + i * (kPages / kOneByOne) * kPageSize);
    }));
  }
  auto median = [](std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
  };
  std::printf("{\"pages\":%llu,\"agreed\":%llu,\"rangeNs\":%.3f,\"pagemapNs\":%.3f,\"singleNs\":%.3f}\n",
              static_cast<unsigned long long>(pages), static_cast<unsigned long long>(agreed),
              median(range) * 1e9 / static_cast<double>(kPages), median(map) * 1e9 / static_cast<double>(kPages),
              median(single) * 1e9 / static_cast<double>(kOneByOne));
  return agreed * 100 < pages * 99;  // some pages may have moved between the readings
} catch (const Error& error) {
  std::fprintf(stderr, "module_bench: %s. %s\n", error.what(), error.remedy.c_str());
  return 2;
}
