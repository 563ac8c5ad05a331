// SPDX-License-Identifier: GPL-2.0-only
// Why pages change: records of what the kernel does to watched pages, by bpf programs (bpf/causes.bpf.c) that are
// attached only while something is watched.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../bpf/causes.h"
#include "regions.h"
#include "target.h"

struct bpf_object;
struct bpf_link;
struct bpf_program;
struct ring_buffer;

namespace cr3scope {

// What can be told here of one kind of cause.
struct CauseAbility {
  enum class How : u8 { exactly, partly, no };
  const char* name;
  How how;
  std::string detail;  // why not, or what is missing
};

class CauseRecorder {
 public:
  explicit CauseRecorder(const Target& target) : target_(target) {}
  ~CauseRecorder();
  CauseRecorder(const CauseRecorder&) = delete;

  // Records about the pages of [begin, end) of one address space, from now on. One thread uses it.
  class Watch {
   public:
    ~Watch();
    Watch(const Watch&) = delete;
    // Takes what has come for all watches.
    void collect() { recorder_.collect(); }
    // Takes the records of this one that have been collected, oldest first; ranges of files stay what they are.
    std::vector<cause_record> take();
    // Records that did not fit since the last call, of any watch.
    u64 take_lost();

   private:
    friend CauseRecorder;
    Watch(CauseRecorder& recorder, u64 pgd, u64 begin, u64 end)
        : recorder_(recorder), pgd_(pgd), begin_(begin), end_(end) {}
    bool wants(const cause_record& record) const;

    CauseRecorder& recorder_;
    u64 pgd_, begin_, end_, lost_seen_ = 0;
    std::vector<cause_record> records_;  // guarded by the recorder's mutex
  };

  // `pgd` is the kernel virtual address of the root. Throws Error with the reason where nothing can be seen here.
  std::unique_ptr<Watch> watch(u64 pgd, int pid, u64 begin, u64 end);

  // What this kernel can tell, by attaching all programs for a moment unless they are.
  std::vector<CauseAbility> abilities();
  // Why programs can't run at functions; empty where they can.
  std::string functions_refusal();

 private:
  // Those that are watched at once; their records are kept until their watch takes them.
  static constexpr size_t kMostRecords = 1 << 16;

  void attach();
  std::vector<std::string> choose(bool functions);
  bool try_attach(bool functions);
  void detach();
  void collect();
  void set_spaces();
  u64 lost() const;
  static int take(void* self, void* data, size_t size);

  const Target& target_;
  std::mutex mutex_;
  std::vector<Watch*> watches_;
  bpf_object* object_ = nullptr;
  ring_buffer* ring_ = nullptr;
  std::vector<bpf_link*> links_;
  causes_settings* settings_ = nullptr;
  size_t taken_ = 0;  // by one call of collect(), which ends even if records come as fast as they are taken
  u64 dropped_ = 0, lost_before_ = 0;  // of watches that did not take them; of the programs before the last detach
  bool no_functions_ = false;          // tried and refused
  std::string functions_refusal_;
  std::vector<std::string> attached_;                              // names of programs
  std::vector<std::pair<std::string, std::string>> refused_;       // those that did not load or attach, and why
  std::vector<std::pair<std::string, std::string>> not_attached_;  // and those that this kernel has nothing for
};

// Puts the pages that map a range of a file, as the regions are now, in the place of that range.
void map_file_ranges(std::vector<cause_record>& records, const std::vector<Region>& regions);

// Those of `records` that may explain a change of one of the pages at `vas` (sorted).
struct CauseRow {
  u64 va, entry, pfn;
  u8 shift;
};
std::vector<cause_record> records_about(const std::vector<cause_record>& records, const std::vector<CauseRow>& rows);

}  // namespace cr3scope
