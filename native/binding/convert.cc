// SPDX-License-Identifier: GPL-2.0-only
#include "convert.h"

namespace cr3scope {

Napi::Object to_js(Napi::Env env, const Words& w) {
  return by_source(env, [&](Source source) { return to_js(env, w[source]); });
}

Napi::Object to_js(Napi::Env env, const Entry& e) {
  auto o = Napi::Object::New(env);
  o["kind"] = Napi::Number::New(env, static_cast<u8>(e.kind));
  o["shift"] = Napi::Number::New(env, e.shift);
  o["swapType"] = Napi::Number::New(env, e.swap_type);
  o["pfn"] = to_js(env, e.pfn);
  o["swapOffset"] = to_js(env, e.swap_offset);
  o["violation"] = to_js(env, e.violation);
  o["assumed"] = Napi::Boolean::New(env, e.assumed);
  return o;
}

Napi::Object to_js(Napi::Env env, const Path& p) {
  auto o = Napi::Object::New(env);
  o["status"] = Napi::Number::New(env, static_cast<u8>(p.status));
  o["last"] = Napi::Number::New(env, p.last);
  o["table"] = words(env, p.table);
  o["entry"] = words(env, p.entry);
  o["leaf"] = to_js(env, p.leaf);
  return o;
}

Napi::Object to_js(Napi::Env env, const KernelPath& p) {
  auto o = Napi::Object::New(env);
  o["rootPa"] = to_js(env, p.root_pa);
  o["last"] = Napi::Number::New(env, p.last);
  o["table"] = words(env, p.table);
  o["entry"] = words(env, p.entry);
  o["word"] = to_js(env, p.word.raw);
  return o;
}

Napi::Object to_js(Napi::Env env, const std::vector<CpuState>& cpus) {
  auto o = Napi::Object::New(env);
  o["cpu"] = column32(env, cpus, [](auto& c) { return c.cpu; });
  o["pid"] = column32(env, cpus, [](auto& c) { return c.pid; });
  o["cr0"] = column64(env, cpus, [](auto& c) { return c.cr0; });
  o["cr3"] = column64(env, cpus, [](auto& c) { return c.cr3; });
  o["cr4"] = column64(env, cpus, [](auto& c) { return c.cr4; });
  o["efer"] = column64(env, cpus, [](auto& c) { return c.efer; });
  o["pat"] = column64(env, cpus, [](auto& c) { return c.pat; });
  o["rootPa"] = column64(env, cpus, [](auto& c) { return c.root_pa; });
  o["borrowed"] = column8(env, cpus, [](auto& c) { return c.borrowed; });
  o["kernelThread"] = column8(env, cpus, [](auto& c) { return c.kernel_thread; });
  o["name"] = strings(env, cpus, [](auto& c) { return c.name; });
  return o;
}

Napi::Object to_js(Napi::Env env, const Target& t) {
  auto o = Napi::Object::New(env);
  o["release"] = t.release;
  o["build"] = t.build;
  o["cpuModel"] = t.cpu_model;
  o["lockdown"] = t.lockdown;
  o["configFrom"] = t.config_from;
  o["levels"] = Napi::Number::New(env, t.paging.levels);
  o["pti"] = Napi::Boolean::New(env, t.pti);
  o["pcid"] = Napi::Boolean::New(env, t.pcid);
  o["lam"] = Napi::Boolean::New(env, t.lam);
  o["maxPhysBits"] = Napi::Number::New(env, t.paging.max_phys_bits);
  o["virtualBits"] = Napi::Number::New(env, t.virtual_bits);
  o["encryptionMask"] = to_js(env, t.paging.encryption_mask);
  o["capabilities"] = to_js(env, t.capabilities);
  o["btf"] = Napi::Boolean::New(env, t.btf);
  o["ksmUnreliable"] = Napi::Boolean::New(env, t.ksm_unreliable);
  o["zeroPfn"] = to_js(env, t.zero_pfn);
  o["ramBegin"] = column64(env, t.ram, [](auto& r) { return r.begin; });
  o["ramEnd"] = column64(env, t.ram, [](auto& r) { return r.end; });
  auto swap = Napi::Object::New(env);
  swap["known"] = Napi::Boolean::New(env, t.paging.swap_types_known);
  swap["pfnBits"] = Napi::Number::New(env, t.paging.swap_pfn_bits);
  swap["hwpoison"] = Napi::Number::New(env, t.paging.hwpoison_type);
  swap["migration"] = Napi::Number::New(env, t.paging.migration_type);
  swap["migrations"] = Napi::Number::New(env, t.paging.migration_types);
  swap["device"] = Napi::Number::New(env, t.paging.device_type);
  swap["devices"] = Napi::Number::New(env, t.paging.device_types);
  swap["marker"] = Napi::Number::New(env, t.paging.marker_type);
  swap["swapinError"] = Napi::Number::New(env, t.paging.swapin_error_type);
  o["swap"] = swap;
  return o;
}

Napi::Object to_js(Napi::Env env, const std::vector<PageRow>& rows) {
  auto o = Napi::Object::New(env);
  o["va"] = column64(env, rows, [](auto& r) { return r.va; });
  o["words"] = word_columns(env, rows);
  o["pfn"] = column64(env, rows, [](auto& r) { return r.pfn; });
  o["level"] = column8(env, rows, [](auto& r) { return r.level; });
  o["shift"] = column8(env, rows, [](auto& r) { return r.shift; });
  o["kind"] = column8(env, rows, [](auto& r) { return r.kind; });
  o["status"] = column8(env, rows, [](auto& r) { return r.status; });
  o["verdict"] = column8(env, rows, [](auto& r) { return r.verdict; });
  o["note"] = column8(env, rows, [](auto& r) { return r.note; });
  return o;
}

Napi::Object to_js(Napi::Env env, const std::vector<Region>& regions) {
  auto o = Napi::Object::New(env);
  o["begin"] = column64(env, regions, [](auto& r) { return r.begin; });
  o["end"] = column64(env, regions, [](auto& r) { return r.end; });
  o["offset"] = column64(env, regions, [](auto& r) { return r.offset; });
  o["inode"] = column64(env, regions, [](auto& r) { return r.inode; });
  o["permissions"] = strings(env, regions, [](auto& r) { return r.permissions; });
  o["path"] = strings(env, regions, [](auto& r) { return r.path; });
  return o;
}

Napi::Object to_js(Napi::Env env, const std::vector<ProcessRow>& processes) {
  auto o = Napi::Object::New(env);
  o["pid"] = column32(env, processes, [](auto& p) { return p.pid; });
  o["ppid"] = column32(env, processes, [](auto& p) { return p.ppid; });
  o["uid"] = column32(env, processes, [](auto& p) { return p.uid; });
  o["threads"] = column32(env, processes, [](auto& p) { return p.threads; });
  o["state"] = column8(env, processes, [](auto& p) { return p.state; });
  o["kernelThread"] = column8(env, processes, [](auto& p) { return p.kernel_thread; });
  o["startTicks"] = column64(env, processes, [](auto& p) { return p.start_ticks; });
  o["rss"] = column64(env, processes, [](auto& p) { return p.rss_bytes; });
  o["pageTables"] = column64(env, processes, [](auto& p) { return p.page_table_bytes; });
  o["name"] = strings(env, processes, [](auto& p) { return p.name; });
  return o;
}

Napi::Object to_js(Napi::Env env, const std::vector<RootRecord>& roots) {
  auto o = Napi::Object::New(env);
  o["pid"] = column32(env, roots, [](auto& r) { return r.pid; });
  o["startTicks"] = column64(env, roots, [](auto& r) { return r.start_ticks; });
  o["space"] = column64(env, roots, [](auto& r) { return r.mm; });
  o["rootPa"] = column64(env, roots, [](auto& r) { return r.root_pa; });
  o["borrowedPa"] = column64(env, roots, [](auto& r) { return r.borrowed_pa; });
  o["onCpu"] = column8(env, roots, [](auto& r) { return r.on_cpu; });
  o["cpu"] = column32(env, roots, [](auto& r) { return r.cpu; });
  return o;
}

Napi::Object to_js(Napi::Env env, const std::vector<Owner>& owners) {
  auto o = Napi::Object::New(env);
  o["pid"] = column32(env, owners, [](auto& w) { return w.pid; });
  o["startTicks"] = column64(env, owners, [](auto& w) { return w.start_ticks; });
  o["va"] = column64(env, owners, [](auto& w) { return w.va; });
  o["still"] = column8(env, owners, [](auto& w) { return w.still; });
  o["shift"] = column8(env, owners, [](auto& w) { return w.now.leaf.shift; });
  o["entry"] = column64(env, owners, [](auto& w) { return w.now.raw(); });
  // What every level allows, as flags: 1 write, 2 user, 4 execute, and 8 where P is set at all.
  o["access"] = column8(env, owners, [](auto& w) { return w.now.access(); });
  return o;
}

Napi::Object to_js(Napi::Env env, const TableTree& t) {
  auto o = Napi::Object::New(env);
  o["rootPa"] = to_js(env, t.root_pa);
  o["level"] = column8(env, t.nodes, [](auto& n) { return n.level; });
  o["va"] = column64(env, t.nodes, [](auto& n) { return n.va; });
  o["pa"] = column64(env, t.nodes, [](auto& n) { return n.pa; });
  o["used"] = column32(env, t.nodes, [](auto& n) { return n.used; });
  o["marked"] = column8(env, t.nodes, [](auto& n) { return n.marked; });
  o["status"] = column8(env, t.nodes, [](auto& n) { return n.status; });
  o["mapped"] = words(env, t.mapped);
  o["raced"] = to_js(env, t.raced);
  return o;
}

Napi::Object to_js(Napi::Env env, const MemoryMap& m) {
  auto o = Napi::Object::New(env);
  o["begin"] = to_js(env, m.begin);
  o["end"] = to_js(env, m.end);
  o["framesPerCell"] = to_js(env, m.frames_per_cell);
  auto roles = Napi::Uint32Array::New(env, m.cells.size() * kRoles);
  auto sizes = Napi::Uint32Array::New(env, m.cells.size() * 3);
  for (size_t i = 0; i < m.cells.size(); i++) {
    std::copy(m.cells[i].roles.begin(), m.cells[i].roles.end(), roles.Data() + i * kRoles);
    std::copy(m.cells[i].sizes.begin(), m.cells[i].sizes.end(), sizes.Data() + i * 3);
  }
  o["roles"] = roles;
  o["sizes"] = sizes;
  o["owner"] = column32(env, m.cells, [](auto& c) { return c.owner; });
  o["ownerMappings"] = column32(env, m.cells, [](auto& c) { return c.owner_mappings; });
  o["flags"] = to_js(env, m.flags);
  o["flagged"] = column32(env, m.flagged, [](u32 n) { return n; });
  o["pid"] = column32(env, m.uses, [](auto& u) { return u.pid; });
  o["startTicks"] = column64(env, m.uses, [](auto& u) { return u.start_ticks; });
  o["alone"] = column64(env, m.uses, [](auto& u) { return u.alone; });
  auto mapped = Napi::BigUint64Array::New(env, m.uses.size() * kRoles);
  for (size_t i = 0; i < m.uses.size(); i++)
    std::copy(m.uses[i].mapped.begin(), m.uses[i].mapped.end(), mapped.Data() + i * kRoles);
  o["mapped"] = mapped;
  o["total"] = words(env, m.total);
  o["unmapped"] = words(env, m.unmapped);
  return o;
}

Napi::Object to_js(Napi::Env env, const ByteProof& p) {
  auto o = Napi::Object::New(env);
  o["pages"] = to_js(env, p.pages);
  o["same"] = to_js(env, p.same);
  o["changing"] = to_js(env, p.changing);
  o["moved"] = to_js(env, p.moved);
  o["noFrame"] = to_js(env, p.no_frame);
  o["noMemory"] = to_js(env, p.no_memory);
  o["differ"] = to_js(env, p.differ);
  o["ns"] = to_js(env, p.ns);
  auto list = Napi::Array::New(env, p.differences.size());
  for (size_t i = 0; i < p.differences.size(); i++) {
    const ByteProof::Difference& d = p.differences[i];
    auto bytes = [&](auto& from) {
      auto array = Napi::Uint8Array::New(env, from.size());
      std::copy(from.begin(), from.end(), array.Data());
      return array;
    };
    auto x = Napi::Object::New(env);
    x["va"] = to_js(env, d.va);
    x["pfn"] = to_js(env, d.pfn);
    x["offset"] = Napi::Number::New(env, d.offset);
    x["frame"] = bytes(d.frame);
    x["memory"] = bytes(d.memory);
    list[static_cast<u32>(i)] = x;
  }
  o["differences"] = list;
  return o;
}

Napi::Object to_js(Napi::Env env, const TraceEvent& e) {
  auto o = Napi::Object::New(env);
  o["ns"] = to_js(env, e.ns);
  o["kind"] = Napi::Number::New(env, static_cast<u8>(e.kind));
  o["pid"] = Napi::Number::New(env, e.pid);
  o["child"] = Napi::Number::New(env, e.child);
  o["before"] = to_js(env, e.before);
  o["after"] = to_js(env, e.after);
  o["code"] = Napi::Number::New(env, e.code);
  o["name"] = e.name;
  return o;
}

Napi::Array to_js(Napi::Env env, const TraceEvents& events) {
  auto list = Napi::Array::New(env, events.size());
  for (size_t i = 0; i < events.size(); i++) list[static_cast<u32>(i)] = to_js(env, events[i]);
  return list;
}

Napi::Object to_js(Napi::Env env, const WatchBatch& b) {
  auto o = Napi::Object::New(env);
  o["ns"] = to_js(env, b.ns);
  o["samples"] = to_js(env, b.samples);
  o["initial"] = Napi::Boolean::New(env, b.initial);
  o["rows"] = to_js(env, b.rows);
  o["flags"] = column64(env, b.flags, [](auto w) { return w; });
  o["counts"] = column64(env, b.counts, [](auto w) { return w; });
  o["records"] = to_js(env, b.records);
  o["lost"] = to_js(env, b.lost);
  o["refusal"] = b.refusal;
  return o;
}

Napi::Object to_js(Napi::Env env, const std::vector<cause_record>& records) {
  auto o = Napi::Object::New(env);
  o["ns"] = column64(env, records, [](auto& r) { return r.ns; });
  o["begin"] = column64(env, records, [](auto& r) { return r.begin; });
  o["end"] = column64(env, records, [](auto& r) { return r.end; });
  o["detail"] = column64(env, records, [](auto& r) { return r.detail; });
  o["argument"] = column64(env, records, [](auto& r) { return r.argument; });
  o["kind"] = column8(env, records, [](auto& r) { return r.kind; });
  o["flags"] = column8(env, records, [](auto& r) { return r.flags; });
  o["syscall"] = column32(env, records, [](auto& r) { return r.syscall; });
  o["pid"] = column32(env, records, [](auto& r) { return r.pid; });
  o["tid"] = column32(env, records, [](auto& r) { return r.tid; });
  o["name"] = strings(env, records, [](auto& r) { return std::string(r.name, strnlen(r.name, sizeof r.name)); });
  return o;
}

Napi::Object to_js(Napi::Env env, const CheckBatch& b) {
  auto o = Napi::Object::New(env);
  o["done"] = to_js(env, b.done);
  o["total"] = to_js(env, b.total);
  o["counts"] = words(env, b.counts);
  o["waiting"] = b.waiting;
  auto runs = Napi::Object::New(env);
  runs["va"] = column64(env, b.runs, [](auto& r) { return r.va; });
  runs["pages"] = column64(env, b.runs, [](auto& r) { return r.pages; });
  runs["words"] = word_columns(env, b.runs);
  runs["verdict"] = column8(env, b.runs, [](auto& r) { return r.verdict; });
  runs["note"] = column8(env, b.runs, [](auto& r) { return r.note; });
  o["runs"] = runs;
  auto pages = Napi::Uint8Array::New(env, b.pages.size());
  std::copy(b.pages.begin(), b.pages.end(), pages.Data());
  o["pages"] = pages;
  auto evidence = Napi::Array::New(env, b.evidence.size());
  for (size_t i = 0; i < b.evidence.size(); i++) {
    const Evidence& e = b.evidence[i];
    auto x = Napi::Object::New(env);
    x["va"] = to_js(env, e.va);
    x["verdict"] = Napi::Number::New(env, static_cast<u8>(e.verdict));
    x["note"] = Napi::Number::New(env, static_cast<u8>(e.note));
    x["rounds"] = Napi::Number::New(env, e.rounds);
    x["firstNs"] = to_js(env, e.first_ns);
    x["lastNs"] = to_js(env, e.last_ns);
    x["first"] = to_js(env, e.first);
    x["last"] = to_js(env, e.last);
    x["lastPath"] = to_js(env, e.last_path);
    evidence[static_cast<u32>(i)] = x;
  }
  o["evidence"] = evidence;
  return o;
}

Napi::Object to_js(Napi::Env env, const CheckResult& r) {
  auto o = Napi::Object::New(env);
  o["outcome"] = Napi::Number::New(env, static_cast<u8>(r.outcome));
  o["rootPa"] = to_js(env, r.root_pa);
  o["pages"] = to_js(env, r.pages);
  o["counts"] = words(env, r.counts);
  o["outside"] = to_js(env, r.outside);
  o["rechecked"] = to_js(env, r.rechecked);
  o["tables"] = words(env, r.tables);
  o["beginNs"] = to_js(env, r.begin_ns);
  o["endNs"] = to_js(env, r.end_ns);
  o["sourceNs"] = words(env, r.source_ns);
  o["regionBegin"] = column64(env, r.regions, [](auto& x) { return x.begin; });
  o["regionEnd"] = column64(env, r.regions, [](auto& x) { return x.end; });
  auto counts = Napi::BigUint64Array::New(env, r.regions.size() * kVerdicts);
  auto buckets = Napi::Uint32Array::New(env, r.regions.size() * kBuckets * kVerdicts);
  for (size_t i = 0; i < r.regions.size(); i++) {
    std::memcpy(counts.Data() + i * kVerdicts, r.regions[i].counts.data(), sizeof r.regions[i].counts);
    std::memcpy(buckets.Data() + i * kBuckets * kVerdicts, r.regions[i].buckets.data(), sizeof r.regions[i].buckets);
  }
  o["regionCounts"] = counts;
  o["regionBuckets"] = buckets;
  return o;
}

Napi::Object to_js(Napi::Env env, const SearchBatch& b) {
  auto o = Napi::Object::New(env);
  o["done"] = to_js(env, b.done);
  o["total"] = to_js(env, b.total);
  o["address"] = column64(env, b.hits, [](auto& h) { return h.address; });
  o["pa"] = column64(env, b.hits, [](auto& h) { return h.pa; });
  o["knownFrom"] = column8(env, b.hits, [](auto& h) { return h.known_from; });
  o["knownTo"] = column8(env, b.hits, [](auto& h) { return h.known_to; });
  auto context = Napi::Uint8Array::New(env, b.hits.size() * Hit::kContext);
  for (size_t i = 0; i < b.hits.size(); i++)
    std::memcpy(context.Data() + i * Hit::kContext, b.hits[i].context.data(), Hit::kContext);
  o["context"] = context;
  o["waiting"] = b.waiting;
  return o;
}

Napi::Object to_js(Napi::Env env, const SearchResult& r) {
  auto o = Napi::Object::New(env);
  o["bytes"] = to_js(env, r.bytes);
  o["unreadable"] = to_js(env, r.unreadable);
  o["hits"] = to_js(env, r.hits);
  o["limited"] = Napi::Boolean::New(env, r.limited);
  o["gone"] = Napi::Boolean::New(env, r.gone);
  return o;
}

Napi::Error to_js(Napi::Env env, const Error& error) {
  auto e = Napi::Error::New(env, error.what());
  const char* name = error.code ? strerrorname_np(error.code) : nullptr;
  e.Set("code", Napi::String::New(env, name ? name : "ERROR"));
  e.Set("errno", Napi::Number::New(env, error.code));
  e.Set("call", Napi::String::New(env, error.call));
  e.Set("remedy", Napi::String::New(env, error.remedy));
  return e;
}

u64 u64_argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  bool lossless = false;
  u64 value =
      index < info.Length() && info[index].IsBigInt() ? info[index].As<Napi::BigInt>().Uint64Value(&lossless) : 0;
  if (!lossless) throw Napi::TypeError::New(info.Env(), std::string(name) + " must be a BigInt of 64 bits");
  return value;
}

int pid_argument(const Napi::CallbackInfo& info, size_t index) {
  double value = index < info.Length() && info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : 0;
  if (!(value >= 1 && value <= 0x7fffffff) || value != static_cast<int>(value))
    throw Napi::TypeError::New(info.Env(), "pid must be a whole number from 1 to 2147483647");
  return static_cast<int>(value);
}

std::vector<u8> bytes_argument(const Napi::CallbackInfo& info, size_t index, const char* name, size_t most) {
  bool fits = index < info.Length() && info[index].IsTypedArray() &&
              info[index].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array &&
              info[index].As<Napi::TypedArray>().ElementLength() <= most;
  if (!fits)
    throw Napi::TypeError::New(info.Env(),
                               std::string(name) + " must be a Uint8Array of at most " + std::to_string(most));
  auto array = info[index].As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

std::vector<std::string> strings_argument(const Napi::Object& object, const char* name) {
  Napi::Value value = object.Get(name);
  if (!value.IsArray()) throw Napi::TypeError::New(object.Env(), std::string(name) + " must be an array of strings");
  auto array = value.As<Napi::Array>();
  std::vector<std::string> list;
  for (u32 i = 0; i < array.Length(); i++) list.push_back(array.Get(i).ToString());
  return list;
}

std::vector<u64> u64s_argument(const Napi::CallbackInfo& info, size_t index, const char* name, size_t most) {
  bool fits = index < info.Length() && info[index].IsTypedArray() &&
              info[index].As<Napi::TypedArray>().TypedArrayType() == napi_biguint64_array &&
              info[index].As<Napi::TypedArray>().ElementLength() <= most;
  if (!fits)
    throw Napi::TypeError::New(info.Env(),
                               std::string(name) + " must be a BigUint64Array of at most " + std::to_string(most));
  auto array = info[index].As<Napi::BigUint64Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

}  // namespace cr3scope
