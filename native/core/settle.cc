// SPDX-License-Identifier: GPL-2.0-only
#include "settle.h"

#include <algorithm>

#include "clock.h"
#include "error.h"

namespace cr3scope {

namespace {

constexpr unsigned kRounds = 6;        // re-reads before a page is given up as still changing
constexpr unsigned kStableRounds = 4;  // equal, undisturbed readings that make a difference a mismatch

// Whether two readings mean the same; the hardware sets A and D by itself.
bool same_words(const Words& a, Words b) {
  if (same_entry(a.entry(), b.entry())) b[Source::tableWalk] = a.entry();
  return a == b;
}

}  // namespace

Judgement judge_page(SpaceSources& sources, u64 va, const Words& words, const Path& path) {
  if (path.status != FrameStatus::ok) return {Verdict::notComparable, Note::tableUnreadable};
  Judgement j = sources.judge(words, path.leaf, path.pfn(va));
  // Rules that need to know the region are asked only where the words differ.
  if (j.note != Note::differs || !unseen_by_pagemap(words.pagemap(), path.leaf)) return j;
  Note rule = left_out_by_pagemap(path.leaf, sources.space().flags_at(va));
  return rule == Note::none ? j : Judgement{Verdict::agreeByRule, rule};
}

std::vector<Settled> settle(SpaceSources& sources, const std::vector<Doubt>& pending, const std::atomic<bool>& cancel,
                            bool& gone) {
  AddressSpace& space = sources.space();
  std::vector<Settled> settled(pending.size());
  std::vector<u32> stable(pending.size(), 0);
  std::vector<size_t> open(pending.size());
  for (size_t i = 0; i < open.size(); i++) open[i] = i;
  for (unsigned round = 1; round <= kRounds + kStableRounds && !open.empty(); round++) {
    if (cancel) throw Cancelled();
    if (round > 2) pause_ns(1'000'000ull << std::min(round - 2, 4u));
    if (space.root_now() != space.root_pa()) {
      for (size_t i : open) settled[i] = {Verdict::notComparable, Note::processGone, round, monotonic_ns(), {}, {}};
      gone = true;
      return settled;
    }
    std::vector<u64> vas;
    for (size_t i : open) vas.push_back(pending[i].va);
    std::vector<Path> before = sources.walk().translate(space.root_pa(), vas);
    std::vector<Words> now(vas.size());
    if (!sources.read(vas, now)) gone = true;
    std::vector<Path> after = sources.walk().translate(space.root_pa(), vas);
    for (size_t k = 0; k < vas.size(); k++) now[k][Source::tableWalk] = after[k].raw();
    u64 ns = monotonic_ns();
    std::vector<Region> regions_now;
    std::vector<size_t> still;
    for (size_t k = 0; k < open.size(); k++) {
      size_t i = open[k];
      Settled& s = settled[i];
      if (gone) {
        s = {Verdict::notComparable, Note::processGone, round, ns, now[k], after[k]};
        continue;
      }
      bool undisturbed = before[k].last == after[k].last && same_entry(before[k].raw(), after[k].raw()) &&
                         now[k].kernel().kind() != CR3SCOPE_KIND_RACED;
      Judgement j = judge_page(sources, vas[k], now[k], after[k]);
      // munmap() removes a region before its pages, and may be preempted for long in between (it holds
      // mmap_lock for reading only, dd2283f2605e): pagemap, which looks into regions only, reports nothing there.
      bool unseen = sources.has(Source::pagemap) && unseen_by_pagemap(now[k].pagemap(), after[k].leaf);
      if (undisturbed && unseen && j.verdict != Verdict::agreeByRule) {
        if (regions_now.empty()) regions_now = space.regions_now();
        if (regions_now.empty()) {  // the last user of the address space has left it
          gone = true;
          s = {Verdict::notComparable, Note::processGone, round, ns, now[k], after[k]};
          continue;
        }
        if (std::none_of(regions_now.begin(), regions_now.end(),
                         [&](const Region& r) { return r.begin <= vas[k] && vas[k] < r.end; }))
          j = {Verdict::notComparable, Note::outsideRegions};
      }
      bool repeated = round > 1 && j.verdict == s.verdict && same_words(now[k], s.words);
      stable[i] = undisturbed ? (repeated ? stable[i] + 1 : 1) : 0;
      s = {j.verdict, j.note, round, ns, now[k], after[k]};
      bool agreed = undisturbed && is_agreement(j.verdict);
      bool final = undisturbed && !agreed && stable[i] >= kStableRounds;
      if (!agreed && !final) {
        still.push_back(i);
      } else if (s.note == Note::outsideRegions && pending[i].region != kNoRegion) {
        s.verdict = Verdict::changedBetween;
        s.note = Note::regionChanged;
      } else if (agreed) {
        bool never_differed = j.verdict == pending[i].first.verdict && j.note == pending[i].first.note;
        bool ruled = j.verdict == Verdict::agreeByRule && same_words(now[k], pending[i].words);
        if (!never_differed && !ruled) {
          s.verdict = Verdict::changedBetween;
          s.note = pending[i].region == kNoRegion ? Note::regionChanged : Note::settled;
        }
      }
    }
    open = std::move(still);
  }
  for (size_t i : open) {
    settled[i].verdict = Verdict::changedBetween;
    settled[i].note = Note::stillChanging;
  }
  return settled;
}

}  // namespace cr3scope
