// SPDX-License-Identifier: GPL-2.0-only
#include "frames.h"

#include <algorithm>
#include <cstring>

namespace cr3scope {

Frames read_frames(FrameReader& reader, const FrameFacts& facts, const std::vector<u64>& pfns) {
  Frames f;
  f.bytes.resize(pfns.size() * kPageSize);
  f.status.resize(pfns.size(), FrameStatus::ok);
  std::vector<size_t> wanted;
  for (size_t i = 0; i < pfns.size(); i++) {
    u64 flags = facts.flags(pfns[i]);
    f.flags.push_back(flags);
    f.roles.push_back(facts.role(pfns[i]));
    f.counts.push_back(facts.count(pfns[i]));
    f.cgroups.push_back(facts.cgroup(pfns[i]));
    if (flags != kUnknown && (flags & kKpfHwpoison)) f.status[i] = FrameStatus::hwpoison;
    else if (flags != kUnknown && (flags & kKpfOffline)) f.status[i] = FrameStatus::offline;
    else if (pfns[i] >> 40) f.status[i] = FrameStatus::notRam;
    else wanted.push_back(i);
  }
  for (size_t at = 0; at < wanted.size(); at += FrameReader::kBatch) {
    size_t n = std::min(wanted.size() - at, FrameReader::kBatch);
    u64 addresses[FrameReader::kBatch];
    FrameStatus status[FrameReader::kBatch];
    for (size_t i = 0; i < n; i++) addresses[i] = pfns[wanted[at + i]] << kPageShift;
    const u8* frames = reader.read(addresses, n, status);
    for (size_t i = 0; i < n; i++) {
      size_t k = wanted[at + i];
      f.status[k] = status[i];
      if (status[i] == FrameStatus::ok) std::memcpy(&f.bytes[k * kPageSize], frames + i * kPageSize, kPageSize);
    }
  }
  return f;
}

}  // namespace cr3scope
