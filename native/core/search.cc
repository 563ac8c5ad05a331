// SPDX-License-Identifier: GPL-2.0-only
#include "search.h"

#include <algorithm>
#include <cstring>

#include "check.h"
#include "error.h"

namespace cr3scope {

namespace {

constexpr u64 kEmitNs = 50'000'000;

struct Page {
  u64 address, pa;
};

// Searches pages fed in order of address, a batch at a time.
class Scanner {
 public:
  Scanner(FrameReader& frames, const Pattern& pattern, u64 total, u64 limit, const std::atomic<bool>& cancel,
          const std::function<void(SearchBatch&&)>& emit)
      : frames_(frames), pattern_(pattern), limit_(limit), cancel_(cancel), emit_(emit) {
    batch_.total = total;
    // The longest stretch without a wildcard is what is looked for; the rest is compared where it was found.
    for (size_t i = 0; i < pattern.bytes.size();) {
      size_t n = 0;
      while (i + n < pattern.bytes.size() && pattern.mask[i + n] == 0xff) n++;
      if (n > anchor_bytes_) {
        anchor_ = i;
        anchor_bytes_ = n;
      }
      i += n + 1;
    }
    if (!anchor_bytes_) throw Error("search", EINVAL, "Give at least one byte that is no wildcard.");
  }

  bool done() const { return result_.limited; }

  void add(u64 address, u64 pa) {
    pages_[count_++] = {address, pa};
    if (count_ == FrameReader::kBatch) flush();
  }

  SearchResult finish() {
    flush();
    emit(true);
    return result_;
  }

 private:
  void flush() {
    if (cancel_) throw Cancelled();
    size_t count = std::exchange(count_, 0);
    if (!count || done()) return;
    u64 addresses[FrameReader::kBatch];
    FrameStatus status[FrameReader::kBatch];
    for (size_t i = 0; i < count; i++) addresses[i] = pages_[i].pa;
    const u8* data = frames_.read(addresses, count, status);
    for (size_t i = 0; i < count && !done();) {
      if (status[i] != FrameStatus::ok) {
        result_.unreadable += kPageSize;
        tail_.clear();
        i++;
        continue;
      }
      size_t n = 1;
      while (i + n < count && status[i + n] == FrameStatus::ok &&
             pages_[i + n].address == pages_[i + n - 1].address + kPageSize)
        n++;
      scan(&pages_[i], data + i * kPageSize, n * kPageSize);
      i += n;
    }
    batch_.done += count * kPageSize;
    emit(false);
  }

  // Pages that follow each other, as do their bytes here.
  void scan(const Page* pages, const u8* data, size_t bytes) {
    const size_t keep = pattern_.bytes.size() - 1;
    if (!tail_.empty() && tail_page_.address + kPageSize == pages[0].address && keep) {
      // Hits that begin on the page before: its last bytes and the first of this one, side by side.
      size_t before = tail_.size();
      tail_.insert(tail_.end(), data, data + std::min(keep, bytes));
      find(tail_.data(), tail_.size(), before, [&](size_t at) {
        u64 inside = kPageSize - before + at;
        return Page{tail_page_.address + inside, tail_page_.pa + inside};
      });
    }
    find(data, bytes, bytes, [&](size_t at) {
      const Page& page = pages[at >> kPageShift];
      u64 inside = at & (kPageSize - 1);
      return Page{page.address + inside, page.pa + inside};
    });
    result_.bytes += bytes;
    tail_.assign(data + bytes - std::min(keep, bytes), data + bytes);
    tail_page_ = pages[bytes / kPageSize - 1];
  }

  // Hits in data[0, bytes) that begin below `until`.
  template <class Where>
  void find(const u8* data, size_t bytes, size_t until, Where where) {
    const size_t length = pattern_.bytes.size();
    for (size_t from = 0; bytes >= length && from <= bytes - length && !done();) {
      const void* found = memmem(data + from + anchor_, bytes - from - (length - anchor_bytes_),
                                 pattern_.bytes.data() + anchor_, anchor_bytes_);
      if (!found) return;
      size_t at = static_cast<size_t>(static_cast<const u8*>(found) - data) - anchor_;
      if (at >= until || at + length > bytes) return;
      if (matches(data + at)) hit(data, bytes, at, where(at));
      from = at + 1;
    }
  }

  bool matches(const u8* data) const {
    for (size_t i = 0; i < pattern_.bytes.size(); i++)
      if ((data[i] ^ pattern_.bytes[i]) & pattern_.mask[i]) return false;
    return true;
  }

  void hit(const u8* data, size_t bytes, size_t at, Page where) {
    Hit h;
    h.address = where.address;
    h.pa = where.pa;
    size_t before = std::min(at, Hit::kBefore), after = std::min(bytes - at, Hit::kContext - Hit::kBefore);
    h.known_from = static_cast<u8>(Hit::kBefore - before);
    h.known_to = static_cast<u8>(Hit::kBefore + after);
    std::memcpy(&h.context[h.known_from], data + at - before, before + after);
    batch_.hits.push_back(h);
    if (++result_.hits >= limit_) result_.limited = true;
  }

  void emit(bool always) {
    u64 now = monotonic_ns();
    if (!always && now - last_ns_ < kEmitNs && batch_.hits.size() < 1000) return;
    last_ns_ = now;
    SearchBatch out{batch_.done, batch_.total, std::move(batch_.hits)};
    batch_.hits.clear();
    emit_(std::move(out));
  }

  FrameReader& frames_;
  const Pattern& pattern_;
  u64 limit_;
  const std::atomic<bool>& cancel_;
  const std::function<void(SearchBatch&&)>& emit_;
  size_t anchor_ = 0, anchor_bytes_ = 0;
  Page pages_[FrameReader::kBatch];
  size_t count_ = 0;
  std::vector<u8> tail_;  // the last bytes of tail_page_, one fewer than the pattern has
  Page tail_page_{};
  SearchBatch batch_;
  SearchResult result_;
  u64 last_ns_ = 0;
};

}  // namespace

SearchResult search_physical(const Target& target, FrameReader& frames, const Pattern& pattern, u64 begin, u64 end,
                             u64 limit, const std::atomic<bool>& cancel,
                             const std::function<void(SearchBatch&&)>& emit) {
  auto clipped = [&](const RamRange& r) {
    u64 from = std::max(r.begin, begin) & ~(kPageSize - 1), to = std::min(r.end, end);
    return RamRange{from, std::max(from, to)};
  };
  u64 total = 0;
  for (const RamRange& range : target.ram) total += clipped(range).end - clipped(range).begin;
  Scanner scanner(frames, pattern, total, limit, cancel, emit);
  for (const RamRange& range : target.ram) {
    RamRange r = clipped(range);
    for (u64 pa = r.begin; pa + kPageSize <= r.end && !scanner.done(); pa += kPageSize) scanner.add(pa, pa);
  }
  return scanner.finish();
}

SearchResult search_space(const Target& target, FrameReader& frames, u64 root_pa, const Pattern& pattern, u64 begin,
                          u64 end, u64 limit, const std::atomic<bool>& cancel,
                          const std::function<void(SearchBatch&&)>& emit) {
  // The pages first: the reader's buffer serves one read at a time.
  TableWalk walk(target, frames);
  UpperLevels upper = walk.upper_levels(root_pa);
  std::vector<Page> pages;
  auto add = [&](u64 va, u64 pfn) {
    if (va >= begin && va < end) pages.push_back({va, pfn << kPageShift});
  };
  FrameStatus status[FrameReader::kBatch];
  for (size_t first = 0; first < upper.extents.size(); first += FrameReader::kBatch) {
    if (cancel) throw Cancelled();
    size_t count = std::min(upper.extents.size() - first, FrameReader::kBatch);
    const u8* tables = walk.pte_tables(upper, first, count, status);
    for (size_t i = 0; i < count; i++) {
      const Extent& extent = upper.extents[first + i];
      if (extent.entry.kind == EntryKind::table && (extent.status != FrameStatus::ok || status[i] != FrameStatus::ok))
        continue;
      for_each_page(extent, tables + i * kPageSize, target.paging, [&](u64 va, const Entry& entry) {
        for (u64 k = 0; k < 1ull << (entry.shift - kPageShift); k++) add(va + k * kPageSize, entry.pfn + k);
      });
    }
  }
  Scanner scanner(frames, pattern, pages.size() << kPageShift, limit, cancel, emit);
  for (const Page& page : pages) {
    if (scanner.done()) break;
    scanner.add(page.address, page.pa);
  }
  return scanner.finish();
}

}  // namespace cr3scope
