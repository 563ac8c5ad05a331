// SPDX-License-Identifier: GPL-2.0-only
#include "trace_machine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "../bpf/process_events.h"
#include "bpf_frames.h"
#include "clock.h"
#include "error.h"

// bpf/process_events.bpf.o, embedded by bpf/embed.S.
extern "C" const unsigned char cr3scope_process_events_begin[], cr3scope_process_events_end[];

namespace cr3scope {

namespace {

constexpr int kPollMs = 50;

class ProcessEvents {
 public:
  ProcessEvents(const Target& target, u64 direct_map) : direct_map_(direct_map) {
    object_.reset(bpf_object__open_mem(cr3scope_process_events_begin,
                                       static_cast<size_t>(cr3scope_process_events_end - cr3scope_process_events_begin),
                                       nullptr));
    if (!object_) refuse_bpf(target, "open the bpf object", errno);
    if (int e = bpf_object__load(object_.get())) refuse_bpf(target, "load the bpf programs", -e);
    void* settings = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                          bpf_object__find_map_fd_by_name(object_.get(), "settings"), 0);
    if (settings == MAP_FAILED) throw Error("mmap bpf map settings", errno, "Free some memory.");
    settings_ = static_cast<process_events_settings*>(settings);
    ring_.reset(
        ring_buffer__new(bpf_object__find_map_fd_by_name(object_.get(), "process_events"), take, this, nullptr));
    if (!ring_) throw Error("make the ring of bpf records", errno, "Free some memory.");
  }
  ~ProcessEvents() {
    if (settings_) munmap(settings_, kPageSize);
  }
  ProcessEvents(const ProcessEvents&) = delete;

  // From now on records come.
  void attach(const Target& target, pid_ns ns) {
    settings_->ns = ns;
    for (const char* name : {"on_fork", "on_exec", "on_exit"}) {
      bpf_link* link = bpf_program__attach(bpf_object__find_program_by_name(object_.get(), name));
      if (!link) refuse_bpf(target, std::string("attach to the scheduler’s tracepoints, ") + name, errno);
      links_.emplace_back(link);
    }
    lost_ = lost();
  }
  void know(int pid, u64 root) { roots_[pid] = root; }

  // What happened since the last call; waits a little if nothing did.
  TraceEvents next() {
    events_.clear();
    ring_buffer__poll(ring_.get(), kPollMs);
    if (u64 all = lost(); all != lost_) {
      TraceEvent event{.ns = monotonic_ns(), .kind = TraceKind::lost};
      event.code = static_cast<int>(all - lost_);
      lost_ = all;
      events_.push_back(std::move(event));
    }
    return std::move(events_);
  }

 private:
  // Records that found the ring full, and events of which the kernel ran no program, because one was running on that
  // CPU.
  u64 lost() const {
    u64 n = __atomic_load_n(&settings_->lost, __ATOMIC_RELAXED);
    bpf_program* program;
    bpf_object__for_each_program(program, object_.get()) {
      bpf_prog_info info{};
      u32 size = sizeof info;
      if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0) n += info.recursion_misses;
    }
    return n;
  }

  static int take(void* self, void* data, size_t) {
    static_cast<ProcessEvents*>(self)->add(*static_cast<const process_event*>(data));
    return 0;
  }

  u64 known(int pid) const {
    auto at = roots_.find(pid);
    return at == roots_.end() ? 0 : at->second;
  }

  void add(const process_event& r) {
    TraceEvent event{.ns = r.ns, .pid = static_cast<int>(r.tgid), .child = static_cast<int>(r.child)};
    const u64 root = r.pgd ? r.pgd - direct_map_ : 0;
    event.before = known(event.pid);
    event.after = root;
    switch (r.kind) {
      case PROCESS_FORK:
        event.kind = TraceKind::fork;
        break;
      case PROCESS_CLONE:
        event.kind = TraceKind::clone;
        break;
      case PROCESS_THREAD:
        event.kind = TraceKind::thread;
        break;
      case PROCESS_EXEC:
        event.kind = TraceKind::exec;
        event.name.assign(r.name, strnlen(r.name, sizeof r.name));
        // The list of roots was read after this exec: an exec never keeps the root, so the root before it is not known.
        if (event.before == root) event.before = 0;
        break;
      case PROCESS_EXIT:
        // The process is gone already: another of its threads ended at the same moment.
        if (!ended_.insert(event.pid).second) return;
        event.kind = TraceKind::exit;
        event.after = 0;
        event.code = WIFSIGNALED(r.status) ? -WTERMSIG(r.status) : WEXITSTATUS(r.status);
        roots_.erase(event.pid);
        break;
      default:
        return;
    }
    if (r.kind == PROCESS_FORK || r.kind == PROCESS_CLONE) {
      // A shared root is that of the parent, known or not.
      if (r.kind == PROCESS_CLONE) event.before = root;
      roots_[event.child] = root;
      ended_.erase(event.child);
    } else if (r.kind == PROCESS_EXEC) {
      roots_[event.pid] = root;
    }
    events_.push_back(std::move(event));
  }

  template <auto free>
  struct Free {
    template <class T>
    void operator()(T* p) const {
      free(p);
    }
  };

  u64 direct_map_, lost_ = 0;
  std::unique_ptr<bpf_object, Free<bpf_object__close>> object_;
  std::unique_ptr<ring_buffer, Free<ring_buffer__free>> ring_;
  std::vector<std::unique_ptr<bpf_link, Free<bpf_link__destroy>>> links_;
  process_events_settings* settings_ = nullptr;
  std::unordered_map<int, u64> roots_;  // of every process that lives, by PID
  std::unordered_set<int> ended_;       // PIDs whose process ended, until they are used again
  TraceEvents events_;
};

}  // namespace

void trace_machine(const Target& target, u64 direct_map, const std::atomic<bool>& cancel,
                   const std::function<void(TraceEvents&&)>& emit) {
  BpfFrames reader(target, direct_map);
  ProcessEvents events(target, reader.direct_map());
  events.attach(target, reader.own_namespace());
  // After attaching: a process that is missing from this list has a record.
  for (const RootRecord& r : reader.roots(0)) events.know(r.pid, r.root_pa);
  while (!cancel)
    if (TraceEvents batch = events.next(); !batch.empty()) emit(std::move(batch));
  throw Cancelled();
}

}  // namespace cr3scope
