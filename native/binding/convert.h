// SPDX-License-Identifier: GPL-2.0-only
// Between C++ and JavaScript values. u64s cross as BigInt or BigUint64Array, never as number.
#pragma once
#include <napi.h>

#include <cstring>
#include <string>
#include <vector>

#include "../core/byte_proof.h"
#include "../core/check.h"
#include "../core/error.h"
#include "../core/memory_map.h"
#include "../core/page_rows.h"
#include "../core/processes.h"
#include "../core/reverse_map.h"
#include "../core/search.h"
#include "../core/table_tree.h"
#include "../core/trace_machine.h"
#include "../core/watch.h"

namespace cr3scope {

inline Napi::Value to_js(Napi::Env env, u64 value) { return Napi::BigInt::New(env, static_cast<uint64_t>(value)); }

// One column of many records: `get` yields a u64 or a u8 of each.
template <class T, class Get>
Napi::Value column64(Napi::Env env, const std::vector<T>& rows, Get get) {
  auto array = Napi::BigUint64Array::New(env, rows.size());
  for (size_t i = 0; i < rows.size(); i++) array[i] = get(rows[i]);
  return array;
}
template <class T, class Get>
Napi::Value column8(Napi::Env env, const std::vector<T>& rows, Get get) {
  auto array = Napi::Uint8Array::New(env, rows.size());
  for (size_t i = 0; i < rows.size(); i++) array[i] = static_cast<u8>(get(rows[i]));
  return array;
}
template <class T, class Get>
Napi::Value column32(Napi::Env env, const std::vector<T>& rows, Get get) {
  auto array = Napi::Uint32Array::New(env, rows.size());
  for (size_t i = 0; i < rows.size(); i++) array[i] = static_cast<u32>(get(rows[i]));
  return array;
}
template <class T, class Get>
Napi::Value strings(Napi::Env env, const std::vector<T>& rows, Get get) {
  auto array = Napi::Array::New(env, rows.size());
  for (size_t i = 0; i < rows.size(); i++) array[static_cast<u32>(i)] = Napi::String::New(env, get(rows[i]));
  return array;
}
template <size_t N>
Napi::Value words(Napi::Env env, const std::array<u64, N>& values) {
  auto array = Napi::BigUint64Array::New(env, N);
  for (size_t i = 0; i < N; i++) array[i] = values[i];
  return array;
}

// An object with a value for each source, by name.
template <class Get>
Napi::Object by_source(Napi::Env env, Get get) {
  auto o = Napi::Object::New(env);
  for (size_t s = 0; s < kSources; s++) o[kSourceFacts[s].name] = get(static_cast<Source>(s));
  return o;
}
// The words of many records, a column for each source.
template <class T>
Napi::Object word_columns(Napi::Env env, const std::vector<T>& rows) {
  return by_source(env,
                   [&](Source source) { return column64(env, rows, [=](auto& row) { return row.words[source]; }); });
}

Napi::Object to_js(Napi::Env env, const Words& words);
Napi::Object to_js(Napi::Env env, const Entry& entry);
Napi::Object to_js(Napi::Env env, const Path& path);
Napi::Object to_js(Napi::Env env, const KernelPath& path);
Napi::Object to_js(Napi::Env env, const std::vector<CpuState>& cpus);
Napi::Object to_js(Napi::Env env, const Target& target);
Napi::Object to_js(Napi::Env env, const std::vector<PageRow>& rows);
Napi::Object to_js(Napi::Env env, const std::vector<Region>& regions);
Napi::Object to_js(Napi::Env env, const std::vector<ProcessRow>& processes);
Napi::Object to_js(Napi::Env env, const CheckBatch& batch);
Napi::Object to_js(Napi::Env env, const CheckResult& result);
Napi::Object to_js(Napi::Env env, const SearchBatch& batch);
Napi::Object to_js(Napi::Env env, const SearchResult& result);
Napi::Object to_js(Napi::Env env, const std::vector<RootRecord>& roots);
Napi::Object to_js(Napi::Env env, const std::vector<Owner>& owners);
Napi::Object to_js(Napi::Env env, const TableTree& tree);
Napi::Object to_js(Napi::Env env, const MemoryMap& map);
Napi::Object to_js(Napi::Env env, const ByteProof& proof);
Napi::Object to_js(Napi::Env env, const std::vector<cause_record>& records);
Napi::Object to_js(Napi::Env env, const WatchBatch& batch);
Napi::Array to_js(Napi::Env env, const TraceEvents& event);

// An Error object with code ("ESRCH"), errno, call and remedy.
Napi::Error to_js(Napi::Env env, const Error& error);

// Arguments; they throw a TypeError that names the argument.
u64 u64_argument(const Napi::CallbackInfo& info, size_t index, const char* name);
int pid_argument(const Napi::CallbackInfo& info, size_t index);
std::vector<u8> bytes_argument(const Napi::CallbackInfo& info, size_t index, const char* name, size_t most);
std::vector<std::string> strings_argument(const Napi::Object& object, const char* name);
std::vector<u64> u64s_argument(const Napi::CallbackInfo& info, size_t index, const char* name, size_t most);

}  // namespace cr3scope
