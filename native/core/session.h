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
#include "turns.h"

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

  // Readers of one's own for a time. Each costs descriptors and megabytes of locked memory, so that their number is
  // limited. Whoever has a lease must not ask for another one.
  class Lease {
   public:
    // One for a call that is over soon and waits for nobody. It never waits for long work.
    explicit Lease(Session& session) : Lease(session, session.calls_, 1, kNeverCancelled, nullptr) {}
    // Some for long work. Where it must wait for others to end, it says so by `waits`. Throws Cancelled.
    Lease(Session& session, size_t count, const std::atomic<bool>& cancel, const std::function<void()>& waits)
        : Lease(session, session.jobs_, count, cancel, waits) {}
    ~Lease();
    Lease(const Lease&) = delete;
    FrameReader& operator*() const { return *readers_[0]; }
    FrameReader& operator[](size_t i) const { return *readers_[i]; }
    // The kernel walk, null where the module is not loaded.
    KernelModule* module() const { return dynamic_cast<KernelModule*>(readers_[0].get()); }

   private:
    Lease(Session& session, Turns& turns, size_t count, const std::atomic<bool>& cancel,
          const std::function<void()>& waits);

    Session& session_;
    Turns::Turn turn_;  // given back when the readers are gone
    std::vector<std::unique_ptr<FrameReader>> readers_;
  };
  // At most as many readers can long work have at once, and each of it.
  static constexpr size_t kMostReaders = 8;

 private:
  // Calls come from as many threads as libuv has, four, and from jobs that last but read for moments.
  static constexpr size_t kMostCalls = 8, kMostIdle = 4;
  static constexpr std::atomic<bool> kNeverCancelled{false};

  std::unique_ptr<FrameReader> another() const;

  Target target_;
  std::mutex mutex_;
  Turns calls_{kMostCalls}, jobs_{kMostReaders};
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

inline Session::Lease::Lease(Session& session, Turns& turns, size_t count, const std::atomic<bool>& cancel,
                             const std::function<void()>& waits)
    : session_(session), turn_(turns, count, cancel, waits) {
  {
    std::lock_guard lock(session.mutex_);
    if (session.refusal_) throw *session.refusal_;
    for (; readers_.size() < count && !session.idle_.empty(); session.idle_.pop_back())
      readers_.push_back(std::move(session.idle_.back()));
  }
  while (readers_.size() < count) readers_.push_back(session.another());
}

// What is not kept for the next one is freed without the lock.
inline Session::Lease::~Lease() {
  std::lock_guard lock(session_.mutex_);
  for (; !readers_.empty() && session_.idle_.size() < kMostIdle; readers_.pop_back())
    session_.idle_.push_back(std::move(readers_.back()));
}

}  // namespace cr3scope
