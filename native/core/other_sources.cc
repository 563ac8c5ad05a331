// SPDX-License-Identifier: GPL-2.0-only
#include "other_sources.h"

#include "kernel_walk.h"
#include "record_word.h"

namespace cr3scope {

namespace {

std::unique_ptr<PageSource> open_kernel_walk(const Machine& machine, const AddressSpace& space) {
  return machine.module ? std::make_unique<KernelWalk>(*machine.module, space) : nullptr;
}

constexpr OtherSource kRows[] = {
    {Source::kernelWalk, open_kernel_walk, KernelWalk::agrees, Note::kernelDiffers},
    {Source::frameRecord, nullptr, RecordWord::agrees, Note::recordDiffers},
};

}  // namespace

constinit const std::span<const OtherSource> kOtherSources = kRows;

}  // namespace cr3scope
