// SPDX-License-Identifier: GPL-2.0-only
// The cross-check: pagemap, the table walk and, where the module is loaded, the kernel walk against each other, page by
// page, with a verdict for each.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel_module.h"
#include "kpage.h"
#include "pagemap.h"
#include "regions.h"
#include "table_walk.h"
#include "verdict.h"

namespace cr3scope {

// A stretch of pages of one region with the same verdict, note and raw words.
struct Run {
  u64 va, pages;
  Verdict verdict;
  Note note;
  Words words;  // of the first page
};

// What was read about one page that changed, could not be compared, or mismatches.
struct Evidence {
  u64 va;
  Verdict verdict;
  Note note;
  u32 rounds;             // re-reads
  u64 first_ns, last_ns;  // CLOCK_MONOTONIC
  Words first, last;      // what differed, and the last reading
  Path last_path;
};

using Counts = std::array<u64, kVerdicts>;
constexpr size_t kBuckets = 32;  // a region's picture in the map, left to right

struct RegionCheck {
  u64 begin, end;
  Counts counts{};
  std::array<std::array<u32, kVerdicts>, kBuckets> buckets{};
};

// What the check found since the last batch.
struct CheckBatch {
  u64 done = 0, total = 0;  // pages
  Counts counts{};          // so far
  std::vector<Run> runs;
  std::vector<Evidence> evidence;
  std::vector<u8> pages;  // every page, packed by page_record.h, where that was asked for
  bool waiting = false;   // for its turn: nothing was checked yet
};

enum class Outcome : u8 { complete, exited, execed };

struct CheckResult {
  Outcome outcome = Outcome::complete;
  u64 root_pa = 0;
  u64 pages = 0;
  Counts counts{};
  u64 outside = 0;  // entries outside every region, whatever became of them
  u64 rechecked = 0;
  std::array<u64, 6> tables{};                     // table frames by level
  u64 begin_ns = 0, end_ns = 0;                    // CLOCK_MONOTONIC
  u64 walk_ns = 0, pagemap_ns = 0, kernel_ns = 0;  // spent in the sources
  std::vector<RegionCheck> regions;
};

struct PageRow {
  u64 va;
  Words words;
  u64 pfn;
  u8 level, shift;  // of the last entry read; page size of a leaf
  EntryKind kind;
  FrameStatus status;
  Verdict verdict;
  Note note;
};

// The pages at these addresses by pagemap alone, where no other source is ready.
std::vector<PageRow> pagemap_rows(int pid, const std::vector<u64>& vas);

class PageRecord;

class Checker {
 public:
  // `start_ticks` 0 takes whatever process has the PID now.
  // Throws Error where there is no such process, it has no address space, or a source refuses.
  // `module` may be null.
  Checker(const Target& target, FrameReader& frames, KernelModule* module, int pid, u64 start_ticks,
          const std::atomic<bool>& cancel);
  ~Checker();

  // From now on batches of run() carry every page.
  void record_pages();
  // Checks the regions within [begin, end). Batches come at least every 50 ms.
  CheckResult run(u64 begin, u64 end, const std::function<void(CheckBatch&&)>& emit);

  // The pages at these addresses, each with its verdict and, where asked for, the walk that the verdict is about.
  std::vector<PageRow> rows(const std::vector<u64>& vas, std::vector<Path>* paths = nullptr);

  u64 root_pa() const { return root_pa_; }
  TableWalk& walk() { return walk_; }

 private:
  struct Pending {
    u64 va;
    size_t region;  // index, or kNoRegion
    Words words;
    u64 ns;
    Verdict forced;  // what a stale table said, where the words did not differ; else mismatch
    Note forced_note;
  };
  struct Settled {
    Verdict verdict;
    Note note;
    u32 rounds;
    u64 ns;
    Words words;
    Path path;
  };
  struct Piece {
    u64 begin, end;
    size_t region;
    size_t extent;  // index, or kNoExtent: a hole of the upper levels
    size_t words;   // where in pagemap_words_ and kernel_words_ its words are, or kNoWords

    u64 pages() const { return (end - begin) >> kPageShift; }
  };
  static constexpr size_t kNoRegion = ~size_t{0}, kNoExtent = ~size_t{0}, kNoWords = ~size_t{0};

  u64 current_root();
  Judgement judge(const Words& words, const Entry& entry, u64 pfn) const;
  Judgement judge_in_region(u64 va, const Words& words, const Path& path);
  bool read_pages(const std::vector<u64>& vas, std::vector<Words>& words);
  bool read_kernel(u64 begin, u64 end, u64* words);
  Note rule_of_region(u64 va, const Entry& entry);
  std::vector<Settled> settle(const std::vector<Pending>& pending);

  void check_extents(size_t first, size_t count, u64 until);
  std::vector<Piece> pieces(size_t first, size_t count, u64 from, u64 until);
  void read_pagemap(std::vector<Piece>& list);
  void read_kernel(const std::vector<Piece>& list);
  template <class Read>
  void for_stretches(const std::vector<Piece>& list, Read read);
  void check_extent(const Piece& piece, size_t slot, FrameStatus status, bool stale);
  void check_entries(const Piece& piece, const u64* entries, bool stale);
  void check_leaf(const Piece& piece, bool stale);
  void check_gap(const Piece& piece);
  std::vector<PageRange> read_gap(const Piece& piece);
  void find_outside(size_t first, size_t count, const std::vector<Piece>& list, const FrameStatus* status);
  Words words_of(const Piece& piece, u64 page, u64 entry) const;
  void count(size_t region, u64 va, u64 pages, Verdict verdict, Note note, const Words& words);
  void count_each(const Piece& piece, const u64* entries, u64 first, u64 pages, Judgement judgement);
  void doubt(u64 va, size_t region, const Words& words, Judgement first);
  void settle_doubts();
  void give_up(Outcome outcome);
  void emit(bool always);

  const Target& target_;
  FrameReader& frames_;
  KernelModule* module_;
  TableWalk walk_;
  KPage kpage_;
  int pid_;
  u64 start_ticks_;
  const std::atomic<bool>& cancel_;
  u64 root_pa_ = 0;
  Pagemap pagemap_;

  // State of a run.
  std::vector<Region> regions_;
  UpperLevels upper_;
  CheckResult result_;
  CheckBatch batch_;
  std::unique_ptr<PageRecord> record_;
  const std::function<void(CheckBatch&&)>* emit_ = nullptr;
  std::vector<Pending> doubts_;
  std::vector<u8> tables_;                         // the PTE tables of the extents at hand
  std::vector<u64> pagemap_words_, kernel_words_;  // the words of their pages; no kernel words without the module
  size_t next_region_ = 0;
  u64 limit_begin_ = 0, limit_end_ = 0;
  u64 total_ = 0, done_ = 0, last_emit_ns_ = 0;
  bool gone_ = false;
  bool has_scan_ = true;
  std::vector<std::pair<PageRange, std::string>> flags_;  // VmFlags looked up so far
};

}  // namespace cr3scope
