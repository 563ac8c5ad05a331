// SPDX-License-Identifier: GPL-2.0-only
#include "image_system.h"

#include <algorithm>
#include <cstdio>

#include "../address_space.h"
#include "../clock.h"
#include "../error.h"
#include "frame_record.h"

namespace cr3scope {

namespace {

std::string hex(u64 value) {
  char text[20];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
  return text;
}

// What one thread reads an image through.
class ImageReader final : public FrameReader, public Roots, public Cpus {
 public:
  ImageReader(const Image& image, const ImageOptions& options, const Linux* linux)
      : image_(image), options_(options), linux_(linux), frames_(kBatch * kPageSize) {}

  const char* name() const override { return "image"; }
  const u8* read(const u64* addresses, size_t count, FrameStatus* status) override {
    image_.read(addresses, count, frames_.data(), status);
    return frames_.data();
  }
  std::vector<RootRecord> roots(int only_pid) override {
    std::vector<RootRecord> list;
    if (linux_ && only_pid) {
      if (const Linux::Process* process = linux_->process(only_pid)) list.push_back(process->root);
    } else if (linux_) {
      for (const Linux::Process& process : linux_->processes()) list.push_back(process.root);
    }
    if (options_.root_pa && (!only_pid || only_pid == kNamedRootPid))
      list.push_back({.pid = kNamedRootPid, .mm = options_.root_pa, .root_pa = options_.root_pa});
    return list;
  }
  std::vector<CpuState> cpus() override { return linux_ ? linux_->cpus() : image_.cpus(); }

 private:
  const Image& image_;
  const ImageOptions& options_;
  const Linux* const linux_;
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
  u64 flags(u64) const override { return kUnknown; }
  u64 count(u64) const override { return kUnknown; }
  u64 cgroup(u64) const override { return kUnknown; }
  void flags(u64, size_t count, u64* words) const override { std::fill(words, words + count, kUnknown); }
  Error refusal() const override {
    return Error("find what frames are used for in this image", ENODATA, "Only their bytes are known.");
  }
};

}  // namespace

ImageSystem::ImageSystem(const ImageOptions& options) : options_(options), image_(open_image(options)) {
  if (options_.root_pa & (kPageSize - 1) || options_.root_pa >> 52)
    throw Error("use " + hex(options_.root_pa) + " as a root", EINVAL,
                "Give the physical address of a page table: the address bits of CR3.");
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
    looked_ = true;
  }
  auto all = std::make_shared<ImageReader>(*image_, options_, linux_.get());
  return {all, all.get(), all.get(), all.get(), nullptr};
}

void ImageSystem::look_for_linux() {
  try {
    linux_ = std::make_unique<Linux>(*image_);
  } catch (const Error& error) {
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
    PageStructs{*linux_};
  } catch (const Error& error) {
    record_refusal_ = error;
  }
}

Facts ImageSystem::facts() {
  Facts facts = linux_ ? linux_->facts() : Facts{};
  facts.ns = monotonic_ns();
  if (!facts.cpus) facts.cpus = static_cast<unsigned>(image_->cpus().size());
  for (const RamRange& r : image_->ranges()) facts.memory_bytes += r.end - r.begin;
  facts.findings.push_back("memory image: " + image_->format());
  if (linux_) facts.findings.insert(facts.findings.end(), linux_->findings().begin(), linux_->findings().end());
  else if (linux_refusal_) facts.findings.push_back(linux_refusal_->call);
  return facts;
}

std::optional<Error> ImageSystem::refusal(Source source) {
  if (source == Source::tableWalk) return std::nullopt;
  if (source == Source::frameRecord) return linux_ ? record_refusal_ : linux_refusal_;
  return Error("read a memory image by its own kernel", ENOTSUP, "Only a running machine has this source.");
}

std::vector<ProcessRow> ImageSystem::processes() {
  std::vector<ProcessRow> rows;
  if (linux_)
    for (const Linux::Process& process : linux_->processes()) rows.push_back(process.row);
  if (options_.root_pa) {
    ProcessRow row;
    row.pid = kNamedRootPid;
    row.name = "root " + hex(options_.root_pa);
    rows.push_back(row);
  }
  if (rows.empty() && linux_refusal_) throw *linux_refusal_;
  return rows;
}

std::vector<Region> ImageSystem::regions(int pid, bool) {
  if (options_.root_pa && pid == kNamedRootPid) return {};
  if (!linux_) throw linux_refusal_.value_or(Error("find regions", ENODATA, "Open the image first."));
  const Linux::Process* process = linux_->process(pid);
  if (!process)
    throw Error("find process " + std::to_string(pid) + " in this image", ESRCH, "`cr3scope ps` lists them.");
  return process->root.mm ? linux_->regions(process->root.mm) : std::vector<Region>{};
}

std::vector<std::unique_ptr<PageSource>> ImageSystem::page_sources(const Machine& machine, const AddressSpace& space) {
  std::vector<std::unique_ptr<PageSource>> sources;
  const Linux::Process* process = linux_ && !record_refusal_ ? linux_->process(space.pid()) : nullptr;
  if (process && process->root.mm)
    sources.push_back(std::make_unique<FrameRecord>(*linux_, machine.frames, process->root.mm, space.root_pa()));
  return sources;
}

std::unique_ptr<RegionProbe> ImageSystem::probe_regions(int pid) {
  return std::make_unique<FixedRegions>(regions(pid, false));
}

std::unique_ptr<FrameFacts> ImageSystem::frame_facts() { return std::make_unique<NoFrameFacts>(); }

void ImageSystem::must_run(const char* what) const {
  throw Error(std::string(what) + " in a memory image", ENOTSUP,
              "An image does not run. Do this on the machine itself.");
}

}  // namespace cr3scope
