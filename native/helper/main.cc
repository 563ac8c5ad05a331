// SPDX-License-Identifier: GPL-2.0-only
// cr3scope-helper: answers the calls of native/calls on its standard input and output, so that only this program holds
// privileges (docs/helper.md). It ends when its input ends.
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <map>
#include <thread>

#include "../calls/calls.h"
#include "../calls/describe.h"
#include "../core/heap.h"
#include "channel.h"
#include "privileges.h"

namespace cr3scope {

namespace {

constexpr unsigned kProtocol = 1;
// Calls and jobs under way; whoever sends more waits, or is refused. There are fewer calls than readers for them
// (Session), so that a trace finds one at once: it reads while it keeps a process stopped.
constexpr size_t kMostCalls = 4, kMostJobs = 64;

// What a request is made of: ["call" | "start", id, name, arguments], ["cancel" | "ask", id].
struct Request {
  std::string kind, name;
  u64 id = 0;
  msgpack::object_array arguments{0, nullptr};
};

class Server {
 public:
  Server(Channel& channel, std::shared_ptr<Session> session) : channel_(channel), session_(std::move(session)) {}
  // Cancels what still runs, and waits for it.
  ~Server() {
    channel_.close();
    std::unique_lock lock(mutex_);
    for (auto& [id, job] : jobs_) job.cancel->store(true);
    changed_.wait(lock, [&] { return jobs_.empty() && calls_ == 0; });
  }

  void greet() {
    Bytes frame = Channel::frame();
    Packer p(frame);
    p.pack_array(3);
    p.pack("cr3scope-helper");
    p.pack(kProtocol);
    p.pack(CR3SCOPE_VERSION);
    channel_.write(std::move(frame));
  }

  // False where this is not a request: nothing that follows can be trusted.
  bool take(const std::vector<char>& frame) {
    // Nesting and lengths are bounded by what a request needs, and by the frame.
    const msgpack::unpack_limit limit(64, 0, 256, Channel::kMostRead, Channel::kMostRead, 2);
    msgpack::object_handle handle;
    Request request;
    try {
      size_t used = 0;
      handle = msgpack::unpack(frame.data(), frame.size(), used, nullptr, nullptr, limit);
      if (used != frame.size() || !parse(handle.get(), request)) return false;
    } catch (const msgpack::unpack_error&) {
      return false;
    }
    answer(request);
    return true;
  }

 private:
  struct Running {
    std::shared_ptr<std::atomic<bool>> cancel;
    std::function<void()> ask;
  };

  static bool parse(const msgpack::object& o, Request& request) {
    if (o.type != msgpack::type::ARRAY || o.via.array.size < 2) return false;
    const msgpack::object* field = o.via.array.ptr;
    auto text = [](const msgpack::object& from, std::string& to) {
      if (from.type != msgpack::type::STR) return false;
      to.assign(from.via.str.ptr, from.via.str.size);
      return true;
    };
    if (!text(field[0], request.kind) || field[1].type != msgpack::type::POSITIVE_INTEGER) return false;
    request.id = field[1].via.u64;
    const bool control = request.kind == "cancel" || request.kind == "ask";
    if (control) return o.via.array.size == 2;
    if (request.kind != "call" && request.kind != "start") return false;
    if (o.via.array.size != 4 || !text(field[2], request.name) || field[3].type != msgpack::type::ARRAY) return false;
    request.arguments = field[3].via.array;
    return true;
  }

  void answer(const Request& request) {
    if (request.kind == "cancel" || request.kind == "ask") return control(request);
    try {
      const PackedArguments arguments(request.arguments);
      if (request.kind == "call") {
        const Call* call = find_call(request.name);
        if (!call) throw BadArgument("there is no call of that name");
        run_call(request.id, call->prepare(session_, arguments));
      } else {
        const LongCall* call = find_long_call(request.name);
        if (!call) throw BadArgument("there is no long call of that name");
        run_job(request.id, call->prepare(session_, arguments));
      }
    } catch (const BadArgument& error) {
      fail(request.id, Error(error.what(), EINVAL, "Report this as a bug."));
    } catch (const std::system_error&) {
      fail(request.id, Error("start a thread", EAGAIN, "End some programs and try again."));
    }
  }

  void control(const Request& request) {
    std::lock_guard lock(mutex_);
    auto at = jobs_.find(request.id);
    if (at == jobs_.end()) return;  // it has ended meanwhile
    if (request.kind == "cancel") at->second.cancel->store(true);
    else if (at->second.ask) at->second.ask();
  }

  void run_call(u64 id, CallWork work) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return calls_ < kMostCalls; });
      calls_++;
    }
    start([this, id, work = std::move(work)] { finish(id, work); },
          [this] {
            std::lock_guard lock(mutex_);
            calls_--;
            changed_.notify_all();
          });
  }

  void run_job(u64 id, Job job) {
    auto cancel = std::make_shared<std::atomic<bool>>(false);
    if (auto refusal = enlist(id, Running{cancel, std::move(job.ask)})) return fail(id, *refusal);
    start(
        [this, id, cancel, work = std::move(job.work)] {
          finish(id, [&] { return work(*cancel, [&](Answer&& batch) { send_value("batch", id, std::move(batch)); }); });
        },
        [this, id] {
          std::lock_guard lock(mutex_);
          jobs_.erase(id);
          changed_.notify_all();
        });
  }

  std::optional<Error> enlist(u64 id, Running&& job) {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= kMostJobs)
      return Error(std::to_string(kMostJobs) + " jobs run already", EAGAIN, "Cancel one of them.");
    if (!jobs_.emplace(id, std::move(job)).second)
      return Error("job " + std::to_string(id) + " runs already", EEXIST, "Report this as a bug.");
    return std::nullopt;
  }

  // Runs `work` on a thread of its own, and then `end`; only `end` where there can be no thread.
  template <class Work, class End>
  void start(Work work, End end) {
    try {
      std::thread([work = std::move(work), end] {
        work();
        end();
      }).detach();
    } catch (...) {
      end();
      throw;
    }
  }

  // Sends what the work answers or throws. The peer may be gone by then.
  void finish(u64 id, const CallWork& work) {
    Answer value;
    std::optional<Error> error = caught([&] { value = work(); });
    if (!error) error = caught([&] { send_value("answer", id, std::move(value)); });
    if (error) fail(id, *error);
  }

  void fail(u64 id, const Error& error) {
    (void)caught([&] { send_value("failure", id, [&](Fields& o) { describe(o, error); }); });
  }

  void send_value(const char* kind, u64 id, Answer value) {
    Bytes frame = Channel::frame();
    Packer p(frame);
    p.pack_array(3);
    p.pack(kind);
    p.pack(id);
    {
      PackedFields fields(frame);
      value(fields);
    }
    value = nullptr;  // it may take long until the frame is written: one copy is enough
    channel_.write(std::move(frame));
  }

  Channel& channel_;
  std::shared_ptr<Session> session_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<u64, Running> jobs_;
  size_t calls_ = 0;
};

int refuse(const Error& error) {
  std::fprintf(stderr, "cr3scope-helper: %s\n%s\n", error.what(), error.remedy.c_str());
  return 2;
}

int run() {
  // A peer that goes away is noticed by the writes that fail.
  signal(SIGPIPE, SIG_IGN);
  // Ctrl-C in the terminal is for the program that started this one. When that ends, so does the input.
  signal(SIGINT, SIG_IGN);
  drop_privileges();
  Channel channel(STDIN_FILENO, STDOUT_FILENO);
  Server server(channel, std::make_shared<Session>());
  server.greet();
  for (std::vector<char> frame; channel.read(frame);)
    if (!server.take(frame)) throw Error("read a request", EBADMSG, "The program at the other end is not cr3scope.");
  return 0;
}

}  // namespace

}  // namespace cr3scope

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::puts(CR3SCOPE_VERSION);
    return 0;
  }
  if (argc != 1 || isatty(STDIN_FILENO)) {
    std::fputs("cr3scope-helper reads memory for cr3scope, which starts it. It takes no arguments.\n", stderr);
    return 2;
  }
  int code = 0;
  cr3scope::return_large_buffers();
  try {
    code = cr3scope::run();
  } catch (const cr3scope::Cancelled&) {
    // The peer has gone before it was greeted.
  } catch (const cr3scope::Error& error) {
    code = cr3scope::refuse(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cr3scope-helper: %s\n", error.what());
    code = 2;
  }
  return code;
}
