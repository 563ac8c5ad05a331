// SPDX-License-Identifier: GPL-2.0-only
#include "memory_map.h"

#include <algorithm>
#include <bit>

#include "error.h"

namespace cr3scope {

namespace {

// No page is larger and each is aligned to its size, so none reaches from one chunk into the next.
constexpr u64 kChunk = 1 << 18;

struct Picture {
  const Target& target;
  const ReverseMap& reverse;
  MemoryMap& map;
  const FrameFacts& facts;
  size_t columns = static_cast<size_t>(std::popcount(map.flags));
  std::vector<u64> flags;  // of each frame
  std::vector<Role> roles;
  std::vector<u32> mappings;                                               // of each frame
  std::vector<std::vector<std::pair<u32, u32>>> owners{map.cells.size()};  // by cell: space, mappings

  // Frames [first, end) of one chunk.
  void add(u64 first, u64 end) {
    size_t count = end - first;
    read_roles(first, count);
    mappings.assign(count, 0);
    // Upper tables are not marked as such before 6.14.
    reverse.for_each_table(first, end, [&](u64 pfn, size_t space) {
      Role& role = roles[pfn - first];
      if (role == Role::kernel) role = Role::pageTable;
      map.uses[space].mapped[static_cast<size_t>(role)]++;
      mappings[pfn - first]++;
    });
    auto each = [&](auto take) {
      reverse.for_each_mapping(first & ~(kChunk - 1), end, [&](u64 pfn, u64 frames, size_t space, unsigned shift) {
        u64 from = std::max(pfn, first), to = std::min(pfn + frames, end);
        for (u64 f = from; f < to; f++) take(f, space, shift);
      });
    };
    each([&](u64 pfn, size_t, unsigned) { mappings[pfn - first]++; });
    each([&](u64 pfn, size_t space, unsigned shift) {
      MemoryMap::Use& use = map.uses[space];
      use.mapped[static_cast<size_t>(roles[pfn - first])]++;
      use.alone += mappings[pfn - first] == 1;
      size_t cell = (pfn - map.begin) / map.frames_per_cell;
      map.cells[cell].sizes[(shift - kPageShift) / 9]++;
      count_owner(owners[cell], static_cast<u32>(space));
    });
    for (size_t i = 0; i < count; i++) {
      size_t at = (first + i - map.begin) / map.frames_per_cell;
      MemoryMap::Cell& cell = map.cells[at];
      auto role = static_cast<size_t>(roles[i]);
      cell.roles[role]++;
      if (flags[i] != kUnknown) count_flags(flags[i], &map.flagged[at * columns]);
      map.total[role]++;
      if (!mappings[i]) map.unmapped[role]++;
    }
  }

  void count_flags(u64 of_frame, u32* counts) const {
    for (u64 rest = of_frame & map.flags; rest; rest &= rest - 1)
      counts[std::popcount(map.flags & ((rest & -rest) - 1))]++;
  }

  void read_roles(u64 first, size_t count) {
    flags.resize(count);
    roles.resize(count);
    facts.flags(first, count, flags.data());
    for (size_t i = 0; i < count; i++) {
      bool ram = target.is_ram((first + i) << kPageShift, kPageSize);
      Role role = ram ? role_of(flags[i]) : Role::absent;
      if (role == Role::kernel && (flags[i] & kKpfTail)) role = i ? roles[i - 1] : facts.role(first);
      roles[i] = role;
    }
  }

  static void count_owner(std::vector<std::pair<u32, u32>>& list, u32 space) {
    auto at = std::find_if(list.begin(), list.end(), [&](auto& o) { return o.first == space; });
    if (at == list.end()) list.emplace_back(space, 1);
    else std::swap(*at, list.front()), list.front().second++;  // neighbours mostly have the same owner
  }

  void finish() {
    for (size_t i = 0; i < owners.size(); i++)
      for (auto [space, n] : owners[i]) {
        auto& cell = map.cells[i];
        const int pid = reverse.space(space).pid;
        if (n < cell.owner_mappings || (n == cell.owner_mappings && pid > cell.owner)) continue;
        cell.owner = pid;
        cell.owner_mappings = n;
      }
  }
};

// Without a count yet. Throws Error if flags can't be read.
MemoryMap empty_map(const Target& target, const FrameFacts& facts, const ReverseMap& reverse, u64 begin, u64 end,
                    u32 cells, u64 flags) {
  if (role_of(facts.flags(target.zero_pfn)) == Role::unknown) throw facts.refusal();
  MemoryMap map;
  map.begin = begin;
  map.end = end;
  map.frames_per_cell = std::bit_ceil((end - begin + cells - 1) / cells);
  map.cells.resize((end - begin + map.frames_per_cell - 1) / map.frames_per_cell);
  map.flags = flags;
  map.flagged.resize(map.cells.size() * static_cast<size_t>(std::popcount(flags)));
  for (size_t i = 0; i < reverse.spaces(); i++)
    map.uses.push_back({reverse.space(i).pid, reverse.space(i).start_ticks, {}, 0});
  return map;
}

// Adds all frames of the map, chunk by chunk.
template <class Added>
void add_all(Picture& picture, Added added) {
  const auto [begin, end] = std::pair(picture.map.begin, picture.map.end);
  for (u64 first = begin; first < end;) {
    const u64 next = std::min((first | (kChunk - 1)) + 1, end);
    picture.add(first, next);
    added();
    first = next;
  }
  picture.finish();
}

}  // namespace

MemoryMap map_memory(const Target& target, const FrameFacts& facts, const ReverseMap& reverse, u64 begin, u64 end,
                     u32 cells, u64 flags, const std::atomic<bool>& cancel) {
  MemoryMap map = empty_map(target, facts, reverse, begin, end, cells, flags);
  Picture picture{target, reverse, map, facts};
  add_all(picture, [&] {
    if (cancel) throw Cancelled();
  });
  return map;
}

std::vector<ListedFrame> list_frames(const Target& target, const FrameFacts& facts, const ReverseMap& reverse,
                                     u64 begin, u64 end) {
  MemoryMap map = empty_map(target, facts, reverse, begin, end, static_cast<u32>(end - begin), 0);
  Picture picture{target, reverse, map, facts};
  std::vector<ListedFrame> list;
  add_all(picture, [&] {
    for (size_t i = 0; i < picture.roles.size(); i++) list.push_back({picture.flags[i], picture.roles[i], 0, 0});
  });
  for (size_t i = 0; i < list.size(); i++) {
    const MemoryMap::Cell& cell = map.cells[i];
    list[i].mapped = cell.sizes[0] + cell.sizes[1] + cell.sizes[2];
    list[i].owner = cell.owner;
  }
  return list;
}

}  // namespace cr3scope
