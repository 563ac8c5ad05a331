// SPDX-License-Identifier: GPL-2.0-only
#include "verdict.h"

#include "other_sources.h"

namespace cr3scope {

namespace {

// pagemap against the table walk.
Judgement judge_two(PagemapWord p, u64 raw, const Entry& e, u64 pfn, const Known& known) {
  const Judgement differs{Verdict::mismatch, Note::differs};
  auto by_rule = [&](bool same, Note note) { return same ? Judgement{Verdict::agreeByRule, note} : differs; };
  if (p.present() && p.pfn() == 0 && known.zero_pfn == 0) return {Verdict::notComparable, Note::pfnsHidden};
  bool same_frame = p.present() && p.pfn() == pfn;
  bool same_swap = p.swapped() && !p.present() && p.swap_type() == e.swap_type;
  // pagemap gives the offset of a swapped page as it is, and the frame number of the others.
  if (e.assumed)
    return by_rule(same_swap && (p.swap_offset() == e.swap_offset || p.swap_offset() == pfn), Note::swapTypeAssumed);
  switch (e.kind) {
    case EntryKind::none:
    case EntryKind::presentCleared:
      return p.present() || p.swapped() ? differs : Judgement{Verdict::notPresent, Note::none};
    case EntryKind::leaf:
      if (!same_frame) return differs;
      if (pfn == known.zero_pfn) return {Verdict::agreeByRule, Note::zeroPage};
      if (known.huge_zero && may_be_huge_zero_page(e, raw)) return {Verdict::agreeByRule, Note::hugeZeroPage};
      return {Verdict::agree, Note::none};
    case EntryKind::protNone:
      return by_rule(same_frame, pfn == known.zero_pfn || (known.huge_zero && may_be_huge_zero_page(e, raw))
                                     ? Note::protNoneZeroPage
                                     : Note::protNone);
    case EntryKind::midSplit:
      return by_rule(same_frame, Note::midSplit);
    case EntryKind::swap:
      return same_swap && p.swap_offset() == e.swap_offset ? Judgement{Verdict::swapped, Note::none} : differs;
    case EntryKind::migration:
      return by_rule(same_swap && p.swap_offset() == pfn, Note::migration);
    case EntryKind::device:
      return by_rule(same_swap && p.swap_offset() == pfn, Note::device);
    case EntryKind::hwpoison:
      return by_rule(same_swap && p.swap_offset() == pfn, Note::hwpoison);
    case EntryKind::marker: {
      Note note = e.swap_offset & kMarkerGuard      ? Note::guardMarker
                  : e.swap_offset & kMarkerPoisoned ? Note::poisonMarker
                                                    : Note::uffdWpMarker;
      bool guard = note == Note::guardMarker && !p.present() && (p.raw & PagemapWord::kGuard);
      return by_rule(guard || (same_swap && p.swap_offset() == e.swap_offset), note);
    }
    case EntryKind::swapinError:
      return by_rule(same_swap, Note::swapinError);
    case EntryKind::reserved:
      return {Verdict::mismatch, Note::reservedBits};
    case EntryKind::table:
      break;
  }
  return {Verdict::notComparable, Note::tableUnreadable};
}

// The frame record against the table walk, where it fits.
Judgement judge_record(RecordWord record, const Entry& e) {
  if (e.kind == EntryKind::reserved) return {Verdict::mismatch, Note::reservedBits};
  const bool nothing = e.kind == EntryKind::none || e.kind == EntryKind::presentCleared;
  if (record.kind() == RecordWord::nothing && nothing) return {Verdict::notPresent, Note::none};
  // It does not tell of swapped pages, migration and the like.
  if (!record.here()) return {Verdict::notComparable, Note::oneSource};
  const bool zero = record.kind() == RecordWord::zeroPage || record.kind() == RecordWord::hugeZeroPage;
  switch (e.kind) {
    case EntryKind::leaf:
      if (record.kind() == RecordWord::zeroPage) return {Verdict::agreeByRule, Note::zeroPage};
      if (zero) return {Verdict::agreeByRule, Note::hugeZeroPage};
      return {Verdict::agree, Note::none};
    case EntryKind::protNone:
      return {Verdict::agreeByRule, zero ? Note::protNoneZeroPage : Note::protNone};
    case EntryKind::midSplit:
      return {Verdict::agreeByRule, Note::midSplit};
    default:
      return {Verdict::notComparable, Note::oneSource};
  }
}

}  // namespace

Judgement judge(const Words& words, const Entry& e, u64 pfn, const Known& known) {
  for (const OtherSource& other : kOtherSources)
    if (u64 word = words[other.id]; word && !other.agrees(word, e, pfn)) return {Verdict::mismatch, other.differs};
  if (!known.pagemap) return judge_record(words.record(), e);
  return judge_two(words.pagemap(), words.entry(), e, pfn, known);
}

Note left_out_by_pagemap(const Entry& e, const std::string& vm_flags) {
  auto has = [&](const char* flag) { return vm_flags.find(flag) != std::string::npos; };
  if (has(" pf ")) return Note::pfnmap;
  return !maps_frame(e.kind) && has(" ht ") ? Note::hugetlbNotPresent : Note::none;
}

}  // namespace cr3scope
