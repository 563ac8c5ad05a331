// SPDX-License-Identifier: GPL-2.0-only
// One open system: its facts and its frame readers, shared by the calls of any number of threads.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "causes.h"
#include "error.h"
#include "machine.h"
#include "reverse_map.h"
#include "running_system.h"
#include "turns.h"

namespace cr3scope {

class Session {
 public:
  // Makes a frame reader that wraps the real one; tests use it for one that gives wrong frames.
  using Decorate = std::unique_ptr<FrameReader> (*)(const Target& target, FrameReader& truth, Roots& roots);

  explicit Session(std::unique_ptr<System> system = std::make_unique<RunningSystem>(), Decorate decorate = nullptr)
      : system_(std::move(system)), decorate_(decorate) {}

  System& system() { return *system_; }
  const Target& target() const { return system_->target(); }

  // Opens the first frame reader. Again it does nothing. Call it off the main thread.
  void open();
  // Why there is no frame reader at all; empty where there is.
  std::optional<Error> reader_refusal() {
    std::lock_guard lock(mutex_);
    return refusal_;
  }
  // Why a source is missing; empty where it is there. Without a frame reader there is pagemap alone (page_rows.h).
  std::optional<Error> refusal(Source source) {
    return source == Source::tableWalk ? reader_refusal() : system_->refusal(source);
  }

  ReverseMapCache& reverse_maps() { return reverse_maps_; }
  CauseRecorder& causes() { return causes_; }

  struct Used {
    Reader truth;
    std::unique_ptr<FrameReader> decorated;

    FrameReader& frames() const { return decorated ? *decorated : *truth.frames; }
  };

  // Readers of one's own for a time. Each costs descriptors and megabytes of locked memory, so that their number is
  // limited. Whoever has a lease must not ask for another one.
  class Lease {
   public:
    // One for a short call, which never waits for long work.
    explicit Lease(Session& session) : Lease(session, session.calls_, 1, kNeverCancelled, nullptr) {}
    // Some for long work. Calls `waits` if it must wait until others end. Throws Cancelled.
    Lease(Session& session, size_t count, const std::atomic<bool>& cancel, const std::function<void()>& waits)
        : Lease(session, session.jobs_, count, cancel, waits) {}
    ~Lease();
    Lease(const Lease&) = delete;
    FrameReader& operator*() const { return readers_[0].frames(); }
    FrameReader& operator[](size_t i) const { return readers_[i].frames(); }
    Machine machine(size_t i = 0) const {
      const Reader& r = readers_[i].truth;
      return {*session_.system_, readers_[i].frames(), *r.roots, *r.cpus, r.module};
    }

   private:
    Lease(Session& session, Turns& turns, size_t count, const std::atomic<bool>& cancel,
          const std::function<void()>& waits);

    Session& session_;
    Turns::Turn turn_;  // given back when the readers are gone
    std::vector<Used> readers_;
  };
  // How many readers long work may have in total, and each piece of it.
  static constexpr size_t kMostReaders = 8;

 private:
  // Calls come from as many threads as libuv has, four, and from jobs that last but read for moments.
  static constexpr size_t kMostCalls = 8, kMostIdle = 4;
  static constexpr std::atomic<bool> kNeverCancelled{false};

  Used another() const;

  std::unique_ptr<System> system_;
  Decorate decorate_;
  std::mutex mutex_;
  Turns calls_{kMostCalls}, jobs_{kMostReaders};
  std::vector<Used> idle_;
  ReverseMapCache reverse_maps_;
  CauseRecorder causes_{system_->target()};
  std::optional<Error> refusal_{Error("open the frame reader", ENXIO, "Open the session first.")};
};

inline void Session::open() {
  std::lock_guard lock(mutex_);
  if (!refusal_) return;
  try {
    idle_.push_back(another());
    refusal_.reset();
  } catch (const Error& error) {
    refusal_ = error;
  }
}

inline Session::Used Session::another() const {
  Used used{system_->open_reader(), nullptr};
  if (decorate_) used.decorated = decorate_(system_->target(), *used.truth.frames, *used.truth.roots);
  return used;
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
