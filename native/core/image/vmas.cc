// SPDX-License-Identifier: GPL-2.0-only
// Regions in a memory image: the maple tree (since 6.1) or the list of an address space, and the paths of files.
#include <algorithm>
#include <cstdio>
#include <unordered_set>

#include "../error.h"
#include "linux.h"

namespace cr3scope {

namespace {

constexpr size_t kMostVmas = 1 << 20, kMostNodes = 1 << 20;
constexpr unsigned kDeepest = 31, kMostComponents = 4096;

Error broken(const std::string& what) {
  return Error("read " + what + " in this image", EUCLEAN,
               "The image may have been taken while the machine ran, or was altered.");
}

// Collects the entries of a maple tree (lib/maple_tree.c, "Maple Tree" in Documentation/core-api).
class MapleWalk {
 public:
  MapleWalk(KernelMemory& memory, const Layout& layout, std::vector<u64>& found)
      : memory_(memory), l_(layout), found_(found) {}

  void run(u64 root) {
    // Nothing, one entry, or a node: xa_is_node().
    if ((root & 3) != 2 || root < kLowest) {
      if (root >= kLowest && !(root & 3)) found_.push_back(root);
      return;
    }
    node(root, 0, ~0ull, 0);
  }

 private:
  static constexpr u64 kLowest = 4096;  // below are markers

  void node(u64 entry, u64 low, u64 high, unsigned depth) {
    // mte_to_node(), mte_node_type(): nodes are aligned to 256 bytes; the type is in the low bits.
    const u64 at = entry & ~u64{0xff}, type = entry >> 3 & 15;
    if (depth > kDeepest || nodes_.size() > kMostNodes || !nodes_.insert(at).second)
      throw broken("the regions of a process: their tree comes back on itself");
    const bool arange = type == l_.maple_arange, leaf = type == l_.maple_leaf;
    if (!arange && !leaf && type != l_.maple_range) throw broken("a node of the tree of regions");
    const Member &pivots = arange ? l_.arange_pivot : l_.range_pivot, &slots = arange ? l_.arange_slot : l_.range_slot;
    const unsigned pivot_count = pivots.bytes / 8, slot_count = slots.bytes / 8;
    u8 bytes[256];
    if (!memory_.read(at, bytes, sizeof bytes)) throw broken("a node of the tree of regions");
    auto word = [&](u32 offset) {
      u64 value = 0;
      if (offset + 8 <= sizeof bytes) std::memcpy(&value, bytes + offset, sizeof value);
      return value;
    };
    auto pivot = [&](unsigned i) { return word(pivots.offset + i * 8); };
    // ma_data_end(): the metadata shares its place with the last slot, and is there if the last pivot is not used.
    const u32 meta = arange ? l_.arange_meta.offset : l_.range_meta.offset;
    unsigned end;
    if (arange || !pivot(pivot_count - 1)) end = meta < sizeof bytes ? bytes[meta] : 0;
    else end = pivot(pivot_count - 1) == high ? pivot_count - 1 : pivot_count;
    for (unsigned i = 0; i <= std::min(end, slot_count - 1); i++) {
      const u64 last = i < pivot_count && i < end ? pivot(i) : high, value = word(slots.offset + i * 8);
      if (last < low || last > high) throw broken("the regions of a process: their tree is out of order");
      if (leaf) {
        if (value >= kLowest && !(value & 3)) found_.push_back(value);
        if (found_.size() > kMostVmas) throw broken("the regions of a process: there are too many");
      } else if (value) {
        node(value, low, last, depth + 1);
      }
      if (last == ~0ull) break;
      low = last + 1;
    }
  }

  KernelMemory& memory_;
  const Layout& l_;
  std::vector<u64>& found_;
  std::unordered_set<u64> nodes_;
};

// The kernel escapes these in /proc/PID/maps (seq_file_path(…, "\n")).
std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') out += "\\012";
    else out += c;
  }
  return out;
}

}  // namespace

std::vector<Vma> Linux::vmas(u64 mm) const {
  KernelMemory memory = this->memory();
  const Layout& l = *layout_;
  std::vector<u64> found;
  if (l.mm_maple.bytes) {
    MapleWalk(memory, l, found).run(memory.word(mm + l.mm_maple.offset + l.maple_root.offset));
  } else {
    std::unordered_set<u64> seen;
    for (u64 vma = memory.word(mm + l.mm_mmap.offset); vma; vma = memory.word(vma + l.vma_next.offset)) {
      if (!seen.insert(vma).second || seen.size() > kMostVmas)
        throw broken("the regions of a process: their list comes back on itself");
      found.push_back(vma);
    }
  }
  std::vector<Vma> vmas;
  u64 last = 0;
  for (u64 va : found) {
    auto field = [&](const Member& m) { return memory.word(va + m.offset); };
    Vma v{va, field(l.vma_start), field(l.vma_end), field(l.vma_flags), field(l.vma_offset), field(l.vma_file), 0};
    auto half = [&](const Member& m) { return memory.value<u32>(va + m.offset).value_or(0); };
    v.anon_offset = l.vma_anon_low.bytes && l.vma_anon_high.bytes
                        ? static_cast<u64>(half(l.vma_anon_high)) << 32 | half(l.vma_anon_low)
                        : v.page_offset;
    if (v.begin < last || v.end <= v.begin || (v.begin | v.end) & (kPageSize - 1) || v.end > target_.paging.user_end())
      throw broken("a region of a process");
    last = v.end;
    vmas.push_back(v);
  }
  return vmas;
}

// As d_path() (fs/d_path.c) has it, from the topmost mount on.
std::string Linux::path_of(KernelMemory& memory, u64 path) const {
  const Layout& l = *layout_;
  const u64 first = memory.word(path + l.path_dentry.offset);
  u64 dentry = first, mount = memory.word(path + l.path_mnt.offset) - l.mount_mnt.offset;
  auto name = [&](u64 d) { return memory.text(memory.word(d + l.dentry_name.offset + l.qstr_name.offset), 255); };
  const u64 super = memory.word(memory.word(first + l.dentry_inode.offset) + l.inode_super.offset);
  // These name their files by themselves: anon_inodefs_dname(), sockfs_dname(), pipefs_dname().
  constexpr u64 kAnonInode = 0x09041934, kSocket = 0x534f434b, kPipe = 0x50495045;  // include/uapi/linux/magic.h
  const u64 magic = memory.word(super + l.super_magic.offset);
  if (magic == kAnonInode) return "anon_inode:" + name(first);
  if (magic == kSocket || magic == kPipe) {
    const u64 number = memory.word(memory.word(first + l.dentry_inode.offset) + l.inode_number.offset);
    return std::string(magic == kSocket ? "socket:[" : "pipe:[") + std::to_string(number) + "]";
  }
  std::string text;
  bool gone = false;
  for (unsigned i = 0; i < kMostComponents; i++) {
    const u64 root = memory.word(mount + l.mount_mnt.offset + l.vfsmount_root.offset);
    const u64 parent = memory.word(dentry + l.dentry_parent.offset);
    if (dentry == root || parent == dentry) {
      const u64 above = memory.word(mount + l.mount_parent.offset);
      if (above == mount || !above) {
        // Memory files are in no directory (simple_dname(), fs/d_path.c).
        if (dentry != root) {
          gone = true;
          text = "/" + name(dentry) + text;
        }
        break;
      }
      dentry = memory.word(mount + l.mount_mountpoint.offset);
      mount = above;
      continue;
    }
    // d_unlinked(): d_hash.pprev.
    if (dentry == first && !memory.word(dentry + l.dentry_hash.offset + 8)) gone = true;
    text = "/" + name(dentry) + text;
    dentry = parent;
  }
  return escaped(text.empty() ? "/" : text) + (gone ? " (deleted)" : "");
}

std::vector<Region> Linux::regions(u64 mm) const {
  KernelMemory memory = this->memory();
  const Layout& l = *layout_;
  auto of_mm = [&](const Member& m) { return m.bytes ? memory.word(mm + m.offset) : 0; };
  const u64 start_brk = of_mm(l.mm_start_brk), brk = of_mm(l.mm_brk), stack = of_mm(l.mm_start_stack);
  std::vector<Region> regions;
  for (const Vma& v : vmas(mm)) {
    Region r{v.begin, v.end, 0, 0, 0, "", ""};
    auto letter = [&](u64 flag, char c) { return v.flags & flag ? c : '-'; };
    r.permissions = {letter(kVmRead, 'r'), letter(kVmWrite, 'w'), letter(kVmExec, 'x'),
                     v.flags & kVmMayShare ? 's' : 'p'};
    if (v.file) {
      r.offset = v.page_offset << kPageShift;
      u64 path = v.file + l.file_path.offset, inode = memory.word(v.file + l.file_inode.offset);
      // Overlay files map the file below and show their own (file_user_path(), 6.8). FMODE_BACKING was bit 25, and is
      // 24 since 25 is FMODE_NONOTIFY (6.14, and stable kernels before): the path says whether it is one.
      constexpr u32 kMaybeBacking = 3u << 24;
      if (const u64 own = v.file + l.backing_path.offset;
          l.backing_path.bytes && memory.value<u32>(v.file + l.file_mode.offset).value_or(0) & kMaybeBacking &&
          is_kernel_address(memory.word(own + l.path_mnt.offset)) &&
          is_kernel_address(memory.word(memory.word(own + l.path_dentry.offset) + l.dentry_inode.offset))) {
        path = own;
        inode = memory.word(memory.word(path + l.path_dentry.offset) + l.dentry_inode.offset);
      }
      r.inode = memory.word(inode + l.inode_number.offset);
      r.device = memory.value<u32>(memory.word(inode + l.inode_super.offset) + l.super_device.offset).value_or(0);
      r.path = path_of(memory, path);
    } else if (memory.word(v.va + l.vma_ops.offset)) {
      // struct vm_special_mapping begins with its name.
      const u64 mapping = memory.word(v.va + l.vma_private.offset);
      if (mapping >> 63)
        if (std::string name = memory.text(memory.word(mapping), 32); name.starts_with("[")) r.path = name;
    }
    if (r.path.empty() && !v.file) {
      if (v.begin <= brk && v.end >= start_brk && brk > start_brk) r.path = "[heap]";
      else if (v.begin <= stack && v.end >= stack) r.path = "[stack]";
      else if (const u64 name = l.vma_anon_name.bytes ? memory.word(v.va + l.vma_anon_name.offset) : 0; name >> 63)
        r.path = "[anon:" + memory.text(name + l.anon_name_text.offset, 80) + "]";
    }
    regions.push_back(std::move(r));
  }
  return regions;
}

}  // namespace cr3scope
