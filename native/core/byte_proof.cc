// SPDX-License-Identifier: GPL-2.0-only
#include "byte_proof.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "clock.h"
#include "error.h"
#include "space_file.h"

namespace cr3scope {

namespace {

constexpr unsigned kRounds = 8;  // re-reads of a page that differs

struct Page {
  u64 va, pfn;
};

class Prover {
 public:
  Prover(TableWalk& walk, const File& memory, u64 root_pa, bool own, ByteProof& proof)
      : walk_(walk), memory_(memory), root_pa_(root_pa), own_(own), proof_(proof) {}

  void add(const Page& page) {
    pages_.push_back(page);
    if (pages_.size() == FrameReader::kBatch) compare();
  }

  void compare() {
    const std::vector<Page> taken = std::exchange(pages_, {});
    const Page* pages = taken.data();
    const size_t count = taken.size();
    read_frames(pages, count, before_, before_status_);
    read_memory(pages, count);
    read_frames(pages, count, after_, after_status_);
    proof_.pages += count;
    for (size_t i = 0; i < count; i++) {
      Reading r = reading(i);
      if (r == Reading::differs) doubts_.push_back(pages[i]);
      else count_one(r);
    }
    for (const Page& page : std::exchange(doubts_, {})) settle(page);
  }

 private:
  enum class Reading { same, changing, noFrame, noMemory, differs };

  Reading reading(size_t i) const {
    if (before_status_[i] != FrameStatus::ok || after_status_[i] != FrameStatus::ok) return Reading::noFrame;
    if (!has_memory_[i]) return Reading::noMemory;
    const u8 *a = &before_[i * kPageSize], *b = &after_[i * kPageSize], *m = &bytes_[i * kPageSize];
    if (!std::memcmp(a, m, kPageSize) || !std::memcmp(b, m, kPageSize)) return Reading::same;
    return std::memcmp(a, b, kPageSize) ? Reading::changing : Reading::differs;
  }

  void count_one(Reading r) {
    switch (r) {
      case Reading::same:
        proof_.same++;
        break;
      case Reading::changing:
        proof_.changing++;
        break;
      case Reading::noFrame:
        proof_.no_frame++;
        break;
      case Reading::noMemory:
        proof_.no_memory++;
        break;
      case Reading::differs:
        proof_.differ++;
        break;
    }
  }

  // The address may map another frame by now: only a difference that stays while the walk keeps
  // leading to the same frame is one.
  void settle(const Page& page) {
    Reading r = Reading::differs;
    for (unsigned round = 0; round < kRounds && r == Reading::differs; round++) {
      if (!leads_to(page)) return void(proof_.moved++);
      read_frames(&page, 1, before_, before_status_);
      read_memory(&page, 1);
      read_frames(&page, 1, after_, after_status_);
      r = reading(0);
      if (r == Reading::differs && !leads_to(page)) return void(proof_.moved++);
    }
    // Our own stacks and locks change with every call that reads them, and always in the same way.
    if (r == Reading::differs && own_) r = Reading::changing;
    count_one(r);
    if (r != Reading::differs || proof_.differences.size() == ByteProof::kMostDifferences) return;
    ByteProof::Difference d{page.va, page.pfn, 0, {}, {}};
    while (before_[d.offset] == bytes_[d.offset]) d.offset++;
    size_t n = std::min<size_t>(d.frame.size(), kPageSize - d.offset);
    std::memcpy(d.frame.data(), &before_[d.offset], n);
    std::memcpy(d.memory.data(), &bytes_[d.offset], n);
    proof_.differences.push_back(d);
  }

  bool leads_to(const Page& page) {
    Path path = walk_.translate(root_pa_, {page.va})[0];
    return path.status == FrameStatus::ok && maps_frame(path.leaf.kind) && path.pfn(page.va) == page.pfn;
  }

  void read_frames(const Page* pages, size_t count, std::vector<u8>& bytes, FrameStatus* status) {
    u64 addresses[FrameReader::kBatch];
    for (size_t i = 0; i < count; i++) addresses[i] = pages[i].pfn << kPageShift;
    const u8* data = walk_.frames().read(addresses, count, status);
    bytes.assign(data, data + count * kPageSize);
  }

  void read_memory(const Page* pages, size_t count) {
    bytes_.resize(count * kPageSize);
    has_memory_.assign(count, false);
    for (size_t i = 0; i < count;) {
      size_t n = 1;
      while (i + n < count && pages[i + n].va == pages[i + n - 1].va + kPageSize) n++;
      // A read ends at the first page that can't be read; it continues with the next page.
      for (size_t k = 0; k < n;) {
        ssize_t got =
            pread(memory_.fd(), &bytes_[(i + k) * kPageSize], (n - k) * kPageSize, static_cast<off_t>(pages[i + k].va));
        size_t whole = got > 0 ? static_cast<size_t>(got) / kPageSize : 0;
        std::fill_n(has_memory_.begin() + static_cast<ssize_t>(i + k), whole, true);
        k += whole + (k + whole < n);
      }
      i += n;
    }
  }

  TableWalk& walk_;
  const File& memory_;
  u64 root_pa_;
  bool own_;  // the process is this one
  ByteProof& proof_;
  std::vector<u8> before_, bytes_, after_;
  FrameStatus before_status_[FrameReader::kBatch], after_status_[FrameReader::kBatch];
  std::vector<bool> has_memory_;
  std::vector<Page> pages_, doubts_;
};

}  // namespace

ByteProof prove_bytes(const Target& target, FrameReader& frames, int pid, u64 root_pa, u64 begin, u64 end,
                      const std::atomic<bool>& cancel, const std::function<void(u64, u64)>& progress) {
  ByteProof proof;
  u64 started = monotonic_ns(), emitted_ns = 0;
  File memory = open_space_file(pid, "mem");
  if (!memory)
    throw Error("open /proc/" + std::to_string(pid) + "/mem", errno,
                errno == ENOENT ? "The process has exited." : "Comparing bytes needs CAP_SYS_PTRACE: run as root.");
  TableWalk walk(target, frames);
  auto each = [&](auto take) {
    walk.for_each_mapped(root_pa, cancel, [&](u64 va, const Entry& entry) {
      for (u64 k = 0; k < 1ull << (entry.shift - kPageShift); k++)
        if (u64 at = va + k * kPageSize; at >= begin && at < end) take(Page{at, entry.pfn + k});
    });
  };
  u64 total = 0;
  each([&](const Page&) { total++; });
  Prover prover(walk, memory, root_pa, pid == getpid(), proof);
  each([&](const Page& page) {
    if (cancel) throw Cancelled();
    prover.add(page);
    if (u64 now = monotonic_ns(); now - emitted_ns > kEmitNs) {
      emitted_ns = now;
      progress(proof.pages, std::max(total, proof.pages));
    }
  });
  prover.compare();
  proof.ns = monotonic_ns() - started;
  return proof;
}

}  // namespace cr3scope
