// SPDX-License-Identifier: GPL-2.0-only
#include "session_class.h"

#include <thread>

#include "../calls/calls.h"
#include "../core/image/image_system.h"
#include "../core/launch.h"
#include "values.h"

namespace cr3scope {

namespace {

// Runs a call on a thread of libuv's pool, and resolves to its answer.
class CallWorker : public Napi::AsyncWorker {
 public:
  static Napi::Promise start(Napi::Env env, CallWork work) {
    auto* worker = new CallWorker(env, std::move(work));
    Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    return promise;
  }

 protected:
  CallWorker(Napi::Env env, CallWork work)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)) {}

  void Execute() override {
    error_ = caught([this] { answer_ = work_(); });
  }
  void OnOK() override {
    if (error_) deferred_.Reject(to_js(Env(), *error_).Value());
    else deferred_.Resolve(to_js(Env(), answer_));
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  CallWork work_;
  Answer answer_;
  std::optional<Error> error_;
};

// Runs a long call on a thread of its own that hands batches to JavaScript.
class JobThread {
 public:
  // {promise, cancel(), ask()}. At most 4 batches wait for JavaScript: the work pauses rather than fill the memory.
  static Napi::Object start(Napi::Env env, Napi::Function on_batch, Job work) {
    auto* job = new JobThread(env);
    auto o = Napi::Object::New(env);
    o["promise"] = job->deferred_.Promise();
    o["cancel"] = Napi::Function::New(env, [cancel = job->cancel_](const Napi::CallbackInfo&) { *cancel = true; });
    o["ask"] = Napi::Function::New(env, [ask = work.ask](const Napi::CallbackInfo&) {
      if (ask) ask();
    });
    // The finalizer runs when the last batch was delivered, so that the promise settles after it.
    auto batches = Napi::ThreadSafeFunction::New(env, on_batch, "cr3scope", 4, 1, [job](Napi::Env e) {
      std::unique_ptr<JobThread> own(job);
      own->thread_.join();
      if (own->thrown_) own->deferred_.Reject(own->thrown_->Value());
      else if (own->error_) own->deferred_.Reject(to_js(e, *own->error_).Value());
      else own->deferred_.Resolve(to_js(e, own->answer_));
    });
    job->thread_ = std::thread([job, batches, work = std::move(work.work)]() mutable {
      job->error_ = caught([&] {
        job->answer_ = work(*job->cancel_, [&](Answer&& batch) {
          auto owned = std::make_unique<Answer>(std::move(batch));
          auto call = [job](Napi::Env e, Napi::Function f, Answer* b) {
            std::unique_ptr<Answer> own(b);
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
  explicit JobThread(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise::Deferred deferred_;
  std::shared_ptr<std::atomic<bool>> cancel_ = std::make_shared<std::atomic<bool>>(false);
  std::thread thread_;
  Answer answer_;
  std::optional<Error> error_;
  std::optional<Napi::Error> thrown_;  // by the listener
};

std::vector<std::string> texts_of(const Napi::Object& object, const char* name) {
  Napi::Value value = object.Get(name);
  if (!value.IsArray()) throw Napi::TypeError::New(object.Env(), std::string(name) + " must be an array of strings");
  auto array = value.As<Napi::Array>();
  std::vector<std::string> list;
  for (u32 i = 0; i < array.Length(); i++) list.push_back(array.Get(i).ToString());
  return list;
}

u64 u64_of(const Napi::Object& object, const char* name) {
  bool lossless = false;
  Napi::Value value = object.Get(name);
  const u64 number = value.IsBigInt() ? value.As<Napi::BigInt>().Uint64Value(&lossless) : 0;
  if (!lossless) throw Napi::TypeError::New(object.Env(), std::string(name) + " must be a BigInt of 64 bits");
  return number;
}

// {pid, frozen, paths: a file for each part, "" for the memory of QEMU, parts: BigUint64Array of physical address,
// bytes and offset of each, registers: BigUint64Array of CR0, CR3, CR4 and EFER of each CPU}
VmOptions vm_of(const Napi::Object& o) {
  VmOptions vm;
  vm.pid = o.Get("pid").ToNumber().Int32Value();
  vm.frozen = o.Get("frozen").ToBoolean();
  const std::vector<std::string> paths = texts_of(o, "paths");
  auto columns = Napi::Array::New(o.Env(), 2);
  columns.Set(0u, o.Get("parts"));
  columns.Set(1u, o.Get("registers"));
  const std::vector<u64> parts = JsArguments(columns).u64s(0, "parts", 3 << 16),
                         registers = JsArguments(columns).u64s(1, "registers", 4 << 13);
  if (vm.pid <= 0 || parts.size() != paths.size() * 3)
    throw BadArgument("parts must be three numbers for each path, and pid a process");
  for (size_t i = 0; i < paths.size(); i++)
    vm.parts.push_back({paths[i], parts[i * 3], parts[i * 3 + 1], parts[i * 3 + 2]});
  for (size_t i = 0; i + 4 <= registers.size(); i += 4) {
    CpuState cpu;
    cpu.cpu = static_cast<u32>(i / 4);
    cpu.cr0 = registers[i];
    cpu.cr3 = registers[i + 1];
    cpu.cr4 = registers[i + 2];
    cpu.efer = registers[i + 3];
    cpu.root_pa = cpu.cr3 & kAddressBits;
    vm.cpus.push_back(std::move(cpu));
  }
  return vm;
}

// {path, vm: a virtual machine instead, or undefined, ranges: BigUint64Array of physical address, bytes and offset of
// each, root, guessRoots, levels, places: a path or undefined}, or undefined for the running machine.
std::unique_ptr<System> system_of(const Napi::Value& image) {
  if (image.IsUndefined()) return std::make_unique<RunningSystem>();
  if (!image.IsObject()) throw Napi::TypeError::New(image.Env(), "image must be an object");
  auto o = image.As<Napi::Object>();
  ImageOptions options;
  options.path = o.Get("path").ToString();
  options.root_pa = u64_of(o, "root");
  options.guess_roots = o.Get("guessRoots").ToBoolean();
  options.levels = o.Get("levels").ToNumber().Uint32Value();
  if (o.Get("places").IsString()) options.places = o.Get("places").ToString();
  auto numbers = Napi::Array::New(image.Env(), 1);
  numbers.Set(0u, o.Get("ranges"));
  try {
    if (o.Get("vm").IsObject()) options.vm = vm_of(o.Get("vm").As<Napi::Object>());
    const std::vector<u64> ranges = JsArguments(numbers).u64s(0, "ranges", 3 << 16);
    for (size_t i = 0; i + 3 <= ranges.size(); i += 3)
      options.ranges.push_back({ranges[i], ranges[i + 1], ranges[i + 2]});
  } catch (const BadArgument& error) {
    throw Napi::TypeError::New(image.Env(), error.what());
  }
  return std::make_unique<ImageSystem>(options);
}

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function define(Napi::Env env, Session::Decorate decorate) {
    return DefineClass(env, "Session",
                       {InstanceMethod<&SessionObject::call>("call"), InstanceMethod<&SessionObject::start>("start"),
                        InstanceMethod<&SessionObject::launch>("launch")},
                       reinterpret_cast<void*>(decorate));
  }

  explicit SessionObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    try {
      session_ = std::make_shared<Session>(system_of(info[0]), reinterpret_cast<Session::Decorate>(info.Data()));
    } catch (const Error& error) {
      throw to_js(info.Env(), error);
    }
  }

 private:
  template <class AnyCall>
  auto prepared(const AnyCall& call, const Napi::CallbackInfo& info) {
    if (!info[1].IsArray()) throw Napi::TypeError::New(info.Env(), "the arguments must be an array");
    try {
      return call.prepare(session_, JsArguments(info[1].As<Napi::Array>()));
    } catch (const BadArgument& error) {
      throw Napi::TypeError::New(info.Env(), error.what());
    }
  }

  // call(name, arguments) -> a promise of the answer
  Napi::Value call(const Napi::CallbackInfo& info) {
    const Call* call = find_call(info[0].ToString().Utf8Value());
    if (!call) throw Napi::TypeError::New(info.Env(), "there is no such call");
    return CallWorker::start(info.Env(), prepared(*call, info));
  }

  // start(name, arguments, onBatch) -> {promise, cancel(), ask()}
  Napi::Value start(const Napi::CallbackInfo& info) {
    const LongCall* call = find_long_call(info[0].ToString().Utf8Value());
    if (!call) throw Napi::TypeError::New(info.Env(), "there is no such long call");
    return JobThread::start(info.Env(), batch_function(info, 2), prepared(*call, info));
  }

  // launch({arguments, environment, directory, user, quiet}, follow, onBatch) -> {promise, cancel(), ask()}: starts a
  // program and traces it.
  Napi::Value launch(const Napi::CallbackInfo& info) {
    if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "launch must be an object");
    auto o = info[0].As<Napi::Object>();
    Launch what;
    what.arguments = texts_of(o, "arguments");
    what.environment = texts_of(o, "environment");
    what.directory = o.Get("directory").ToString();
    what.user = o.Get("user").ToString();
    what.quiet = o.Get("quiet").ToBoolean();
    if (what.arguments.empty()) throw Napi::TypeError::New(info.Env(), "arguments must name a program");
    const bool follow = info[1].ToBoolean();
    Job job{[s = session_, what = std::move(what), follow](const std::atomic<bool>& cancel, const Emit& emit) {
              with_events(emit, [&](const auto& push) { cr3scope::launch(roots_of(s), what, follow, cancel, push); });
              return Answer([](Fields&) {});
            },
            nullptr};
    return JobThread::start(info.Env(), batch_function(info, 2), std::move(job));
  }

  static Napi::Function batch_function(const Napi::CallbackInfo& info, size_t index) {
    if (!info[index].IsFunction()) throw Napi::TypeError::New(info.Env(), "onBatch must be a function");
    return info[index].As<Napi::Function>();
  }

  std::shared_ptr<Session> session_;
};

}  // namespace

Napi::Function define_session(Napi::Env env, Session::Decorate decorate) {
  return SessionObject::define(env, decorate);
}

}  // namespace cr3scope
