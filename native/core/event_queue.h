// SPDX-License-Identifier: GPL-2.0-only
// Events of a trace on their way from the thread that has stopped a process to one that may wait for a slow reader.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "clock.h"
#include "trace_machine.h"

namespace cr3scope {

// Calls `emit` on a thread of its own with what was pushed. Never waits for it: events that do not fit are counted, and
// reported as lost.
class EventQueue {
 public:
  explicit EventQueue(std::function<void(TraceEvents&&)> emit) : emit_(std::move(emit)), thread_([this] { run(); }) {}
  // Emits what is left.
  ~EventQueue() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  // Throws Cancelled once nobody takes events any more.
  void push(TraceEvent&& event) {
    std::lock_guard lock(mutex_);
    if (broken_) throw Cancelled();
    if (events_.size() < kMost) events_.push_back(std::move(event));
    else lost_++;
    changed_.notify_one();
  }

 private:
  static constexpr size_t kMost = 1 << 16;

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return over_ || !events_.empty(); });
      if (events_.empty()) return;
      TraceEvents events;
      events.swap(events_);
      if (lost_) {
        TraceEvent lost;
        lost.ns = monotonic_ns();
        lost.kind = TraceKind::lost;
        lost.code = static_cast<int>(std::exchange(lost_, 0));
        events.push_back(std::move(lost));
      }
      if (broken_) continue;
      lock.unlock();
      bool failed = false;
      try {
        emit_(std::move(events));
      } catch (const Cancelled&) {
        failed = true;
      }
      lock.lock();
      broken_ |= failed;
    }
  }

  std::function<void(TraceEvents&&)> emit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  TraceEvents events_;
  u64 lost_ = 0;
  bool over_ = false, broken_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace cr3scope
