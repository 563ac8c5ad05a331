// SPDX-License-Identifier: GPL-2.0-only
// What only tests call: pure parts of the core by themselves, and a Session whose frame reader gives wrong frames.
// Typed in test/addon.ts.
#include "../binding/session_class.h"
#include "../binding/values.h"
#include "../core/verdict.h"
#include "wrong_frames.h"

namespace cr3scope {

namespace {

// {levels, maxPhysBits, encryptionMask, version, migration, memoryFailure, devicePrivate, assumed?}
Paging paging_argument(const Napi::Value& value) {
  auto o = value.As<Napi::Object>();
  auto number = [&](const char* name) { return o.Get(name).ToNumber().Uint32Value(); };
  bool lossless;
  Paging p;
  p.levels = static_cast<u8>(number("levels"));
  p.max_phys_bits = static_cast<u8>(number("maxPhysBits"));
  p.encryption_mask = o.Get("encryptionMask").As<Napi::BigInt>().Uint64Value(&lossless);
  p.swap_pfn_bits = p.levels == 5 ? 40 : 34;
  p = swap_types(
      p, number("version"),
      {o.Get("migration").ToBoolean(), o.Get("memoryFailure").ToBoolean(), o.Get("devicePrivate").ToBoolean()});
  p.swap_types_known = !o.Get("assumed").ToBoolean();
  return p;
}

u64 u64_argument(const Napi::CallbackInfo& info, size_t index) {
  bool lossless = false;
  return info[index].As<Napi::BigInt>().Uint64Value(&lossless);
}

Napi::Value config_value(Napi::Env env, const std::optional<SwapConfig>& config) {
  if (!config) return env.Null();
  auto o = Napi::Object::New(env);
  o["migration"] = Napi::Boolean::New(env, config->migration);
  o["memoryFailure"] = Napi::Boolean::New(env, config->memory_failure);
  o["devicePrivate"] = Napi::Boolean::New(env, config->device_private);
  return o;
}

// decode(raw, level, facts, kernelHalf): the decoder, for the corpus that C++ and TypeScript share.
Napi::Value decode_entry(const Napi::CallbackInfo& info) {
  Half half = info[3].ToBoolean() ? Half::kernel : Half::user;
  return to_js(info.Env(),
               decode(u64_argument(info, 0), info[1].ToNumber().Uint32Value(), paging_argument(info[2]), half));
}

// access(entry: BigUint64Array(6) by level, last, levels): Path::access(), for the same reason.
Napi::Value access_of(const Napi::CallbackInfo& info) {
  auto entry = info[0].As<Napi::BigUint64Array>();
  Path path;
  path.last = static_cast<u8>(info[1].ToNumber().Uint32Value());
  unsigned levels = info[2].ToNumber().Uint32Value();
  for (unsigned level = path.last; level && level <= levels && level < path.entry.size(); level++) {
    path.table[level] = kPageSize;
    path.entry[level] = level < entry.ElementLength() ? entry[level] : 0;
  }
  if (path.last >= path.entry.size()) throw Napi::RangeError::New(info.Env(), "last is not a level");
  return Napi::Number::New(info.Env(), path.access());
}

// judge(words by source, level, page, facts, zeroPfn, hugeZeroPage) -> {verdict, note}: of page `page` of the
// entry, counted from its first.
Napi::Value judge_page(const Napi::CallbackInfo& info) {
  auto given = info[0].As<Napi::Object>();
  bool lossless;
  Words words;
  for (size_t s = 0; s < kSources; s++)
    if (auto word = given.Get(kSourceNames[s]); !word.IsUndefined())
      words.raw[s] = word.As<Napi::BigInt>().Uint64Value(&lossless);
  const u64 page = info[2].ToNumber().Uint32Value();
  Entry entry = decode(words.entry(), info[1].ToNumber().Uint32Value(), paging_argument(info[3]));
  if (entry.kind != EntryKind::marker) entry.swap_offset += page;
  Judgement j = judge(words, entry, entry.pfn + page, {u64_argument(info, 4), info[5].ToBoolean()});
  auto o = Napi::Object::New(info.Env());
  o["verdict"] = Napi::Number::New(info.Env(), static_cast<u8>(j.verdict));
  o["note"] = Napi::Number::New(info.Env(), static_cast<u8>(j.note));
  return o;
}

// swapConfig(version, swapFiles) -> {migration, memoryFailure, devicePrivate}, or null where none fits
Napi::Value swap_config_of(const Napi::CallbackInfo& info) {
  return config_value(info.Env(), swap_config(info[0].ToNumber().Uint32Value(), info[1].ToNumber().Uint32Value()));
}

// swapConfigByBtf(version) -> as swapConfig(), of the running kernel
Napi::Value swap_config_from_btf(const Napi::CallbackInfo& info) {
  std::string from;
  return config_value(info.Env(), swap_config_by_btf(info[0].ToNumber().Uint32Value(), from));
}

// leftOutByPagemap(raw, level, facts, vmFlags) -> note
Napi::Value left_out(const Napi::CallbackInfo& info) {
  Entry entry = decode(u64_argument(info, 0), info[1].ToNumber().Uint32Value(), paging_argument(info[2]));
  return Napi::Number::New(info.Env(), static_cast<u8>(left_out_by_pagemap(entry, info[3].ToString())));
}

std::unique_ptr<FrameReader> wrong_frames(const Target& target, FrameReader& truth, Roots& roots) {
  return std::make_unique<WrongFrames>(target, truth, roots);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["Session"] = define_session(env, wrong_frames);
  exports["decode"] = Napi::Function::New<decode_entry>(env, "decode");
  exports["access"] = Napi::Function::New<access_of>(env, "access");
  exports["judge"] = Napi::Function::New<judge_page>(env, "judge");
  exports["swapConfig"] = Napi::Function::New<swap_config_of>(env, "swapConfig");
  exports["swapConfigByBtf"] = Napi::Function::New<swap_config_from_btf>(env, "swapConfigByBtf");
  exports["leftOutByPagemap"] = Napi::Function::New<left_out>(env, "leftOutByPagemap");
  return exports;
}

}  // namespace

NODE_API_MODULE(cr3scope_test, init)

}  // namespace cr3scope
