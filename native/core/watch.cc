// SPDX-License-Identifier: GPL-2.0-only
#include "watch.h"

#include <algorithm>

#include "clock.h"
#include "error.h"
#include "pagemap.h"

namespace cr3scope {

namespace {

constexpr u64 kHeartbeatNs = 1'000'000'000, kNapNs = 20'000'000;

struct Sampled {
  u64 pagemap = 0, entry = 0;
  u8 level = 0;
  bool operator==(const Sampled&) const = default;
};

class Watch {
 public:
  Watch(const Target& target, u64 root_pa, int pid, u64 begin, u64 end)
      : target_(target), root_pa_(root_pa), pagemap_(pid), begin_(begin), end_(end) {}

  // False where the address space is gone.
  bool sample(FrameReader& frames, std::vector<Sampled>& pages) {
    TableWalk walk(target_, frames);
    const size_t count = (end_ - begin_) >> kPageShift;
    pages.assign(count, {});
    words_.resize(count);
    UpperLevels upper = walk.upper_levels(root_pa_);
    const auto& extents = upper.extents;
    FrameStatus status[FrameReader::kBatch];
    for (size_t first = 0; first < extents.size(); first++) {
      if (extents[first].end() <= begin_) continue;
      if (extents[first].va >= end_) break;
      size_t n = 0;
      while (first + n < extents.size() && n < FrameReader::kBatch && extents[first + n].va < end_) n++;
      const u8* tables = walk.pte_tables(upper, first, n, status);
      for (size_t i = 0; i < n; i++) take(extents[first + i], tables + i * kPageSize, status[i], pages);
      first += n - 1;
    }
    if (!pagemap_.read(begin_, count, words_.data())) return false;
    for (size_t i = 0; i < count; i++) pages[i].pagemap = words_[i];
    return true;
  }

 private:
  void take(const Extent& extent, const u8* table, FrameStatus status, std::vector<Sampled>& pages) {
    const bool has_table = extent.entry.kind == EntryKind::table && extent.level == kPmd && status == FrameStatus::ok;
    for (u64 va = std::max(extent.va, begin_); va < std::min(extent.end(), end_); va += kPageSize) {
      Sampled& page = pages[(va - begin_) >> kPageShift];
      page.entry = has_table ? table_entry(table, table_index(va, kPte)) : extent.raw;
      page.level = has_table ? u8{kPte} : extent.level;
    }
  }

  const Target& target_;
  u64 root_pa_;
  Pagemap pagemap_;  // pins the address space: after exec it reads nothing
  u64 begin_, end_;
  std::vector<u64> words_;
};

// The records between two samples. A sample takes time, and a record may come a moment before what it is about.
class Causes {
 public:
  Causes(const WatchCauses& causes, u64 root_pa, int pid, u64 begin, u64 end) : pid_(pid) {
    if (!causes.recorder) return;
    try {
      watch_ = causes.recorder->watch(causes.direct_map + root_pa, pid, begin, end);
    } catch (const Error& error) {
      refusal_ = std::string(error.what()) + ". " + error.remedy;
    }
  }

  void collect() {
    if (watch_) watch_->collect();
  }

  const std::string& refusal() const { return refusal_; }
  u64 take_lost() { return watch_ ? watch_->take_lost() : 0; }

  // Gives the batch what may explain its rows; call it when they have been read.
  void explain(WatchBatch& batch) {
    if (!watch_) return;
    watch_->collect();
    std::vector<cause_record> come = watch_->take();
    if (std::any_of(come.begin(), come.end(), [](auto& r) { return r.flags & CAUSE_OF_FILE; }))
      map_file_ranges(come, batch.rows.empty() ? std::vector<Region>() : regions());
    records_.insert(records_.end(), come.begin(), come.end());
    std::vector<CauseRow> rows;
    for (const PageRow& row : batch.rows) rows.push_back({row.va, row.words.entry(), row.pfn, row.shift});
    std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.va < b.va; });
    batch.records = records_about(records_, rows);
    // What came since this sample began may be about the next one. So may what was recorded before it was done, where
    // nothing has come of it yet.
    std::erase_if(records_, [&](const cause_record& r) {
      if (r.ns >= batch.ns) return false;
      return !(r.flags & CAUSE_EARLY) || r.ns < last_ns_ || !records_about({r}, rows).empty();
    });
    last_ns_ = batch.ns;
  }

 private:
  // Empty if the process has just gone.
  std::vector<Region> regions() const {
    try {
      return read_regions(pid_);
    } catch (const Error&) {
      return {};
    }
  }

  int pid_;
  std::unique_ptr<CauseRecorder::Watch> watch_;
  std::vector<cause_record> records_;
  u64 last_ns_ = 0;
  std::string refusal_;
};

}  // namespace

void watch(const Target& target, const WithMachine& with_machine, const WatchCauses& with_causes, int pid,
           u64 start_ticks, u64 begin, u64 end, u64 interval_ns, const std::atomic<u64>& asked,
           const std::atomic<bool>& cancel, const std::function<void(WatchBatch&&)>& emit) {
  u64 root = 0;
  with_machine([&](const Machine& machine) { root = AddressSpace(machine, pid, start_ticks).root_pa(); });
  Causes causes(with_causes, root, pid, begin, end);
  Watch watch(target, root, pid, begin, end);
  std::vector<Sampled> last, now;
  u64 samples = 0, emitted_ns = 0;
  // What is the matter with these pages, by sources of the moment: regions come and go.
  auto look = [&](const Machine& machine, const std::vector<u64>& vas, WatchBatch& batch) {
    const std::unique_ptr<FrameFacts> facts = machine.system.frame_facts();
    SpaceSources sources(machine, pid, start_ticks);
    batch.rows = read_rows(sources, vas, cancel);
    for (const PageRow& row : batch.rows) {
      bool frame = maps_frame(row.kind);
      batch.flags.push_back(frame ? facts->flags(row.pfn) : kUnknown);
      batch.counts.push_back(frame ? facts->count(row.pfn) : kUnknown);
    }
  };
  u64 answered = 0;
  for (u64 next = monotonic_ns();; next = std::max(next + interval_ns, monotonic_ns())) {
    const bool stepped = interval_ns == 0 && samples > 0;
    while (!cancel && (stepped ? asked == answered : monotonic_ns() < next)) {
      pause_ns(stepped ? kNapNs : std::min(kNapNs, next - std::min(next, monotonic_ns())));
      causes.collect();
    }
    if (stepped) answered++;
    if (cancel) throw Cancelled();
    WatchBatch batch;
    batch.initial = samples == 0;
    bool gone = false, due = false;
    with_machine([&](const Machine& machine) {
      batch.ns = monotonic_ns();
      gone = !watch.sample(machine.frames, now);
      if (gone) return;
      std::vector<u64> vas;
      for (size_t i = 0; i < now.size(); i++)
        if (batch.initial || now[i] != last[i]) vas.push_back(begin + i * kPageSize);
      std::swap(last, now);
      due = !vas.empty() || stepped || batch.ns - emitted_ns >= kHeartbeatNs;
      try {
        if (!vas.empty()) look(machine, vas, batch);
      } catch (const Error& error) {
        if (error.code != ESRCH && error.code != ENODATA) throw;
        gone = true;  // it went away meanwhile
      }
      if (!gone) causes.explain(batch);
    });
    if (gone) return;
    batch.samples = ++samples;
    if (!due) continue;
    emitted_ns = batch.ns;
    batch.lost = causes.take_lost();
    batch.refusal = causes.refusal();
    emit(std::move(batch));
  }
}

}  // namespace cr3scope
