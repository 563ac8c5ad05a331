// SPDX-License-Identifier: GPL-2.0-only
#include "page_rows.h"

#include "clock.h"
#include "error.h"
#include "pagemap.h"
#include "settle.h"

namespace cr3scope {

std::vector<PageRow> read_rows(SpaceSources& sources, const std::vector<u64>& vas, const std::atomic<bool>& cancel,
                               std::vector<Path>* paths) {
  AddressSpace& space = sources.space();
  space.read_regions();
  std::vector<PageRow> rows;
  std::vector<Words> words(vas.size());
  std::vector<Path> before = sources.walk().translate(space.root_pa(), vas);
  if (!sources.read(vas, words) && space.root_now() != space.root_pa())
    throw Error("read pages of process " + std::to_string(space.pid()), ESRCH,
                "It exited or executed another program.");
  std::vector<Path> after = sources.walk().translate(space.root_pa(), vas);
  u64 ns = monotonic_ns();
  std::vector<size_t> doubtful;
  std::vector<Doubt> doubts;
  auto row = [](u64 va, const Words& w, const Path& path, Judgement j) {
    return PageRow{va, w, path.pfn(va), path.last, path.leaf.shift, path.leaf.kind, path.status, j.verdict, j.note};
  };
  for (size_t k = 0; k < vas.size(); k++) {
    words[k][Source::tableWalk] = after[k].raw();
    Judgement j = judge_page(sources, vas[k], words[k], after[k]);
    rows.push_back(row(vas[k], words[k], after[k], j));
    if (is_agreement(j.verdict) && same_entry(before[k].raw(), after[k].raw())) continue;
    doubtful.push_back(k);
    doubts.push_back({vas[k], 0, words[k], ns, {Verdict::mismatch, Note::none}});
  }
  bool gone = false;
  std::vector<Settled> settled = settle(sources, doubts, cancel, gone);
  for (size_t i = 0; i < doubtful.size(); i++) {
    const Settled& s = settled[i];
    rows[doubtful[i]] = row(vas[doubtful[i]], s.words, s.path, {s.verdict, s.note});
    after[doubtful[i]] = s.path;
  }
  if (paths) *paths = std::move(after);
  return rows;
}

std::vector<PageRow> pagemap_rows(int pid, const std::vector<u64>& vas) {
  Pagemap pagemap(pid);
  std::vector<PageRow> rows;
  for (u64 va : vas) {
    Words words;
    bool read = pagemap.read(va, 1, &words[Source::pagemap]);
    PagemapWord word = words.pagemap();
    rows.push_back({va, words, word.present() ? word.pfn() : 0, 0, 0, EntryKind::none, FrameStatus::failed,
                    Verdict::notComparable, read ? Note::oneSource : Note::processGone});
  }
  return rows;
}

}  // namespace cr3scope
