// SPDX-License-Identifier: GPL-2.0-only
#include "search.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "clock.h"
#include "error.h"

namespace cr3scope {

namespace {

struct Page {
  u64 address, pa;
};

// Where hits may begin.
struct Within {
  u64 begin, end;
};

// Pages in order, searched as a unit by one thread.
struct Block {
  static constexpr size_t kPages = 4096;

  std::vector<Page> pages;
  bool extra = false;  // the last page belongs to the next block: only hits that extend into it count here
  // Set by the search.
  std::vector<Hit> hits;
  u64 bytes = 0, unreadable = 0;
  std::exception_ptr failure;
  bool done = false;

  size_t own() const { return pages.size() - extra; }
};

// Searches one block after the other through one reader.
class BlockSearch {
 public:
  BlockSearch(FrameReader& frames, const Pattern& pattern, Within within)
      : frames_(frames), pattern_(pattern), within_(within) {
    // The longest stretch without a wildcard is searched for; the rest is compared at each hit.
    for (size_t i = 0; i < pattern.bytes.size();) {
      size_t n = 0;
      while (i + n < pattern.bytes.size() && pattern.mask[i + n] == 0xff) n++;
      if (n > anchor_bytes_) {
        anchor_ = i;
        anchor_bytes_ = n;
      }
      i += n + 1;
    }
    if (!anchor_bytes_) throw Error("search", EINVAL, "Give at least one byte that is not a wildcard.");
  }

  void run(Block& block, u64 limit) {
    block_ = &block;
    limit_ = limit;
    tail_.clear();
    for (size_t at = 0; at < block.pages.size() && !full(); at += FrameReader::kBatch)
      read(at, std::min(block.pages.size() - at, FrameReader::kBatch));
  }

  // From the last page to the first, until a hit was found: the last one of the block.
  void run_back(Block& block) {
    block_ = &block;
    limit_ = kPageSize;  // more hits than that begin on no page
    head_.clear();
    for (size_t end = block.pages.size(); end && block.hits.empty();) {
      size_t count = std::min(end, FrameReader::kBatch);
      end -= count;
      read_back(end, count);
    }
    if (block.hits.size() > 1) block.hits.erase(block.hits.begin(), block.hits.end() - 1);
  }

 private:
  bool full() const { return block_->hits.size() >= limit_; }

  const u8* frames(const Page* pages, size_t count, FrameStatus* status) {
    u64 addresses[FrameReader::kBatch];
    for (size_t i = 0; i < count; i++) addresses[i] = pages[i].pa;
    return frames_.read(addresses, count, status);
  }

  void read_back(size_t first, size_t count) {
    const size_t keep = pattern_.bytes.size() - 1;
    const Page* pages = &block_->pages[first];
    FrameStatus status[FrameReader::kBatch];
    const u8* data = frames(pages, count, status);
    for (size_t i = count; i-- && block_->hits.empty();) {
      const bool readable = status[i] == FrameStatus::ok;
      const u8* page = data + i * kPageSize;
      if (first + i < block_->own()) {
        (readable ? block_->bytes : block_->unreadable) += kPageSize;
        if (readable) {
          if (head_page_.address != pages[i].address + kPageSize) head_.clear();
          both_.assign(page, page + kPageSize);
          both_.insert(both_.end(), head_.begin(), head_.end());
          find(both_.data(), both_.size(), kPageSize, [&](size_t at) {
            return Page{pages[i].address + at, pages[i].pa + at};
          });
        }
      }
      head_.assign(page, page + (readable ? std::min<size_t>(keep, kPageSize) : 0));
      head_page_ = pages[i];
    }
  }

  void read(size_t first, size_t count) {
    const Page* pages = &block_->pages[first];
    FrameStatus status[FrameReader::kBatch];
    const u8* data = frames(pages, count, status);
    for (size_t i = 0; i < count && !full();) {
      if (status[i] != FrameStatus::ok) {
        if (first + i < block_->own()) block_->unreadable += kPageSize;
        tail_.clear();
        i++;
        continue;
      }
      size_t n = 1;
      while (i + n < count && status[i + n] == FrameStatus::ok &&
             pages[i + n].address == pages[i + n - 1].address + kPageSize)
        n++;
      scan(&pages[i], data + i * kPageSize, n * kPageSize, first + i + n > block_->own());
      i += n;
    }
  }

  // Pages that follow each other, as do their bytes here; `extra`: the last one is the next block's.
  void scan(const Page* pages, const u8* data, size_t bytes, bool extra) {
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
    size_t own = bytes - (extra ? kPageSize : 0);
    find(data, bytes, own, [&](size_t at) {
      const Page& page = pages[at >> kPageShift];
      u64 inside = at & (kPageSize - 1);
      return Page{page.address + inside, page.pa + inside};
    });
    block_->bytes += own;
    tail_.assign(data + bytes - std::min(keep, bytes), data + bytes);
    tail_page_ = pages[bytes / kPageSize - 1];
  }

  // Hits in data[0, bytes) that begin below `until`.
  template <class Where>
  void find(const u8* data, size_t bytes, size_t until, Where where) {
    const size_t length = pattern_.bytes.size();
    for (size_t from = 0; bytes >= length && from <= bytes - length && from < until && !full();) {
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
    if (where.address < within_.begin || where.address >= within_.end) return;
    Hit h;
    h.address = where.address;
    h.pa = where.pa;
    size_t before = std::min(at, Hit::kBefore), after = std::min(bytes - at, Hit::kContext - Hit::kBefore);
    h.known_from = static_cast<u8>(Hit::kBefore - before);
    h.known_to = static_cast<u8>(Hit::kBefore + after);
    std::memcpy(&h.context[h.known_from], data + at - before, before + after);
    block_->hits.push_back(h);
  }

  FrameReader& frames_;
  const Pattern& pattern_;
  Within within_;
  size_t anchor_ = 0, anchor_bytes_ = 0;
  Block* block_ = nullptr;
  u64 limit_ = 0;
  // Forwards, the last bytes of the page before; backwards, the first of the next page: one fewer than the pattern
  // has.
  std::vector<u8> tail_, head_, both_;
  Page tail_page_{}, head_page_{};
};

// Searches pages fed in order of address with one thread for each reader; hits come in that order, too.
class Scanner {
 public:
  Scanner(const Readers& readers, const Pattern& pattern, Within within, u64 total, u64 limit,
          const std::atomic<bool>& cancel, const std::function<void(SearchBatch&&)>& emit, bool back = false)
      : limit_(limit), cancel_(cancel), emit_(emit), back_(back) {
    batch_.total = total;
    next_.pages.reserve(Block::kPages + 1);
    for (FrameReader* reader : readers) searches_.emplace_back(*reader, pattern, within);
    for (BlockSearch& search : searches_) threads_.emplace_back([this, &search] { work(search); });
  }
  ~Scanner() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  bool done() const { return result_.limited; }

  // Backwards: a block of pages that follow each other, each of them below those before.
  void add_below(u64 begin, u64 end, u64 range_end) {
    for (u64 pa = begin; pa < end; pa += kPageSize) next_.pages.push_back({pa, pa});
    next_.extra = end + kPageSize <= range_end;
    if (next_.extra) next_.pages.push_back({end, end});
    submit();
  }

  void add(u64 address, u64 pa) {
    if (next_.pages.size() == Block::kPages) {
      next_.extra = next_.pages.back().address + kPageSize == address;
      if (next_.extra) next_.pages.push_back({address, pa});
      submit();
    }
    next_.pages.push_back({address, pa});
  }

  SearchResult finish() {
    if (!next_.pages.empty()) submit();
    while (!done() && collect()) continue;
    emit(true);
    return result_;
  }

 private:
  void submit() {
    auto block = std::make_unique<Block>(std::exchange(next_, {}));
    next_.pages.reserve(Block::kPages + 1);
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(block.get());
    }
    blocks_.push_back(std::move(block));
    changed_.notify_all();
    while (blocks_.size() > 2 * threads_.size()) collect();
  }

  // Waits for the oldest block; false where there is none.
  bool collect() {
    if (cancel_) throw Cancelled();
    if (blocks_.empty()) return false;
    std::unique_ptr<Block> block = std::move(blocks_.front());
    blocks_.pop_front();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return block->done; });
    }
    if (block->failure) std::rethrow_exception(block->failure);
    if (done()) return true;
    for (const Hit& hit : block->hits) {
      batch_.hits.push_back(hit);
      if (++result_.hits < limit_) continue;
      result_.limited = true;
      break;
    }
    result_.bytes += block->bytes;
    result_.unreadable += block->unreadable;
    batch_.done += block->own() * kPageSize;
    emit(false);
    return true;
  }

  void work(BlockSearch& search) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (stop_) return;
      Block* block = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      try {
        if (back_) search.run_back(*block);
        else search.run(*block, limit_);
      } catch (...) {
        block->failure = std::current_exception();
      }
      lock.lock();
      block->done = true;
      changed_.notify_all();
    }
  }

  void emit(bool always) {
    u64 now = monotonic_ns();
    if (!always && now - last_ns_ < kEmitNs && batch_.hits.size() < 1000) return;
    last_ns_ = now;
    SearchBatch out{batch_.done, batch_.total, false, std::move(batch_.hits)};
    batch_.hits.clear();
    emit_(std::move(out));
  }

  u64 limit_;
  const std::atomic<bool>& cancel_;
  const std::function<void(SearchBatch&&)>& emit_;
  const bool back_;
  std::vector<BlockSearch> searches_;
  Block next_;
  std::deque<std::unique_ptr<Block>> blocks_;  // submitted, oldest first
  SearchBatch batch_;
  SearchResult result_;
  u64 last_ns_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Block*> waiting_;  // that no thread has taken yet
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

// The pages of a range of RAM on which hits within [begin, end) may begin.
static RamRange pages_within(const RamRange& range, u64 begin, u64 end) {
  constexpr u64 kInside = kPageSize - 1;
  u64 from = std::max(range.begin, begin) & ~kInside;
  u64 to = (end < range.end ? std::min(end + kInside, range.end) : range.end) & ~kInside;
  return {from, std::max(from, to)};
}

SearchResult find_last(const Target& target, const Readers& readers, const Pattern& pattern, u64 begin, u64 end,
                       const std::atomic<bool>& cancel, const std::function<void(SearchBatch&&)>& emit) {
  constexpr u64 kBlock = Block::kPages * kPageSize;
  u64 total = 0;
  for (const RamRange& range : target.ram) {
    RamRange r = pages_within(range, begin, end);
    total += r.end - r.begin;
  }
  Scanner scanner(readers, pattern, {begin, end}, total, 1, cancel, emit, true);
  for (auto range = target.ram.rbegin(); range != target.ram.rend(); ++range) {
    RamRange r = pages_within(*range, begin, end);
    for (u64 to = r.end; to > r.begin && !scanner.done();) {
      u64 from = to - r.begin > kBlock ? to - kBlock : r.begin;
      scanner.add_below(from, to, range->end);
      to = from;
    }
  }
  return scanner.finish();
}

SearchResult search_physical(const Target& target, const Readers& readers, const Pattern& pattern, u64 begin, u64 end,
                             u64 limit, const std::atomic<bool>& cancel,
                             const std::function<void(SearchBatch&&)>& emit) {
  auto clipped = [&](const RamRange& r) {
    // A hit that begins in the last page may end in the next one.
    u64 from = std::max(r.begin, begin) & ~(kPageSize - 1);
    u64 to = end < r.end ? (end + 2 * kPageSize - 1) & ~(kPageSize - 1) : r.end;
    return RamRange{from, std::max(from, to)};
  };
  u64 total = 0;
  for (const RamRange& range : target.ram) total += clipped(range).end - clipped(range).begin;
  Scanner scanner(readers, pattern, {begin, end}, total, limit, cancel, emit);
  for (const RamRange& range : target.ram) {
    RamRange r = clipped(range);
    for (u64 pa = r.begin; pa + kPageSize <= r.end && !scanner.done(); pa += kPageSize) scanner.add(pa, pa);
  }
  return scanner.finish();
}

SearchResult search_space(const Target& target, const Readers& readers, FrameReader& walker, u64 root_pa,
                          const Pattern& pattern, u64 begin, u64 end, u64 limit, const std::atomic<bool>& cancel,
                          const std::function<void(SearchBatch&&)>& emit) {
  TableWalk walk(target, walker);
  auto each = [&](auto take) {
    walk.for_each_mapped(root_pa, cancel, [&](u64 va, const Entry& entry) {
      for (u64 k = 0; k < 1ull << (entry.shift - kPageShift); k++)
        if (u64 at = va + k * kPageSize; at >= begin && at < end) take(Page{at, (entry.pfn + k) << kPageShift});
    });
  };
  u64 total = 0;
  each([&](const Page&) { total += kPageSize; });
  Scanner scanner(readers, pattern, {begin, end}, total, limit, cancel, emit);
  each([&](const Page& page) {
    if (!scanner.done()) scanner.add(page.address, page.pa);
  });
  return scanner.finish();
}

}  // namespace cr3scope
