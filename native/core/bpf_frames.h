// SPDX-License-Identifier: GPL-2.0-only
// The bpf frame reader: bpf/frames.bpf.c, loaded. One instance serves one thread at a time.
#pragma once
#include <memory>
#include <string>

#include "../bpf/frames.h"
#include "cpus.h"
#include "frame_reader.h"
#include "kpage.h"
#include "roots.h"
#include "target.h"

struct bpf_object;
struct bpf_link;

namespace cr3scope {

// Throws an Error with that errno and the remedy if a bpf call was refused.
[[noreturn]] void refuse_bpf(const Target& target, const std::string& call, int code);

class BpfFrames final : public FrameReader, public Roots, public Cpus {
 public:
  // Loads the programs and finds the direct map, or takes `direct_map` if another instance has confirmed it already.
  // Throws Error with the reason and the remedy if bpf can't be used here.
  explicit BpfFrames(const Target& target, u64 direct_map = 0);
  ~BpfFrames() override;

  const char* name() const override { return "bpf"; }
  const u8* read(const u64* addresses, size_t count, FrameStatus* status) override;
  std::vector<RootRecord> roots(int only_pid) override;
  // By which threads are on a CPU while the task list is walked; registers can't be read.
  std::vector<CpuState> cpus() override;

  u64 direct_map() const { return direct_map_; }
  pid_ns own_namespace() const { return settings_->ns; }
  const std::string& direct_map_from() const { return direct_map_from_; }

 private:
  std::vector<root_record> records(int only_pid, bool running = false);
  RootRecord to_root(const root_record& record) const;
  void run(int program, void* context, unsigned bytes);
  void release();
  void find_direct_map();
  bool confirms(u64 candidate, u64 pgd, u64 va, u64 pfn);

  const Target& target_;
  KPage kpage_;
  bpf_object* object_ = nullptr;
  bpf_link* iterator_ = nullptr;
  int read_frames_ = -1, probe_ = -1;
  u64* addresses_ = nullptr;
  u8* frames_ = nullptr;
  std::int64_t* results_ = nullptr;
  frames_settings* settings_ = nullptr;
  u64 direct_map_ = 0;
  std::string direct_map_from_;
};

}  // namespace cr3scope
