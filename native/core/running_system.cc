// SPDX-License-Identifier: GPL-2.0-only
#include "running_system.h"

#include "bpf_frames.h"
#include "file.h"
#include "kpage.h"
#include "other_sources.h"
#include "pagemap.h"

namespace cr3scope {

namespace {

template <class All>
Reader reader_of(std::shared_ptr<All> all) {
  Reader reader{all, all.get(), all.get(), all.get(), nullptr};
  if constexpr (std::is_same_v<All, KernelModule>) reader.module = all.get();
  return reader;
}

}  // namespace

Reader RunningSystem::open_reader() {
  std::unique_lock lock(mutex_);
  if (opened_) {
    lock.unlock();
    if (!module_refusal_) return reader_of(std::make_shared<KernelModule>(target_));
    return reader_of(std::make_shared<BpfFrames>(target_, direct_map_));
  }
  try {
    auto module = std::make_shared<KernelModule>(target_);
    direct_map_ = module->info().direct_map;
    direct_map_from_ = "PAGE_OFFSET, by the module";
    opened_ = true;
    return reader_of(std::move(module));
  } catch (const Error& error) {
    module_refusal_ = error;
  }
  auto bpf = std::make_shared<BpfFrames>(target_);
  direct_map_ = bpf->direct_map();
  direct_map_from_ = bpf->direct_map_from();
  opened_ = true;
  return reader_of(std::move(bpf));
}

std::optional<Error> RunningSystem::refusal(Source source) {
  if (source == Source::frameRecord)
    return Error("read struct page of the running kernel", ENOTSUP, "Only memory images have this source.");
  return source == Source::kernelWalk ? module_refusal_ : std::nullopt;
}

const Types& RunningSystem::types() {
  const std::lock_guard lock(types_mutex_);
  if (types_) return *types_;
  constexpr const char* kPath = "/sys/kernel/btf/vmlinux";
  const char* remedy = "This needs a kernel with CONFIG_DEBUG_INFO_BTF, as distribution kernels have.";
  std::string text;
  if (!read_text(kPath, text)) throw Error(std::string("open ") + kPath, errno, remedy);
  types_ = Types::parse({text.begin(), text.end()});
  if (!types_) throw Error(std::string("read the types in ") + kPath, EBADMSG, remedy);
  return *types_;
}

std::unique_ptr<FrameFacts> RunningSystem::frame_facts() { return std::make_unique<KPage>(&target_); }

std::vector<std::unique_ptr<PageSource>> RunningSystem::page_sources(const Machine& machine,
                                                                     const AddressSpace& space) {
  std::vector<std::unique_ptr<PageSource>> sources;
  sources.push_back(std::make_unique<Pagemap>(space.pid()));
  for (const OtherSource& other : kOtherSources)
    if (other.open)
      if (auto source = other.open(machine, space)) sources.push_back(std::move(source));
  return sources;
}

}  // namespace cr3scope
