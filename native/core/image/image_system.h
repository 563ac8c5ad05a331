// SPDX-License-Identifier: GPL-2.0-only
// A memory image as the system that is looked at.
#pragma once
#include <mutex>

#include "../system.h"
#include "frame_record.h"
#include "linux.h"

namespace cr3scope {

// The address space of a root that the user names is listed as a process with this PID, which Linux never gives
// (PID_MAX_LIMIT, include/linux/threads.h); those that were guessed have the PIDs from here on. app/contract/image.ts
// has it, too.
constexpr int kNamedRootPid = 1 << 22;

class ImageSystem final : public System {
 public:
  // Throws Error as open_image().
  explicit ImageSystem(const ImageOptions& options);

  const Target& target() const override { return target_; }
  Facts facts() override;
  // The first one looks for Linux.
  Reader open_reader() override;
  std::optional<Error> refusal(Source source) override;
  u64 direct_map() const override { return linux_ ? linux_->direct_map() : 0; }
  std::string direct_map_from() const override { return direct_map() ? "page_offset_base in the image" : ""; }

  std::vector<ProcessRow> processes(int only_pid) override;
  std::vector<Cgroup> cgroups() override { return {}; }
  // None are known of a root that the user names, and of a process without an address space.
  std::vector<Region> regions(int pid, bool gate_vma) override;
  std::string vm_flags(int, u64) override { return ""; }
  std::unique_ptr<RegionProbe> probe_regions(int pid) override;
  std::unique_ptr<FrameFacts> frame_facts() override;
  std::vector<std::unique_ptr<PageSource>> page_sources(const Machine& machine, const AddressSpace& space) override;
  const Types& types() override;
  void must_run(const char* what) const override;

 private:
  // Whether it changes while it is read.
  bool is_live() const { return options_.vm.pid && !options_.vm.frozen; }
  std::shared_ptr<const Linux::Tasks> tasks();
  void look_for_linux();
  FrameRecords frame_records(FrameReader& frames);

  bool is_root(int pid) const {
    return pid >= kNamedRootPid && static_cast<size_t>(pid - kNamedRootPid) < roots_.size();
  }

  const ImageOptions options_;
  std::unique_ptr<Image> image_;
  std::mutex mutex_;  // of the first reader
  bool looked_ = false;
  std::vector<u64> roots_;                     // without a kernel that names them: by the user, and guessed
  std::unique_ptr<Linux> linux_;               // null if none was found
  std::shared_ptr<const Linux::Tasks> tasks_;  // as they were found first
  std::optional<PageLayout> page_layout_;      // none if the image does not say
  std::optional<Error> linux_refusal_, record_refusal_;
  Target target_;
  std::mutex counts_mutex_;  // of these, which are made when they are first needed
  std::shared_ptr<const MapCounts> counts_;
  std::shared_ptr<const std::vector<MissingMapping>> missing_;
};

}  // namespace cr3scope
