// SPDX-License-Identifier: GPL-2.0-only
#include "image_system.h"

#include <algorithm>
#include <cstdio>

#include "../address_space.h"
#include "../clock.h"
#include "../error.h"
#include "frame_record.h"
#include "guess_roots.h"
#include "places.h"

namespace cr3scope {

namespace {

using TasksNow = std::function<std::shared_ptr<const Linux::Tasks>()>;

std::string hex(u64 value) {
  char text[20];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
  return text;
}

// What one thread reads an image through.
class ImageReader final : public FrameReader, public Roots, public Cpus {
 public:
  // `tasks` is null if there is no Linux in it.
  ImageReader(const Image& image, const std::vector<u64>& roots, TasksNow tasks)
      : image_(image), roots_(roots), tasks_(std::move(tasks)), frames_(kBatch * kPageSize) {}

  const char* name() const override { return "image"; }
  const u8* read(const u64* addresses, size_t count, FrameStatus* status) override {
    image_.read(addresses, count, frames_.data(), status);
    return frames_.data();
  }
  std::vector<RootRecord> roots(int only_pid) override {
    std::vector<RootRecord> list;
    if (const auto tasks = tasks_ ? tasks_() : nullptr) {
      if (!only_pid)
        for (const Linux::Process& process : tasks->processes) list.push_back(process.root);
      else if (const Linux::Process* process = tasks->process(only_pid)) list.push_back(process->root);
    }
    for (size_t i = 0; i < roots_.size(); i++)
      if (const int pid = kNamedRootPid + static_cast<int>(i); !only_pid || only_pid == pid)
        list.push_back({.pid = pid, .mm = roots_[i], .root_pa = roots_[i]});
    return list;
  }
  std::vector<CpuState> cpus() override { return tasks_ ? tasks_()->cpus : image_.cpus(); }

 private:
  const Image& image_;
  const std::vector<u64>& roots_;
  const TasksNow tasks_;
  std::vector<u8> frames_;
};

// An image does not change.
class FixedRegions final : public RegionProbe {
 public:
  explicit FixedRegions(std::vector<Region> regions) : regions_(std::move(regions)) {}
  u64 covered_until(u64 va, u64 end) override {
    for (const Region& region : regions_)
      if (region.begin <= va && va < region.end) va = region.end;
    return std::min(va, end);
  }
  void forget() override {}

 private:
  std::vector<Region> regions_;
};

class NoFrameFacts final : public FrameFacts {
 public:
  explicit NoFrameFacts(const Error& refusal) : refusal_(refusal) {}
  u64 flags(u64) const override { return kUnknown; }
  u64 count(u64) const override { return kUnknown; }
  u64 cgroup(u64) const override { return kUnknown; }
  void flags(u64, size_t count, u64* words) const override { std::fill(words, words + count, kUnknown); }
  Error refusal() const override { return refusal_; }

 private:
  const Error refusal_;
};

}  // namespace

ImageSystem::ImageSystem(const ImageOptions& options) : options_(options), image_(open_image(options)) {
  if (options_.root_pa & (kPageSize - 1) || options_.root_pa >> 52)
    throw Error("use " + hex(options_.root_pa) + " as a root", EINVAL,
                "Give the physical address of a page table: the address bits of CR3.");
  if (options_.root_pa) roots_.push_back(options_.root_pa);
  target_.cpu_model = "memory image: " + image_->format();
  target_.ram = image_->ranges();
  target_.paging.levels = static_cast<u8>(options_.levels ? options_.levels : 4);
  target_.la57 = target_.paging.levels == 5;
  target_.virtual_bits = target_.paging.top_shift();
  target_.paging.swap_pfn_bits = target_.la57 ? 40 : 34;
  target_.paging = swap_types(target_.paging, 0, {true, true, true});
  target_.paging.swap_types_known = false;
}

Reader ImageSystem::open_reader() {
  {
    std::lock_guard lock(mutex_);
    if (!looked_) look_for_linux();
    if (!looked_ && options_.guess_roots)
      for (u64 root : guess_roots(*image_, target_.paging))
        if (root != options_.root_pa) roots_.push_back(root);
    looked_ = true;
  }
  TasksNow now;
  if (linux_) now = [this] { return tasks(); };
  auto all = std::make_shared<ImageReader>(*image_, roots_, std::move(now));
  return {all, all.get(), all.get(), all.get(), nullptr};
}

void ImageSystem::look_for_linux() {
  try {
    Places places{read_places(options_.places), {}};
    linux_ = std::make_unique<Linux>(*image_, places);
    tasks_ = tasks();
    if (places.found != places.before) write_places(options_.places, places.found);
  } catch (const Error& error) {
    linux_.reset();
    linux_refusal_ = error;
    return;
  }
  const Paging by_user = target_.paging;
  target_ = linux_->target();
  target_.ram = image_->ranges();
  // The user's word counts for the root that the user names; the kernel's own tables have their levels.
  if (options_.levels && options_.levels != target_.paging.levels)
    throw Error("take " + std::to_string(by_user.levels) + " levels of page tables", EINVAL,
                "This kernel has " + std::to_string(target_.paging.levels) + ": leave --levels out.");
  try {
    page_layout_.emplace(*linux_);
  } catch (const Error& error) {
    record_refusal_ = error;
  }
}

// The list of a machine that runs changes while it is read.
std::shared_ptr<const Linux::Tasks> ImageSystem::tasks() {
  constexpr int kAttempts = 8;
  if (!is_live() && tasks_) return tasks_;
  for (int attempt = 1;; attempt++) try {
      return std::make_shared<const Linux::Tasks>(linux_->tasks());
    } catch (const Error&) {
      if (!is_live() || attempt == kAttempts) throw;
    }
}

Facts ImageSystem::facts() {
  Facts facts = linux_ ? linux_->facts() : Facts{};
  facts.ns = monotonic_ns();
  if (!facts.cpus) facts.cpus = static_cast<unsigned>(image_->cpus().size());
  for (const RamRange& r : image_->ranges()) facts.memory_bytes += r.end - r.begin;
  facts.findings.push_back("memory image: " + image_->format());
  if (is_live())
    facts.findings.push_back(
        "the virtual machine runs: what is read is not of one moment, and map counts are not compared");
  if (linux_) facts.findings.insert(facts.findings.end(), linux_->findings().begin(), linux_->findings().end());
  else if (linux_refusal_) facts.findings.push_back(linux_refusal_->call);
  return facts;
}

std::optional<Error> ImageSystem::refusal(Source source) {
  if (source == Source::tableWalk) return std::nullopt;
  if (source == Source::frameRecord) return linux_ ? record_refusal_ : linux_refusal_;
  return Error("read a memory image by its own kernel", ENOTSUP, "Only a running machine has this source.");
}

std::vector<ProcessRow> ImageSystem::processes(int only_pid) {
  std::vector<ProcessRow> rows;
  if (linux_) {
    const auto now = tasks();
    for (const Linux::Process& process : now->processes) rows.push_back(process.row);
  }
  for (size_t i = 0; i < roots_.size(); i++) {
    ProcessRow row;
    row.pid = kNamedRootPid + static_cast<int>(i);
    row.name = "root " + hex(roots_[i]) + (roots_[i] == options_.root_pa ? "" : ", a guess");
    rows.push_back(row);
  }
  if (rows.empty() && linux_refusal_) throw *linux_refusal_;
  if (only_pid) std::erase_if(rows, [&](const ProcessRow& row) { return row.pid != only_pid; });
  return rows;
}

std::vector<Region> ImageSystem::regions(int pid, bool) {
  if (is_root(pid)) return {};
  if (!linux_) throw linux_refusal_.value_or(Error("find regions", ENODATA, "Open the image first."));
  const auto now = tasks();
  const Linux::Process* process = now->process(pid);
  if (!process)
    throw Error("find process " + std::to_string(pid) + " in this image", ESRCH, "`cr3scope ps` lists them.");
  return process->root.mm ? linux_->regions(process->root.mm) : std::vector<Region>{};
}

std::vector<std::unique_ptr<PageSource>> ImageSystem::page_sources(const Machine& machine, const AddressSpace& space) {
  std::vector<std::unique_ptr<PageSource>> sources;
  const auto now = linux_ && !record_refusal_ ? tasks() : nullptr;
  const Linux::Process* process = now ? now->process(space.pid()) : nullptr;
  if (process && process->root.mm)
    sources.push_back(std::make_unique<FrameRecord>(frame_records(machine.frames), machine.frames, process->root.mm,
                                                    space.root_pa()));
  return sources;
}

std::unique_ptr<RegionProbe> ImageSystem::probe_regions(int pid) {
  return std::make_unique<FixedRegions>(regions(pid, false));
}

FrameRecords ImageSystem::frame_records(FrameReader& frames) {
  // Counts of a machine that runs are not of one moment.
  if (is_live()) return {*linux_, *page_layout_, true, nullptr, nullptr};
  std::lock_guard lock(counts_mutex_);
  if (!counts_) counts_ = std::make_shared<const MapCounts>(*linux_, *tasks(), frames, image_->held());
  return {*linux_, *page_layout_, false, counts_, [this, counts = counts_](const std::atomic<bool>& cancel) {
            std::lock_guard making(counts_mutex_);
            if (!missing_)
              missing_ = std::make_shared<const std::vector<MissingMapping>>(
                  missing_mappings(*linux_, *page_layout_, *counts, image_->held(), cancel));
            return missing_;
          }};
}

std::unique_ptr<FrameFacts> ImageSystem::frame_facts() {
  if (page_layout_) return std::make_unique<ImageFrameFacts>(*linux_, *page_layout_);
  return std::make_unique<NoFrameFacts>(
      (linux_ ? record_refusal_ : linux_refusal_)
          .value_or(Error("find what frames are used for", ENODATA, "Open it first.")));
}

const Types& ImageSystem::types() {
  if (linux_) return linux_->types();
  throw linux_refusal_.value_or(Error("find Linux in the image", ENODATA, "Name a type that needs no kernel: u64[8]."));
}

void ImageSystem::must_run(const char* what) const {
  if (options_.vm.pid)
    throw Error(std::string(what) + " of a virtual machine from outside", ENOTSUP, "Run cr3scope in it for this.");
  throw Error(std::string(what) + " in a memory image", ENOTSUP,
              "An image does not run. Do this on the machine itself.");
}

}  // namespace cr3scope
