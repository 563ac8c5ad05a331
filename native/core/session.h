// SPDX-License-Identifier: GPL-2.0-only
// One open target: its facts and its frame readers, shared by the calls of any number of threads.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <vector>

#include "bpf_frames.h"
#include "causes.h"
#include "error.h"
#include "kernel_module.h"
#include "machine.h"
#include "reverse_map.h"
#include "turns.h"
#include "words.h"

namespace cr3scope {

class Session {
 public:
  // Makes a frame reader that wraps the real one; tests use it for one that gives wrong frames.
  using Decorate = std::unique_ptr<FrameReader> (*)(const Target& target, FrameReader& truth, Roots& roots);

  explicit Session(Decorate decorate = nullptr) : target_(read_target()), decorate_(decorate) {}

  const Target& target() const { return target_; }

  // Loads the first frame reader: the module where it is loaded, else bpf. Again it does nothing. Call it off the main
  // thread.
  void open();
  // Why there is no frame reader at all; empty where there is.
  std::optional<Error> reader_refusal() {
    std::lock_guard lock(mutex_);
    return refusal_;
  }
  // Why a source is missing; empty where it is there. Without a frame reader there is pagemap alone (page_rows.h).
  std::optional<Error> refusal(Source source) {
    if (source == Source::pagemap) return std::nullopt;
    return source == Source::kernelWalk ? module_refusal_ : reader_refusal();
  }
  u64 direct_map() const { return direct_map_; }
  const std::string& direct_map_from() const { return direct_map_from_; }

  ReverseMapCache& reverse_maps() { return reverse_maps_; }
  CauseRecorder& causes() { return causes_; }

  // A frame reader, and what else the same descriptors give.
  struct Reader {
    std::unique_ptr<FrameReader> truth, decorated;
    Roots* roots;
    Cpus* cpus;
    KernelModule* module;  // null where it is not loaded

    FrameReader& frames() const { return decorated ? *decorated : *truth; }
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
      const Reader& r = readers_[i];
      return {session_.target_, r.frames(), *r.roots, *r.cpus, r.module};
    }

   private:
    Lease(Session& session, Turns& turns, size_t count, const std::atomic<bool>& cancel,
          const std::function<void()>& waits);

    Session& session_;
    Turns::Turn turn_;  // given back when the readers are gone
    std::vector<Reader> readers_;
  };
  // How many readers long work may have in total, and each piece of it.
  static constexpr size_t kMostReaders = 8;

 private:
  // Calls come from as many threads as libuv has, four, and from jobs that last but read for moments.
  static constexpr size_t kMostCalls = 8, kMostIdle = 4;
  static constexpr std::atomic<bool> kNeverCancelled{false};

  template <class All>
  Reader reader(std::unique_ptr<All> all) const;
  Reader another() const;

  Target target_;
  Decorate decorate_;
  std::mutex mutex_;
  Turns calls_{kMostCalls}, jobs_{kMostReaders};
  std::vector<Reader> idle_;
  ReverseMapCache reverse_maps_;
  CauseRecorder causes_{target_};
  u64 direct_map_ = 0;
  std::string direct_map_from_;
  std::optional<Error> module_refusal_, refusal_{Error("open the frame reader", ENXIO, "Open the session first.")};
};

inline void Session::open() {
  std::lock_guard lock(mutex_);
  if (!refusal_) return;
  try {
    auto module = std::make_unique<KernelModule>(target_);
    direct_map_ = module->info().direct_map;
    direct_map_from_ = "PAGE_OFFSET, by the module";
    idle_.push_back(reader(std::move(module)));
    refusal_.reset();
    return;
  } catch (const Error& error) {
    module_refusal_ = error;
  }
  try {
    auto bpf = std::make_unique<BpfFrames>(target_);
    direct_map_ = bpf->direct_map();
    direct_map_from_ = bpf->direct_map_from();
    idle_.push_back(reader(std::move(bpf)));
    refusal_.reset();
  } catch (const Error& error) {
    refusal_ = error;
  }
}

// `all` is a frame reader and the rest, too.
template <class All>
Session::Reader Session::reader(std::unique_ptr<All> all) const {
  Reader reader{nullptr, nullptr, all.get(), all.get(), nullptr};
  if constexpr (std::is_same_v<All, KernelModule>) reader.module = all.get();
  if (decorate_) reader.decorated = decorate_(target_, *all, *all);
  reader.truth = std::move(all);
  return reader;
}

inline Session::Reader Session::another() const {
  if (!module_refusal_) return reader(std::make_unique<KernelModule>(target_));
  return reader(std::make_unique<BpfFrames>(target_, direct_map_));
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
