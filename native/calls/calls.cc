// SPDX-License-Identifier: GPL-2.0-only
#include "calls.h"

#include <algorithm>

#include "../core/clock.h"
#include "../core/event_queue.h"
#include "../core/search_request.h"
#include "describe.h"

namespace cr3scope {

namespace {

const std::atomic<bool> kNeverCancelled{false};
constexpr size_t kMostFrames = 4096, kMostListed = 1 << 16, kMostRows = 65536, kMostName = 256;
constexpr u32 kMostNames = 256;

using SessionPtr = std::shared_ptr<Session>;

// An answer that is one structure.
template <class T>
Answer answer(T value) {
  return [value = std::make_shared<const T>(std::move(value))](Fields& o) { describe(o, *value); };
}
const Answer kNothing = [](Fields&) {};

// hello() -> what is known of the machine and its sources. It opens the session, so it comes first.
CallWork hello(const SessionPtr& s, const Arguments&) {
  return [s]() -> Answer {
    s->open();
    return [s, facts = s->system().facts()](Fields& o) {
      o.text("version", CR3SCOPE_VERSION);
      o.object("facts", [&](Fields& f) { describe(f, facts); });
      o.object("target", [&](Fields& f) { describe(f, s->target()); });
      o.u64_field("directMap", s->system().direct_map());
      o.text("directMapFrom", s->system().direct_map_from());
      // By source the error that it is missing for.
      o.by_source("refusals", [&](Fields& f, const char* name, Source source) {
        if (auto refusal = s->refusal(source)) f.object(name, [&](Fields& e) { describe(e, *refusal); });
        else f.null(name);
      });
    };
  };
}

// processes(pid): one, or all of them for PID 0, with what they map by the reverse map that is kept, if there is one.
CallWork processes(const SessionPtr& s, const Arguments& a) {
  return [s, pid = static_cast<int>(a.number(0, "pid", 0, 0x7fffffff))]() -> Answer {
    auto rows = s->system().processes(pid);
    const auto map = s->reverse_maps().kept();
    if (map) add_mapped(*map, rows);
    const u64 asked_ns = monotonic_ns();
    return [map, asked_ns, rows = std::make_shared<const std::vector<ProcessRow>>(std::move(rows))](Fields& o) {
      describe(o, *rows);
      if (map) o.u64_field("walkAgeNs", asked_ns - map->end_ns());
      else o.null("walkAgeNs");
    };
  };
}

CallWork cgroups(const SessionPtr& s, const Arguments&) {
  return [s] { return answer(s->system().cgroups()); };
}

CallWork roots(const SessionPtr& s, const Arguments&) {
  return [s] { return answer(Session::Lease(*s).machine().roots.roots(0)); };
}

CallWork cpus(const SessionPtr& s, const Arguments&) {
  return [s] { return answer(Session::Lease(*s).machine().cpus.cpus()); };
}

// regions(pid)
CallWork regions(const SessionPtr& s, const Arguments& a) {
  return [s, pid = a.pid(0)] { return answer(s->system().regions(pid, true)); };
}

// rows(pid, startTicks, vas)
CallWork rows(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  const u64 start = a.u64_at(1, "startTicks");
  std::vector<u64> vas = a.u64s(2, "vas", kMostRows);
  for (u64& va : vas) va &= ~(kPageSize - 1);
  return [s, pid, start, vas = std::move(vas)] {
    if (s->reader_refusal()) return answer(pagemap_rows(pid, vas));
    Session::Lease lease(*s);
    SpaceSources sources(lease.machine(), pid, start);
    return answer(read_rows(sources, vas, kNeverCancelled));
  };
}

// translate(pid, startTicks, va)
CallWork translate_page(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  const u64 start = a.u64_at(1, "startTicks"), va = a.u64_at(2, "va");
  return [s, pid, start, va] {
    Session::Lease lease(*s);
    return answer(translate(lease.machine(), pid, start, va, kNeverCancelled));
  };
}

// page(pid, startTicks, va): the translation, and the frame that it leads to.
CallWork page(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  const u64 start = a.u64_at(1, "startTicks"), va = a.u64_at(2, "va");
  return [s, pid, start, va] {
    Session::Lease lease(*s);
    return answer(read_page(lease.machine(), pid, start, va, kNeverCancelled));
  };
}

// frames(pfns)
CallWork frames(const SessionPtr& s, const Arguments& a) {
  return [s, pfns = a.u64s(0, "pfns", kMostFrames)] {
    Session::Lease reader(*s);
    return answer(read_frames(*reader, *s->system().frame_facts(), pfns));
  };
}

// owners(pfn, again): who maps a frame, by the reverse map that is kept. It is made first where there is none, or where
// `again` asks for it.
CallWork owners(const SessionPtr& s, const Arguments& a) {
  const u64 pfn = a.u64_at(0, "pfn");
  return [s, pfn, again = a.flag(1)]() -> Answer {
    Session::Lease lease(*s);
    const Machine machine = lease.machine();
    auto map = s->reverse_maps().get(machine, again, kNeverCancelled);
    const u64 asked_ns = monotonic_ns();
    return [map, asked_ns, list = map->owners(pfn, machine), tables = map->tables(pfn)](Fields& o) {
      describe(o, list);
      describe(o, tables);
      describe(o, *map, asked_ns);
    };
  };
}

// tables(pid, startTicks)
CallWork tables(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  return [s, pid, start = a.u64_at(1, "startTicks")] {
    Session::Lease lease(*s);
    const u64 root = AddressSpace(lease.machine(), pid, start).root_pa();
    return answer(read_table_tree(s->target(), *lease, *s->system().frame_facts(), root, kNeverCancelled));
  };
}

// memory(begin, end, cells, flags, again): frames [begin, end) as a picture.
CallWork memory(const SessionPtr& s, const Arguments& a) {
  const u64 begin = a.u64_at(0, "begin"), end = a.u64_at(1, "end"), flags = a.u64_at(3, "flags");
  const u32 cells = a.number(2, "cells", 1, kMostCells);
  if (begin >= end || end >> 40) throw BadArgument("begin and end must be a range of frame numbers below 2^40");
  return [s, begin, end, cells, flags, again = a.flag(4)]() -> Answer {
    Session::Lease lease(*s);
    auto reverse = s->reverse_maps().get(lease.machine(), again, kNeverCancelled);
    const u64 asked_ns = monotonic_ns();
    MemoryMap map =
        map_memory(s->target(), *s->system().frame_facts(), *reverse, begin, end, cells, flags, kNeverCancelled);
    return [reverse, asked_ns, map = std::move(map), counters = s->system().memory_counters()](Fields& o) {
      describe(o, map);
      o.object("counters", [&](Fields& f) { describe(f, counters); });
      describe(o, *reverse, asked_ns);
    };
  };
}

// listFrames(begin, end): frames [begin, end) one by one, mapped as the reverse map that is kept says.
CallWork frame_list(const SessionPtr& s, const Arguments& a) {
  const u64 begin = a.u64_at(0, "begin"), end = a.u64_at(1, "end");
  if (begin >= end || end >> 40 || end - begin > kMostListed)
    throw BadArgument("begin and end must be a range of at most 65536 frame numbers below 2^40");
  return [s, begin, end] {
    Session::Lease lease(*s);
    auto reverse = s->reverse_maps().get(lease.machine(), false, kNeverCancelled);
    return answer(list_frames(s->target(), *s->system().frame_facts(), *reverse, begin, end));
  };
}

// causes(): which causes of changes can be seen here. Attaches the programs for a moment.
CallWork causes(const SessionPtr& s, const Arguments&) {
  return [s]() -> Answer {
    s->system().must_run("see causes");
    auto abilities = s->causes().abilities();
    return [abilities, refusal = s->causes().functions_refusal()](Fields& o) {
      describe(o, abilities);
      o.text("functionsRefusal", refusal);
    };
  };
}

// A name as bytes.
std::string name_at(const Arguments& a, size_t i) {
  const std::vector<u8> bytes = a.bytes(i, "name", kMostName);
  return {bytes.begin(), bytes.end()};
}

// layout(name): a type of the kernel, and all that it consists of.
CallWork layout(const SessionPtr& s, const Arguments& a) {
  return [s, name = name_at(a, 0)] { return answer(slice_types(s->system().types(), name)); };
}

// typeNames(start, most): the names of types of the kernel that begin so.
CallWork type_names_from(const SessionPtr& s, const Arguments& a) {
  return [s, start = name_at(a, 0), most = a.number(1, "most", 1, kMostNames)]() -> Answer {
    return [names = type_names(s->system().types(), start, most)](Fields& o) {
      o.texts_of("name", names, [](auto& name) -> std::string_view { return name; });
    };
  };
}

// check(pid, startTicks, begin, end, bytes, pages): `bytes` adds the byte proof, whose progress comes as batches
// without runs. With `pages` batches carry every page.
Job check(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  const u64 start = a.u64_at(1, "startTicks"), begin = a.u64_at(2, "begin"), end = a.u64_at(3, "end");
  const bool bytes = a.flag(4), pages = a.flag(5);
  return {[=](const std::atomic<bool>& cancel, const Emit& emit_answer) -> Answer {
    auto emit = [&](CheckBatch&& batch) { emit_answer(answer(std::move(batch))); };
    if (bytes) s->system().must_run("compare bytes with what a process reads");
    Session::Lease lease(*s, 1, cancel, [&] { emit({.counts = {}, .waiting = true}); });
    const u64 until = std::min(end, s->target().paging.user_end());
    SpaceSources sources(lease.machine(), pid, start);
    Checker checker(sources, cancel);
    if (pages) checker.record_pages();
    CheckResult result = checker.run(begin, until, emit);
    std::optional<ByteProof> proof;
    if (bytes && result.outcome == Outcome::complete)
      proof = prove_bytes(s->target(), *lease, pid, result.root_pa, begin, until, cancel, [&](u64 done, u64 total) {
        emit({done, total, result.counts, {}, {}, {}, false});
      });
    if (proof) result.outcome = outcome_now(sources.space());
    return [result = std::move(result), proof = std::move(proof)](Fields& o) {
      describe(o, result);
      if (proof) o.object("proof", [&](Fields& f) { describe(f, *proof); });
      else o.null("proof");
    };
  }};
}

// search(pid, begin, end, bytes, mask, limit, back): PID 0 searches physical memory, and `back` finds the last hit
// there as the only one.
Job search_bytes(const SessionPtr& s, const Arguments& a) {
  SearchRequest r;
  r.pid = static_cast<int>(a.number(0, "pid", 0, 0x7fffffff));
  r.begin = a.u64_at(1, "begin");
  r.end = a.u64_at(2, "end");
  r.pattern.bytes = a.bytes(3, "bytes", kMostPattern);
  r.pattern.mask = a.bytes(4, "mask", kMostPattern);
  if (r.pattern.bytes.empty() || r.pattern.bytes.size() != r.pattern.mask.size())
    throw BadArgument("bytes and mask must be of one length, and not empty");
  r.limit = a.u64_at(5, "limit");
  r.back = a.flag(6);
  if (r.back && r.pid) throw BadArgument("only physical memory can be searched backwards");
  return {[s, r = std::move(r)](const std::atomic<bool>& cancel, const Emit& emit) {
    return answer(search(*s, r, cancel, [&](SearchBatch&& batch) { emit(answer(std::move(batch))); }));
  }};
}

// watch(pid, startTicks, begin, end, intervalNs): ends when the process went away. With an interval of 0 only asking
// takes more than the first sample.
Job watch_pages(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  const u64 start = a.u64_at(1, "startTicks"), begin = a.u64_at(2, "begin") & ~(kPageSize - 1),
            end = a.u64_at(3, "end"), interval = a.u64_at(4, "intervalNs");
  if (begin >= end || end > s->target().paging.user_end() || (end - begin) >> kPageShift > kMostWatched)
    throw BadArgument("begin and end must be 1 to 65536 pages of the user half");
  auto asked = std::make_shared<std::atomic<u64>>(0);
  return {[=](const std::atomic<bool>& cancel, const Emit& emit) {
            s->system().must_run("watch pages");
            auto with_machine = [&](const auto& use) { use(Session::Lease(*s).machine()); };
            const WatchCauses causes{&s->causes(), s->system().direct_map()};
            watch(s->target(), with_machine, causes, pid, start, begin, end, interval, *asked, cancel,
                  [&](WatchBatch&& batch) { emit(answer(std::move(batch))); });
            return kNothing;
          },
          [asked] { ++*asked; }};
}

// trace(pid, follow)
Job trace_process(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  return {[s, pid, follow = a.flag(1)](const std::atomic<bool>& cancel, const Emit& emit) {
    s->system().must_run("trace processes");
    with_events(emit, [&](const auto& push) { trace(roots_of(s), pid, follow, cancel, push); });
    return kNothing;
  }};
}

// traceLaunched(pid, follow): a process that waits to execute a program until its start was reported.
Job trace_waiting(const SessionPtr& s, const Arguments& a) {
  const int pid = a.pid(0);
  return {[s, pid, follow = a.flag(1)](const std::atomic<bool>& cancel, const Emit& emit) {
    s->system().must_run("trace processes");
    with_events(emit, [&](const auto& push) { trace_launched(roots_of(s), pid, "", follow, cancel, push); });
    return kNothing;
  }};
}

// traceMachine()
Job trace_all(const SessionPtr& s, const Arguments&) {
  return {[s](const std::atomic<bool>& cancel, const Emit& emit) {
    s->system().must_run("trace processes");
    trace_machine(s->target(), s->system().direct_map(), cancel,
                  [&](TraceEvents&& events) { emit(answer(std::move(events))); });
    return kNothing;
  }};
}

constexpr Call kCalls[] = {
    {"hello", hello},
    {"processes", processes},
    {"cgroups", cgroups},
    {"roots", roots},
    {"cpus", cpus},
    {"regions", regions},
    {"rows", rows},
    {"translate", translate_page},
    {"frames", frames},
    {"owners", owners},
    {"tables", tables},
    {"memory", memory},
    {"causes", causes},
    {"page", page},
    {"layout", layout},
    {"typeNames", type_names_from},
    {"listFrames", frame_list},
};
constexpr LongCall kLongCalls[] = {
    {"check", check},         {"search", search_bytes},         {"watch", watch_pages},
    {"trace", trace_process}, {"traceLaunched", trace_waiting}, {"traceMachine", trace_all},
};

template <class List>
auto find(const List& list, std::string_view name) {
  auto at = std::find_if(std::begin(list), std::end(list), [&](auto& call) { return call.name == name; });
  return at == std::end(list) ? nullptr : at;
}

}  // namespace

const Call* find_call(std::string_view name) { return find(kCalls, name); }
const LongCall* find_long_call(std::string_view name) { return find(kLongCalls, name); }

void with_events(const Emit& emit, const std::function<void(const std::function<void(TraceEvent&&)>&)>& work) {
  EventQueue queue([&](TraceEvents&& events) { emit(answer(std::move(events))); });
  work([&](TraceEvent&& event) { queue.push(std::move(event)); });
}

RootsOf roots_of(const SessionPtr& session) {
  return [session](int pid) { return Session::Lease(*session).machine().roots.roots(pid); };
}

std::optional<Error> caught(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const Cancelled&) {
    return Error("cancel", ECANCELED, "It was cancelled.");
  } catch (const std::bad_alloc&) {
    return Error("allocate memory", ENOMEM, "Free some memory or choose a smaller range.");
  } catch (const std::exception& error) {
    return Error(error.what(), 0, "Report this as a bug.");
  }
}

}  // namespace cr3scope
