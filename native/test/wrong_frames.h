// SPDX-License-Identifier: GPL-2.0-only
// A frame reader that gives wrong frames: some present entries of the page tables that it reads name a wrong frame,
// always the same one. Every check must catch it.
#pragma once
#include <unordered_map>
#include <vector>

#include "../core/frame_reader.h"
#include "../core/roots.h"
#include "../core/target.h"

namespace cr3scope {

class WrongFrames final : public FrameReader {
 public:
  WrongFrames(const Target& target, FrameReader& truth, Roots& roots) : target_(target), truth_(truth), roots_(roots) {}

  const char* name() const override { return "wrong"; }
  // The truth, except in PTE tables that were found on the way down from a root: there the entry of each 61st virtual
  // page of the user half has bit 13 flipped.
  const u8* read(const u64* addresses, size_t count, FrameStatus* status) override;

 private:
  struct Place {
    unsigned level;
    u64 va;  // first address that the table covers
  };

  bool is_root(u64 pa);
  void learn(const Place& table, const u8* frame);
  static void distort(const Place& table, u8* frame);

  const Target& target_;
  FrameReader& truth_;
  Roots& roots_;
  std::unordered_map<u64, Place> tables_;  // by physical address, of the address space that was read last
  std::vector<u8> frames_;
};

}  // namespace cr3scope
