// SPDX-License-Identifier: GPL-2.0-only
// The cross-check of an address space: the sources of page words against the table
// walk, page by page, with a verdict for each (verdict.h). settle.h settles what differs.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "settle.h"

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

// What has become of an address space by now; complete: nothing, the process still has it.
Outcome outcome_now(const AddressSpace& space);

struct CheckResult {
  Outcome outcome = Outcome::complete;
  u64 root_pa = 0;
  u64 pages = 0;
  Counts counts{};
  u64 outside = 0;  // entries outside every region, whatever became of them
  u64 rechecked = 0;
  std::array<u64, 6> tables{};            // table frames by level
  u64 begin_ns = 0, end_ns = 0;           // CLOCK_MONOTONIC
  std::array<u64, kSources> source_ns{};  // spent in each
  std::vector<RegionCheck> regions;
};

class PageRecord;

// The sweep over an address space: all its pages, table by table.
class Checker {
 public:
  Checker(SpaceSources& sources, const std::atomic<bool>& cancel);
  ~Checker();

  // From now on batches of run() carry every page.
  void record_pages();
  // Checks the regions within [begin, end), addresses of the user half; once for each Checker. Batches come about every
  // 50 ms, the last one at the end. If the process goes away meanwhile, that is an outcome. Throws Cancelled, and Error
  // where a source refuses.
  CheckResult run(u64 begin, u64 end, const std::function<void(CheckBatch&&)>& emit);

 private:
  struct Piece {
    u64 begin, end;
    size_t region;
    size_t extent;  // index, or kNoExtent: a hole of the upper levels
    size_t words;   // where in words_ of each source its words are, or kNoWords

    u64 pages() const { return (end - begin) >> kPageShift; }
  };
  // A source of page words.
  struct Asked {
    Source source;
    Plain plain;
  };
  static constexpr size_t kNoExtent = ~size_t{0}, kNoWords = ~size_t{0};

  void check_extents(size_t first, size_t count, u64 until);
  std::vector<Piece> pieces(size_t first, size_t count, u64 from, u64 until);
  void place_words(std::vector<Piece>& list);
  void read_words(const std::vector<Piece>& list, PageSource& source);
  void check_extent(const Piece& piece, size_t slot, FrameStatus status, bool stale);
  void check_entries(const Piece& piece, const u64* entries, bool stale);
  void check_leaf(const Piece& piece, bool stale);
  void check_gap(const Piece& piece);
  void find_outside(size_t first, size_t count, const std::vector<Piece>& list, const FrameStatus* status);
  const u64* words_at(Source source, const Piece& piece) const;
  Words words_of(const Piece& piece, u64 page, u64 entry) const;
  bool same_but_flags(const Piece& piece, u64 a, u64 b) const;
  void count(size_t region, u64 va, u64 pages, Verdict verdict, Note note, const Words& words);
  u64 still_covered(u64 va, u64 pages, bool may_be_uncovered);
  void count_each(const Piece& piece, const u64* entries, u64 first, u64 pages, Judgement judgement);
  void doubt(u64 va, size_t region, const Words& words, Judgement first);
  void settle_doubts();
  void give_up(Outcome outcome);
  void spend(Source source, u64 begin_ns);
  void emit(bool always);

  SpaceSources& sources_;
  const Target& target_;
  TableWalk& walk_;
  const std::atomic<bool>& cancel_;
  std::vector<Asked> asked_;  // in the order in which they are read

  // State of a run.
  std::vector<Region> regions_;
  std::unique_ptr<RegionProbe> probe_;
  UpperLevels upper_;
  CheckResult result_;
  CheckBatch batch_;
  std::unique_ptr<PageRecord> record_;
  const std::function<void(CheckBatch&&)>* emit_ = nullptr;
  std::vector<Doubt> doubts_;
  std::vector<u8> tables_;                        // the PTE tables of the extents at hand
  std::array<std::vector<u64>, kSources> words_;  // the words of their pages; none of a source that is not asked
  size_t words_needed_ = 0;
  size_t next_region_ = 0;
  u64 limit_begin_ = 0, limit_end_ = 0;
  u64 total_ = 0, done_ = 0, last_emit_ns_ = 0;
  bool gone_ = false;
};

}  // namespace cr3scope
