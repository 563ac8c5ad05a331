// SPDX-License-Identifier: GPL-2.0-only
// A number of places that are taken for a time, in the order of the requests.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>

#include "error.h"

namespace cr3scope {

class Turns {
 public:
  explicit Turns(size_t places) : free_(places) {}

  // `count` places, at most as many as there are. All are taken at once: whoever waits holds none, so that no two can
  // wait for each other, and whoever is first in the queue is served first, so that nobody waits for ever.
  class Turn {
   public:
    // If it has to wait, it calls `waits` first. Throws Cancelled.
    Turn(Turns& turns, size_t count, const std::atomic<bool>& cancel, const std::function<void()>& waits)
        : turns_(turns), count_(count) {
      std::unique_lock lock(turns.mutex_);
      const auto mine = turns.queue_.insert(turns.queue_.end(), this);
      auto leave = [&] {
        turns.queue_.erase(mine);
        turns.changed_.notify_all();
      };
      auto ready = [&] { return turns.queue_.front() == this && turns.free_ >= count; };
      try {
        if (!ready() && waits) {
          lock.unlock();
          waits();
          lock.lock();
        }
        // Cancelling wakes nobody up: those who wait look from time to time.
        while (!turns.changed_.wait_for(lock, kLook, ready))
          if (cancel) throw Cancelled();
      } catch (...) {
        if (!lock) lock.lock();
        leave();
        throw;
      }
      turns.free_ -= count;
      leave();
    }
    ~Turn() {
      std::lock_guard lock(turns_.mutex_);
      turns_.free_ += count_;
      turns_.changed_.notify_all();
    }
    Turn(const Turn&) = delete;

   private:
    static constexpr std::chrono::milliseconds kLook{20};
    Turns& turns_;
    size_t count_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t free_;
  std::list<const Turn*> queue_;
};

}  // namespace cr3scope
