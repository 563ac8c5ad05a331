// SPDX-License-Identifier: GPL-2.0-only
#include "session_class.h"

#include <thread>

#include "../core/clock.h"
#include "../core/frames.h"
#include "../core/search_request.h"
#include "../core/session.h"
#include "../core/translation.h"
#include "convert.h"

namespace cr3scope {

namespace {

// Runs `work` and returns what it threw.
template <class Work>
std::optional<Error> caught(Work work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const Cancelled&) {
    return Error("check", ECANCELED, "It was cancelled.");
  } catch (const std::bad_alloc&) {
    return Error("allocate memory", ENOMEM, "Free some memory or choose a smaller range.");
  } catch (const std::exception& error) {
    return Error(error.what(), 0, "Report this as a bug.");
  }
}

// Runs `work` on a worker thread and resolves to what `convert` makes of its result.
template <class T>
class Task : public Napi::AsyncWorker {
 public:
  using Work = std::function<T()>;
  using Convert = std::function<Napi::Value(Napi::Env, const T&)>;

  static Napi::Promise start(Napi::Env env, Work work, Convert convert) {
    auto* task = new Task(env, std::move(work), std::move(convert));
    Napi::Promise promise = task->deferred_.Promise();
    task->Queue();
    return promise;
  }

 protected:
  Task(Napi::Env env, Work work, Convert convert)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  void Execute() override {
    error_ = caught([this] { result_ = std::make_unique<T>(work_()); });
  }
  void OnOK() override {
    if (error_) deferred_.Reject(to_js(Env(), *error_).Value());
    else deferred_.Resolve(convert_(Env(), *result_));
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  std::unique_ptr<T> result_;
  std::optional<Error> error_;
};

const std::atomic<bool> kNeverCancelled{false};
constexpr size_t kMostFrames = 4096, kMostRows = 65536;

// Long work on a thread of its own that hands batches to JavaScript.
template <class Result, class Batch>
class Job {
 public:
  using Emit = std::function<void(Batch&&)>;
  using Work = std::function<Result(const std::atomic<bool>& cancel, const Emit& emit)>;

  // {promise, cancel()}. At most 4 batches wait for JavaScript: the work pauses rather than fill the memory.
  static Napi::Object start(Napi::Env env, Napi::Function on_batch, const char* name, Work work) {
    auto* job = new Job(env);
    auto o = Napi::Object::New(env);
    o["promise"] = job->deferred_.Promise();
    o["cancel"] = Napi::Function::New(env, [cancel = job->cancel_](const Napi::CallbackInfo&) { *cancel = true; });
    // The finalizer runs when the last batch was delivered, so that the promise settles after it.
    auto batches = Napi::ThreadSafeFunction::New(env, on_batch, name, 4, 1, [job](Napi::Env e) {
      std::unique_ptr<Job> own(job);
      own->thread_.join();
      if (own->thrown_) own->deferred_.Reject(own->thrown_->Value());
      else if (own->error_) own->deferred_.Reject(to_js(e, *own->error_).Value());
      else own->deferred_.Resolve(to_js(e, *own->result_));
    });
    job->thread_ = std::thread([job, batches, work = std::move(work)]() mutable {
      job->error_ = caught([&] {
        job->result_ = work(*job->cancel_, [&](Batch&& batch) {
          auto owned = std::make_unique<Batch>(std::move(batch));
          auto call = [job](Napi::Env e, Napi::Function f, Batch* b) {
            std::unique_ptr<Batch> own(b);
            if (job->thrown_) return;
            // What is thrown here would go nowhere, and the work would go on without its listener.
            try {
              f.Call({to_js(e, *b)});
            } catch (const Napi::Error& error) {
              job->thrown_ = error;
              *job->cancel_ = true;
            }
          };
          if (batches.BlockingCall(owned.get(), call) != napi_ok) throw Cancelled();
          owned.release();
        });
      });
      batches.Release();
    });
    return o;
  }

 private:
  explicit Job(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise::Deferred deferred_;
  std::shared_ptr<std::atomic<bool>> cancel_ = std::make_shared<std::atomic<bool>>(false);
  std::thread thread_;
  std::optional<Result> result_;
  std::optional<Error> error_;
  std::optional<Napi::Error> thrown_;  // by the listener
};

struct Owners {
  std::shared_ptr<const ReverseMap> map;
  u64 asked_ns = 0;
  std::vector<Owner> list;
  std::vector<TableUse> tables;
};

// The facts of a reverse map, into `o`.
void describe(Napi::Env env, const ReverseMap& map, u64 asked_ns, Napi::Object& o) {
  o["ageNs"] = to_js(env, asked_ns - map.end_ns());
  o["tookNs"] = to_js(env, map.end_ns() - map.begin_ns());
  o["spaces"] = Napi::Number::New(env, static_cast<double>(map.spaces()));
  o["entries"] = to_js(env, map.entries());
  o["pages"] = to_js(env, map.pages());
  o["bytes"] = to_js(env, map.bytes());
  o["gone"] = to_js(env, map.gone());
  o["raced"] = to_js(env, map.raced());
}

struct Memory {
  std::shared_ptr<const ReverseMap> reverse;
  u64 asked_ns = 0;
  MemoryMap map;
};

struct CheckWithBytes {
  CheckResult check;
  std::optional<ByteProof> proof;
};

using cr3scope::to_js;
// The result of work that has none.
struct Done {};
Napi::Value to_js(Napi::Env env, const Done&) { return env.Undefined(); }
Napi::Object to_js(Napi::Env env, const CheckWithBytes& result) {
  auto o = to_js(env, result.check);
  o["proof"] = result.proof ? Napi::Value(to_js(env, *result.proof)) : env.Null();
  return o;
}

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function define(Napi::Env env, Session::Decorate decorate) {
    return DefineClass(
        env, "Session",
        {InstanceMethod<&SessionObject::target>("target"), InstanceMethod<&SessionObject::open>("open"),
         InstanceMethod<&SessionObject::processes>("processes"), InstanceMethod<&SessionObject::roots>("roots"),
         InstanceMethod<&SessionObject::regions>("regions"), InstanceMethod<&SessionObject::rows>("rows"),
         InstanceMethod<&SessionObject::translate>("translate"), InstanceMethod<&SessionObject::frames>("frames"),
         InstanceMethod<&SessionObject::check>("check"), InstanceMethod<&SessionObject::cpus>("cpus"),
         InstanceMethod<&SessionObject::owners>("owners"), InstanceMethod<&SessionObject::tables>("tables"),
         InstanceMethod<&SessionObject::memory>("memory"), InstanceMethod<&SessionObject::watch>("watch"),
         InstanceMethod<&SessionObject::trace>("trace"), InstanceMethod<&SessionObject::trace_machine>("traceMachine"),
         InstanceMethod<&SessionObject::search>("search"), InstanceMethod<&SessionObject::causes>("causes")},
        reinterpret_cast<void*>(decorate));
  }

  explicit SessionObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    try {
      session_ = std::make_shared<Session>(reinterpret_cast<Session::Decorate>(info.Data()));
    } catch (const Error& error) {
      throw to_js(info.Env(), error);
    }
  }

 private:
  Napi::Value target(const Napi::CallbackInfo& info) { return to_js(info.Env(), session_->target()); }

  // Resolves to {directMap, directMapFrom, refusals}: by source the error that it is missing for, null where it works.
  Napi::Value open(const Napi::CallbackInfo& info) {
    return Task<bool>::start(
        info.Env(),
        [s = session_] {
          s->open();
          return true;
        },
        [s = session_](Napi::Env env, bool) -> Napi::Value {
          auto reason = [&](const std::optional<Error>& e) { return e ? to_js(env, *e).Value() : env.Null(); };
          auto o = Napi::Object::New(env);
          o["directMap"] = to_js(env, s->direct_map());
          o["directMapFrom"] = s->direct_map_from();
          o["refusals"] = by_source(env, [&](Source source) { return reason(s->refusal(source)); });
          return o;
        });
  }

  // Registers are 0 where the module is not loaded.
  Napi::Value cpus(const Napi::CallbackInfo& info) {
    return Task<std::vector<CpuState>>::start(
        info.Env(), [s = session_] { return Session::Lease(*s).machine().cpus.cpus(); },
        [](Napi::Env env, auto& c) { return to_js(env, c); });
  }

  Napi::Value processes(const Napi::CallbackInfo& info) {
    return Task<std::vector<ProcessRow>>::start(info.Env(), read_processes,
                                                [](Napi::Env env, auto& p) { return to_js(env, p); });
  }

  Napi::Value roots(const Napi::CallbackInfo& info) {
    return Task<std::vector<RootRecord>>::start(
        info.Env(), [s = session_] { return Session::Lease(*s).machine().roots.roots(0); },
        [](Napi::Env env, auto& r) { return to_js(env, r); });
  }

  Napi::Value regions(const Napi::CallbackInfo& info) {
    int pid = pid_argument(info, 0);
    return Task<std::vector<Region>>::start(
        info.Env(), [pid] { return read_regions(pid, true); }, [](Napi::Env env, auto& r) { return to_js(env, r); });
  }

  // rows(pid, startTicks, vas: BigUint64Array)
  Napi::Value rows(const Napi::CallbackInfo& info) {
    int pid = pid_argument(info, 0);
    u64 start = u64_argument(info, 1, "startTicks");
    auto vas = u64s_argument(info, 2, "vas", kMostRows);
    for (u64& va : vas) va &= ~(kPageSize - 1);
    return Task<std::vector<PageRow>>::start(
        info.Env(),
        [s = session_, pid, start, vas = std::move(vas)] {
          if (s->reader_refusal()) return pagemap_rows(pid, vas);
          Session::Lease lease(*s);
          SpaceSources sources(lease.machine(), pid, start);
          return read_rows(sources, vas, kNeverCancelled);
        },
        [](Napi::Env env, auto& r) { return to_js(env, r); });
  }

  // translate(pid, startTicks, va: bigint)
  Napi::Value translate(const Napi::CallbackInfo& info) {
    int pid = pid_argument(info, 0);
    u64 start = u64_argument(info, 1, "startTicks"), va = u64_argument(info, 2, "va");
    return Task<Translation>::start(
        info.Env(),
        [s = session_, pid, start, va] {
          Session::Lease lease(*s);
          return cr3scope::translate(lease.machine(), pid, start, va, kNeverCancelled);
        },
        [](Napi::Env env, const Translation& t) -> Napi::Value {
          auto o = Napi::Object::New(env);
          o["rootPa"] = to_js(env, t.root_pa);
          o["path"] = to_js(env, t.path);
          o["userPath"] = t.user_path ? Napi::Value(to_js(env, *t.user_path)) : env.Null();
          o["kernel"] = t.kernel ? Napi::Value(to_js(env, *t.kernel)) : env.Null();
          o["userKernel"] = t.user_kernel ? Napi::Value(to_js(env, *t.user_kernel)) : env.Null();
          o["row"] = t.row ? Napi::Value(to_js(env, std::vector<PageRow>{*t.row})) : env.Null();
          return o;
        });
  }

  // frames(pfns: BigUint64Array)
  Napi::Value frames(const Napi::CallbackInfo& info) {
    auto pfns = u64s_argument(info, 0, "pfns", kMostFrames);
    return Task<Frames>::start(
        info.Env(),
        [s = session_, pfns = std::move(pfns)] {
          Session::Lease reader(*s);
          return read_frames(*reader, pfns);
        },
        [](Napi::Env env, const Frames& f) -> Napi::Value {
          auto o = Napi::Object::New(env);
          auto same = [](auto& x) { return x; };
          auto bytes = Napi::Uint8Array::New(env, f.bytes.size());
          std::memcpy(bytes.Data(), f.bytes.data(), f.bytes.size());
          o["bytes"] = bytes;
          o["status"] = column8(env, f.status, same);
          o["role"] = column8(env, f.roles, same);
          o["flags"] = column64(env, f.flags, same);
          o["count"] = column64(env, f.counts, same);
          o["cgroup"] = column64(env, f.cgroups, same);
          return o;
        });
  }

  // owners(pfn: bigint, again: boolean): who maps a frame, by the reverse map kept, which is made first where there is
  // none or `again` asks for it.
  Napi::Value owners(const Napi::CallbackInfo& info) {
    u64 pfn = u64_argument(info, 0, "pfn");
    bool again = info[1].ToBoolean();
    return Task<Owners>::start(
        info.Env(),
        [s = session_, pfn, again] {
          Session::Lease lease(*s);
          Owners o;
          const Machine machine = lease.machine();
          o.map = s->reverse_maps().get(machine, again, kNeverCancelled);
          o.asked_ns = monotonic_ns();
          o.list = o.map->owners(pfn, machine);
          o.tables = o.map->tables(pfn);
          return o;
        },
        [](Napi::Env env, const Owners& owners) -> Napi::Value {
          auto o = to_js(env, owners.list);
          o["tablePid"] = column32(env, owners.tables, [](auto& t) { return t.pid; });
          o["tableStart"] = column64(env, owners.tables, [](auto& t) { return t.start_ticks; });
          o["tableLevel"] = column8(env, owners.tables, [](auto& t) { return t.level; });
          o["tableVa"] = column64(env, owners.tables, [](auto& t) { return t.va; });
          describe(env, *owners.map, owners.asked_ns, o);
          return o;
        });
  }

  // tables(pid, startTicks)
  Napi::Value tables(const Napi::CallbackInfo& info) {
    int pid = pid_argument(info, 0);
    u64 start = u64_argument(info, 1, "startTicks");
    return Task<TableTree>::start(
        info.Env(),
        [s = session_, pid, start] {
          Session::Lease lease(*s);
          u64 root = AddressSpace(lease.machine().roots, pid, start).root_pa();
          return read_table_tree(s->target(), *lease, root, kNeverCancelled);
        },
        [](Napi::Env env, auto& t) { return to_js(env, t); });
  }

  // memory(begin: bigint, end: bigint, cells, flags: bigint, again: boolean): frames [begin, end) as a picture.
  Napi::Value memory(const Napi::CallbackInfo& info) {
    u64 begin = u64_argument(info, 0, "begin"), end = u64_argument(info, 1, "end");
    u32 cells = info[2].ToNumber().Uint32Value();
    u64 flags = u64_argument(info, 3, "flags");
    bool again = info[4].ToBoolean();
    if (begin >= end || end >> 40 || cells == 0 || cells > kMostCells)
      throw Napi::TypeError::New(info.Env(), "begin, end or cells is out of range");
    return Task<Memory>::start(
        info.Env(),
        [s = session_, begin, end, cells, flags, again] {
          Session::Lease lease(*s);
          Memory m;
          m.reverse = s->reverse_maps().get(lease.machine(), again, kNeverCancelled);
          m.asked_ns = monotonic_ns();
          m.map = map_memory(s->target(), *m.reverse, begin, end, cells, flags, kNeverCancelled);
          return m;
        },
        [](Napi::Env env, const Memory& m) -> Napi::Value {
          auto o = to_js(env, m.map);
          describe(env, *m.reverse, m.asked_ns, o);
          return o;
        });
  }

  // check(pid, startTicks, begin, end, onBatch, bytes?: boolean, pages?: boolean) -> {promise, cancel()}. `bytes` adds
  // the byte proof: its progress comes as batches without runs. With `pages` batches carry every page.
  Napi::Value check(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    int pid = pid_argument(info, 0);
    u64 start = u64_argument(info, 1, "startTicks"), begin = u64_argument(info, 2, "begin"),
        end = u64_argument(info, 3, "end");
    bool bytes = info[5].ToBoolean(), pages = info[6].ToBoolean();
    if (!info[4].IsFunction()) throw Napi::TypeError::New(env, "onBatch must be a function");
    return Job<CheckWithBytes, CheckBatch>::start(
        env, info[4].As<Napi::Function>(), "cr3scope check",
        [s = session_, pid, start, begin, end, bytes, pages](const std::atomic<bool>& cancel, const auto& emit) {
          Session::Lease lease(*s, 1, cancel, [&] { emit({.counts = {}, .waiting = true}); });
          const u64 until = std::min(end, s->target().paging.user_end());
          SpaceSources sources(lease.machine(), pid, start);
          Checker checker(sources, cancel);
          if (pages) checker.record_pages();
          CheckWithBytes result{checker.run(begin, until, emit), {}};
          const CheckResult& check = result.check;
          if (bytes && check.outcome == Outcome::complete)
            result.proof =
                prove_bytes(s->target(), *lease, pid, check.root_pa, begin, until, cancel, [&](u64 done, u64 total) {
                  emit({done, total, check.counts, {}, {}, {}, false});
                });
          if (result.proof) result.check.outcome = outcome_now(sources.space());
          return result;
        });
  }

  // causes(): which causes of changes can be seen here.
  Napi::Value causes(const Napi::CallbackInfo& info) {
    struct Causes {
      std::vector<CauseAbility> abilities;
      std::string functions_refusal;
    };
    return Task<Causes>::start(
        info.Env(),
        [s = session_] {
          std::vector<CauseAbility> abilities = s->causes().abilities();
          return Causes{std::move(abilities), s->causes().functions_refusal()};
        },
        [](Napi::Env env, const Causes& c) -> Napi::Value {
          auto o = Napi::Object::New(env);
          o["name"] = strings(env, c.abilities, [](auto& a) { return a.name; });
          o["how"] = column8(env, c.abilities, [](auto& a) { return a.how; });
          o["detail"] = strings(env, c.abilities, [](auto& a) { return a.detail; });
          o["functionsRefusal"] = c.functions_refusal;
          return o;
        });
  }

  // watch(pid, startTicks, begin, end, intervalNs, onBatch) -> {promise, cancel(), sample()}: resolves when the process
  // went away. With intervalNs 0 only sample() takes more than the first sample.
  Napi::Value watch(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    int pid = pid_argument(info, 0);
    u64 start = u64_argument(info, 1, "startTicks"), begin = u64_argument(info, 2, "begin") & ~(kPageSize - 1),
        end = u64_argument(info, 3, "end"), interval = u64_argument(info, 4, "intervalNs");
    if (begin >= end || end > session_->target().paging.user_end() || (end - begin) >> kPageShift > kMostWatched)
      throw Napi::TypeError::New(env, "begin and end must be 1 to 65536 pages of the user half");
    if (!info[5].IsFunction()) throw Napi::TypeError::New(env, "onBatch must be a function");
    auto asked = std::make_shared<std::atomic<u64>>(0);
    Napi::Object job = Job<Done, WatchBatch>::start(
        env, info[5].As<Napi::Function>(), "cr3scope watch",
        [s = session_, pid, start, begin, end, interval, asked](const std::atomic<bool>& cancel, const auto& emit) {
          auto with_machine = [&](const auto& use) { use(Session::Lease(*s).machine()); };
          const WatchCauses causes{&s->causes(), s->direct_map()};
          cr3scope::watch(s->target(), with_machine, causes, pid, start, begin, end, interval, *asked, cancel, emit);
          return Done{};
        });
    job["sample"] = Napi::Function::New(env, [asked](const Napi::CallbackInfo&) { ++*asked; });
    return job;
  }

  // trace({arguments, environment, directory, user, quiet}, pid, follow, onEvents) -> {promise, cancel()}: launches, or
  // attaches to `pid` where there are no arguments.
  Napi::Value trace(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (!info[0].IsObject()) throw Napi::TypeError::New(env, "launch must be an object");
    auto o = info[0].As<Napi::Object>();
    auto launch = std::make_shared<Launch>();
    launch->arguments = strings_argument(o, "arguments");
    launch->environment = strings_argument(o, "environment");
    launch->directory = o.Get("directory").ToString();
    launch->user = o.Get("user").ToString();
    launch->quiet = o.Get("quiet").ToBoolean();
    int pid = launch->arguments.empty() ? pid_argument(info, 1) : 0;
    bool follow = info[2].ToBoolean();
    if (!info[3].IsFunction()) throw Napi::TypeError::New(env, "onEvents must be a function");
    return Job<Done, TraceEvents>::start(
        env, info[3].As<Napi::Function>(), "cr3scope trace",
        [s = session_, launch, pid, follow](const std::atomic<bool>& cancel, const auto& emit) {
          auto roots_of = [&](int of) { return Session::Lease(*s).machine().roots.roots(of); };
          cr3scope::trace(roots_of, *launch, pid, follow, cancel,
                          [&](TraceEvent&& event) { emit({std::move(event)}); });
          return Done{};
        });
  }

  // traceMachine(onEvents) -> {promise, cancel()}
  Napi::Value trace_machine(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (!info[0].IsFunction()) throw Napi::TypeError::New(env, "onEvents must be a function");
    return Job<Done, TraceEvents>::start(env, info[0].As<Napi::Function>(), "cr3scope trace",
                                         [s = session_](const std::atomic<bool>& cancel, const auto& emit) {
                                           cr3scope::trace_machine(s->target(), s->direct_map(), cancel, emit);
                                           return Done{};
                                         });
  }

  // search(pid, begin, end, bytes: Uint8Array, mask: Uint8Array, limit, onBatch, back?: boolean) -> {promise,
  // cancel()}; pid 0 searches physical memory, and `back` finds the last hit there as the only one.
  Napi::Value search(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    auto request = std::make_shared<SearchRequest>();
    request->pid = info[0].ToNumber().Int32Value() == 0 ? 0 : pid_argument(info, 0);
    request->begin = u64_argument(info, 1, "begin");
    request->end = u64_argument(info, 2, "end");
    request->pattern.bytes = bytes_argument(info, 3, "bytes", kMostPattern);
    request->pattern.mask = bytes_argument(info, 4, "mask", kMostPattern);
    if (request->pattern.bytes.empty() || request->pattern.bytes.size() != request->pattern.mask.size())
      throw Napi::TypeError::New(env, "bytes and mask must be of one length, and not empty");
    request->limit = u64_argument(info, 5, "limit");
    if (!info[6].IsFunction()) throw Napi::TypeError::New(env, "onBatch must be a function");
    request->back = info[7].ToBoolean();
    if (request->back && request->pid) throw Napi::TypeError::New(env, "backwards only physical memory is searched");
    return Job<SearchResult, SearchBatch>::start(
        env, info[6].As<Napi::Function>(), "cr3scope search",
        [s = session_, request](const std::atomic<bool>& cancel, const auto& emit) {
          return cr3scope::search(*s, *request, cancel, emit);
        });
  }

  std::shared_ptr<Session> session_;
};

}  // namespace

Napi::Function define_session(Napi::Env env, Session::Decorate decorate) {
  return SessionObject::define(env, decorate);
}

}  // namespace cr3scope
