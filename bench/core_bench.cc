// SPDX-License-Identifier: GPL-2.0-only
// Speed of the core, each thing beside what it is compared with, in one process and one run. Prints one JSON object.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <thread>

#include "../native/core/check.h"
#include "../native/core/clock.h"
#include "../native/core/pagemap.h"
#include "../native/core/processes.h"
#include "../native/core/search.h"
#include "../native/core/session.h"
#include "../native/core/watch.h"

using namespace cr3scope;

namespace {

constexpr int kRepeats = 9;

// Median seconds of the two, taken by turns so that both see the same machine.
template <class A, class B>
std::pair<double, double> side_by_side(A a, B b) {
  std::vector<double> as, bs;
  for (int i = 0; i < kRepeats; i++) {
    u64 t0 = monotonic_ns();
    a();
    u64 t1 = monotonic_ns();
    b();
    u64 t2 = monotonic_ns();
    as.push_back(static_cast<double>(t1 - t0) / 1e9);
    bs.push_back(static_cast<double>(t2 - t1) / 1e9);
  }
  std::sort(as.begin(), as.end());
  std::sort(bs.begin(), bs.end());
  return {as[kRepeats / 2], bs[kRepeats / 2]};
}

char* map(size_t bytes) {
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw Error("mmap", errno, "Free some memory.");
  madvise(p, bytes, MADV_NOHUGEPAGE);
  return static_cast<char*>(p);
}

// A number of /proc/self/status in KiB.
u64 status_kib(const char* field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field)) return std::strtoull(line.c_str() + std::strlen(field), nullptr, 10);
  return 0;
}

// Peak memory that a check of [begin, begin + bytes) of process `pid` takes, measured in a child of its own.
u64 check_peak_kib(int pid, u64 begin, u64 bytes) {
  int pipe_ends[2];
  if (pipe(pipe_ends)) return 0;
  if (fork() == 0) {
    Session session;
    session.open();
    Session::Lease lease(session);
    std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak to what is resident now
    u64 before = status_kib("VmRSS:");
    std::atomic<bool> cancel{false};
    SpaceSources sources(lease.machine(), pid, 0);
    Checker(sources, cancel).run(begin, begin + bytes, [](CheckBatch&&) {});
    u64 peak = status_kib("VmHWM:") - before;
    if (write(pipe_ends[1], &peak, sizeof peak) != sizeof peak) _exit(1);
    _exit(0);
  }
  u64 peak = 0;
  if (read(pipe_ends[0], &peak, sizeof peak) != sizeof peak) peak = 0;
  wait(nullptr);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  return peak;
}

}  // namespace

int main() try {
  constexpr u64 kGiB = 1ull << 30;
  constexpr size_t kPages = kGiB / kPageSize;
  char* memory = map(kGiB);
  for (size_t i = 0; i < kGiB; i += kPageSize) memory[i] = static_cast<char>(i >> 12 | 1);
  u64 va = reinterpret_cast<u64>(memory);

  Session session;
  session.open();
  std::atomic<bool> cancel{false};
  Session::Lease lease(session, 3, cancel, nullptr);
  const Machine machine = lease.machine();
  FrameReader &frames = lease[0], &second = lease[1], &walker = lease[2];
  TableWalk walk(session.target(), frames);
  Pagemap pagemap(getpid());
  u64 root = machine.roots.roots(getpid())[0].root_pa;

  // The walk of all entries: every table of the process read and every PTE looked at.
  u64 entries = 0, sum = 0;
  auto walk_all = [&] {
    UpperLevels upper = walk.upper_levels(root);
    entries = 0;
    FrameStatus status[FrameReader::kBatch];
    for (size_t first = 0; first < upper.extents.size(); first += FrameReader::kBatch) {
      size_t n = std::min(upper.extents.size() - first, FrameReader::kBatch);
      const u64* words = reinterpret_cast<const u64*>(walk.pte_tables(upper, first, n, status));
      for (size_t i = 0; i < n * kEntries; i++) entries += words[i] & 1, sum += words[i];
    }
  };
  // As the check reads it, and in one call as nothing else could do better.
  std::vector<u64> words(kPages);
  auto read_pagemap = [&] { pagemap.read(va, kPages, words.data()); };
  auto [walk_s, pagemap_s] = side_by_side(walk_all, read_pagemap);

  Counts counts{};
  auto check = [&] {
    SpaceSources sources(machine, getpid(), 0);
    counts = Checker(sources, cancel).run(va, va + kGiB, [](CheckBatch&&) {}).counts;
  };
  auto [check_s, bare_s] = side_by_side(check, read_pagemap);

  // The same frames once through the reader and once by memcpy from the mapping, into the same buffer.
  read_pagemap();
  std::vector<u8> buffer(FrameReader::kBatch * kPageSize);
  u64 differing = 0;
  auto read_frames = [&] {
    u64 addresses[FrameReader::kBatch];
    FrameStatus status[FrameReader::kBatch];
    for (size_t at = 0; at < kPages; at += FrameReader::kBatch) {
      for (size_t i = 0; i < FrameReader::kBatch; i++) addresses[i] = PagemapWord{words[at + i]}.pfn() << kPageShift;
      const u8* bytes = frames.read(addresses, FrameReader::kBatch, status);
      for (size_t i = 0; i < FrameReader::kBatch; i++)
        differing += status[i] != FrameStatus::ok || bytes[i * kPageSize] != static_cast<u8>((at + i) | 1);
    }
  };
  auto copy = [&] {
    for (size_t at = 0; at < kPages; at += FrameReader::kBatch) {
      std::memcpy(buffer.data(), memory + at * kPageSize, buffer.size());
      asm volatile("" ::: "memory");
    }
  };
  auto [frames_s, copy_s] = side_by_side(read_frames, copy);

  size_t processes = 0, roots = 0;
  std::vector<pid_t> children;
  for (int i = 0; i < 1000; i++) {
    pid_t child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    children.push_back(child);
  }
  auto [roots_s, list_s] =
      side_by_side([&] { roots = machine.roots.roots(0).size(); }, [&] { processes = read_processes(0).size(); });
  for (pid_t child : children) kill(child, SIGKILL);
  for (pid_t child : children) waitpid(child, nullptr, 0);

  // 64 GiB of address space, 4 GiB of it touched, a page in four.
  char* large = map(64 * kGiB);
  for (u64 i = 0; i < 16 * kGiB; i += 4 * kPageSize) large[i] = 1;
  u64 peak_1 = check_peak_kib(getpid(), va, kGiB);
  u64 peak_64 = check_peak_kib(getpid(), reinterpret_cast<u64>(large), 64 * kGiB);

  // A pattern that is nowhere: through physical frames, and by memmem over the same pages from user memory.
  const Pattern pattern{{0xde, 0xad, 0xbe, 0xef, 0x5c, 0xa1, 0xab, 0x1e}, std::vector<u8>(8, 0xff)};
  const Readers readers{&frames, &second};
  u64 hits = 0;
  auto search = [&] {
    hits +=
        search_space(session.target(), readers, walker, root, pattern, va, va + kGiB, 1000, cancel, [](SearchBatch&&) {
        }).hits;
  };
  auto search_user = [&] { hits += memmem(memory, kGiB, pattern.bytes.data(), pattern.bytes.size()) != nullptr; };
  auto [search_s, memmem_s] = side_by_side(search, search_user);

  // 10 000 pages at 10 Hz, in CPU time of the thread that watches; the first close look at all of them apart.
  constexpr u64 kWatched = 10'000, kWatchSeconds = 5;
  std::atomic<bool> stop{false};
  const std::atomic<u64> never{0};
  auto thread_cpu_s = [] {
    timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9;
  };
  // First touches of pages that nobody watches, each time of others: what programs at work feel of a watch.
  constexpr u64 kTouched = 16'384;
  auto touch_s = [&] {
    std::vector<double> times;
    for (int i = 0; i < kRepeats; i++) {
      char* p = static_cast<char*>(
          mmap(nullptr, kTouched * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
      if (p == MAP_FAILED) throw Error("mmap", errno, "Free some memory.");
      madvise(p, kTouched * kPageSize, MADV_NOHUGEPAGE);
      u64 t0 = monotonic_ns();
      for (u64 page = 0; page < kTouched; page++) p[page * kPageSize] = 1;
      times.push_back(static_cast<double>(monotonic_ns() - t0) / 1e9);
      munmap(p, kTouched * kPageSize);
    }
    std::nth_element(times.begin(), times.begin() + kRepeats / 2, times.end());
    return times[kRepeats / 2];
  };
  // The cheapest system call.
  constexpr u64 kCalls = 200'000;
  auto call_s = [&] {
    std::vector<double> times;
    for (int i = 0; i < kRepeats; i++) {
      u64 t0 = monotonic_ns();
      for (u64 call = 0; call < kCalls; call++) syscall(SYS_getppid);
      times.push_back(static_cast<double>(monotonic_ns() - t0) / 1e9);
    }
    std::nth_element(times.begin(), times.begin() + kRepeats / 2, times.end());
    return times[kRepeats / 2];
  };
  struct Watched {
    double first_s = 0, cpu_s = 0, touch_s = 0, call_s = 0, seconds = 0;
    u64 samples = 0;
  };
  auto measure_watch = [&](const WatchCauses& causes) {
    Watched result;
    const u64 begin_ns = monotonic_ns();
    stop = false;
    std::thread watcher([&] {
      try {
        watch(
            session.target(), [&](const auto& use) { use(lease.machine(1)); }, causes, getpid(), 0, va,
            va + kWatched * kPageSize, 100'000'000, never, stop,
            [&](WatchBatch&& batch) {
              result.samples = batch.samples;
              if (batch.initial) result.first_s = thread_cpu_s();
            });
      } catch (const Cancelled&) {
      }
      result.cpu_s = thread_cpu_s() - result.first_s;
    });
    sleep(kWatchSeconds);
    result.touch_s = touch_s();
    result.call_s = call_s();
    stop = true;
    watcher.join();
    result.seconds = static_cast<double>(monotonic_ns() - begin_ns) / 1e9;
    return result;
  };
  const Watched plain = measure_watch({}), seeing = measure_watch({&session.causes(), session.system().direct_map()});

  // 16 GiB of mappings of one shared GiB, page by page.
  munmap(large, 64 * kGiB);
  int shared = memfd_create("bench", 0);
  if (shared < 0 || ftruncate(shared, kGiB)) throw Error("memfd_create", errno, "Free some memory.");
  for (int i = 0; i < 16; i++)
    if (mmap(nullptr, kGiB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, shared, 0) == MAP_FAILED)
      throw Error("mmap", errno, "Free some memory.");
  ReverseMap reverse(machine, cancel);

  std::printf(
      "{\"entries\":%llu,\"walkSeconds\":%.6f,\"pagemapSeconds\":%.6f,\"checkSeconds\":%.6f,\"barePagemapSeconds\":%."
      "6f,"
      "\"checkAgree\":%llu,\"checkOther\":%llu,\"frameBytes\":%llu,\"frameSeconds\":%.6f,\"memcpySeconds\":%.6f,"
      "\"frameErrors\":%llu,"
      "\"processes\":%zu,\"roots\":%zu,\"rootsSeconds\":%.6f,\"processListSeconds\":%.6f,\"peak1GiBKiB\":%llu,"
      "\"peak64GiBKiB\":%llu,"
      "\"searchSeconds\":%.6f,\"memmemSeconds\":%.6f,\"searchHits\":%llu,"
      "\"reverseEntries\":%llu,\"reverseBytes\":%llu,\"reverseSeconds\":%.6f,"
      "\"watchedPages\":%llu,\"watchSamples\":%llu,\"watchFirstSeconds\":%.6f,\"watchCpuSeconds\":%.6f,"
      "\"causesCpuSeconds\":%.6f,\"touchNs\":%.1f,\"causesTouchNs\":%.1f,\"callNs\":%.1f,\"causesCallNs\":%.1f,"
      "\"watchSeconds\":%.6f,\"causesSeconds\":%.6f,"
      "\"checksum\":%llu}\n",
      static_cast<unsigned long long>(entries), walk_s, pagemap_s, check_s, bare_s,
      static_cast<unsigned long long>(counts[0]), static_cast<unsigned long long>(kPages - counts[0]),
      static_cast<unsigned long long>(kGiB), frames_s, copy_s, static_cast<unsigned long long>(differing), processes,
      roots, roots_s, list_s, static_cast<unsigned long long>(peak_1), static_cast<unsigned long long>(peak_64),
      search_s, memmem_s, static_cast<unsigned long long>(hits), static_cast<unsigned long long>(reverse.entries()),
      static_cast<unsigned long long>(reverse.bytes()),
      static_cast<double>(reverse.end_ns() - reverse.begin_ns()) / 1e9, static_cast<unsigned long long>(kWatched),
      static_cast<unsigned long long>(plain.samples), plain.first_s, plain.cpu_s, seeing.cpu_s,
      plain.touch_s / kTouched * 1e9, seeing.touch_s / kTouched * 1e9, plain.call_s / kCalls * 1e9,
      seeing.call_s / kCalls * 1e9, plain.seconds, seeing.seconds, static_cast<unsigned long long>(sum));
  return differing != 0;
} catch (const Error& error) {
  std::fprintf(stderr, "core_bench: %s. %s\n", error.what(), error.remedy.c_str());
  return 2;
}
