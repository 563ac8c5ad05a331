// SPDX-License-Identifier: GPL-2.0-only
// One open target: its facts and its frame readers, shared by the calls of any number of threads.
#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "bpf_frames.h"
#include "error.h"
#include "kernel_module.h"
#include "reverse_map.h"

namespace cr3scope {

class Session {
 public:
  Session() : target_(read_target()) {}

  const Target& target() const { return target_; }

  // Loads the first frame reader: the module where it is loaded, else bpf. Call once, off the main thread.
  void open();
  // Why there is no module, and why no frame reader at all; empty where there is.
  std::optional<Error> module_refusal() const { return module_refusal_; }
  std::optional<Error> reader_refusal() {
    std::lock_guard lock(mutex_);
    return refusal_;
  }
  u64 direct_map() const { return direct_map_; }
  const std::string& direct_map_from() const { return direct_map_from_; }

  // The reverse map made last, null before the first.
  std::shared_ptr<const ReverseMap> reverse_map() {
    std::lock_guard lock(mutex_);
    return reverse_map_;
  }
  void keep(std::shared_ptr<const ReverseMap> map) {
    std::lock_guard lock(mutex_);
    reverse_map_ = std::move(map);
  }

  // A reader of one's own for the time of a call.
  class Lease {
   public:
    explicit Lease(Session& session);
    ~Lease();
    Lease(const Lease&) = delete;
    FrameReader& operator*() const { return *reader_; }
    // The kernel walk, null where the module is not loaded.
    KernelModule* module() const { return dynamic_cast<KernelModule*>(reader_.get()); }

   private:
    Session& session_;
    std::unique_ptr<FrameReader> reader_;
  };

 private:
  std::unique_ptr<FrameReader> another() const;

  Target target_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<FrameReader>> idle_;
  std::shared_ptr<const ReverseMap> reverse_map_;
  u64 direct_map_ = 0;
  std::string direct_map_from_;
  std::optional<Error> module_refusal_, refusal_{Error("open the frame reader", ENXIO, "Open the session first.")};
};

inline void Session::open() {
  std::lock_guard lock(mutex_);
  try {
    auto module = std::make_unique<KernelModule>(target_);
    direct_map_ = module->info().direct_map;
    direct_map_from_ = "PAGE_OFFSET, by the module";
    idle_.push_back(std::move(module));
    refusal_.reset();
    return;
  } catch (const Error& error) {
    module_refusal_ = error;
  }
  try {
    auto reader = std::make_unique<BpfFrames>(target_);
    direct_map_ = reader->direct_map();
    direct_map_from_ = reader->direct_map_from();
    idle_.push_back(std::move(reader));
    refusal_.reset();
  } catch (const Error& error) {
    refusal_ = error;
  }
}

inline std::unique_ptr<FrameReader> Session::another() const {
  if (!module_refusal_) return std::make_unique<KernelModule>(target_);
  return std::make_unique<BpfFrames>(target_, direct_map_);
}

inline Session::Lease::Lease(Session& session) : session_(session) {
  {
    std::lock_guard lock(session.mutex_);
    if (session.refusal_) throw *session.refusal_;
    if (!session.idle_.empty()) {
      reader_ = std::move(session.idle_.back());
      session.idle_.pop_back();
    }
  }
  if (!reader_) reader_ = session.another();
}

inline Session::Lease::~Lease() {
  std::lock_guard lock(session_.mutex_);
  session_.idle_.push_back(std::move(reader_));
}

}  // namespace cr3scope
