// SPDX-License-Identifier: GPL-2.0-only
// Between C++ and JavaScript values. u64s cross as BigInt or BigUint64Array, never as number.
#pragma once
#include <napi.h>

#include "../calls/arguments.h"
#include "../calls/describe.h"

namespace cr3scope {

// Writes fields into a JavaScript object.
class JsFields final : public Fields {
 public:
  explicit JsFields(Napi::Object object) : env_(object.Env()), object_(object) {}

  void null(const char* name) override { object_[name] = env_.Null(); }
  void flag(const char* name, bool value) override { object_[name] = Napi::Boolean::New(env_, value); }
  void number(const char* name, double value) override { object_[name] = Napi::Number::New(env_, value); }
  void u64_field(const char* name, u64 value) override {
    object_[name] = Napi::BigInt::New(env_, static_cast<uint64_t>(value));
  }
  void text(const char* name, std::string_view value) override { object_[name] = string(value); }
  void object(const char* name, const std::function<void(Fields&)>& describe) override {
    JsFields inner(Napi::Object::New(env_));
    describe(inner);
    object_[name] = inner.object_;
  }
  void list(const char* name, size_t count, const std::function<void(Fields&, size_t)>& describe) override {
    auto array = Napi::Array::New(env_, count);
    for (size_t i = 0; i < count; i++) {
      // Batches of events are many objects: their handles go at once.
      Napi::HandleScope scope(env_);
      JsFields inner(Napi::Object::New(env_));
      describe(inner, i);
      array[static_cast<uint32_t>(i)] = inner.object_;
    }
    object_[name] = array;
  }
  void texts(const char* name, size_t count, const std::function<std::string_view(size_t)>& get) override {
    auto array = Napi::Array::New(env_, count);
    for (size_t i = 0; i < count; i++) {
      Napi::HandleScope scope(env_);
      array[static_cast<uint32_t>(i)] = string(get(i));
    }
    object_[name] = array;
  }
  u8* column(const char* name, size_t width, size_t count) override {
    auto buffer = Napi::ArrayBuffer::New(env_, width * count);
    if (width == 8) object_[name] = Napi::BigUint64Array::New(env_, count, buffer, 0);
    else if (width == 4) object_[name] = Napi::Uint32Array::New(env_, count, buffer, 0);
    else object_[name] = Napi::Uint8Array::New(env_, count, buffer, 0);
    return static_cast<u8*>(buffer.Data());
  }

 private:
  // As a napi_value: to assign a Napi::String makes a std::string of it, and a string of that again.
  napi_value string(std::string_view text) const { return Napi::String::New(env_, text.data(), text.size()); }

  Napi::Env env_;
  Napi::Object object_;
};

template <class T>
Napi::Object to_js(Napi::Env env, const T& value) {
  auto o = Napi::Object::New(env);
  JsFields fields(o);
  describe(fields, value);
  return o;
}
inline Napi::Object to_js(Napi::Env env, const std::function<void(Fields&)>& describe) {
  auto o = Napi::Object::New(env);
  JsFields fields(o);
  describe(fields);
  return o;
}
// An Error object with code ("ESRCH"), errno, call and remedy.
inline Napi::Error to_js(Napi::Env env, const Error& error) {
  auto e = Napi::Error::New(env, error.what());
  JsFields fields(e.Value());
  describe(fields, error);
  return e;
}

// An array of arguments.
class JsArguments final : public Arguments {
 public:
  explicit JsArguments(Napi::Array array) : array_(array) {}

 private:
  bool read_flag(size_t i) const override { return at(i).ToBoolean(); }
  bool read_u64(size_t i, u64& value) const override {
    bool lossless = false;
    if (at(i).IsBigInt()) value = at(i).As<Napi::BigInt>().Uint64Value(&lossless);
    return lossless;
  }
  bool read_number(size_t i, double& value) const override {
    if (!at(i).IsNumber()) return false;
    value = at(i).As<Napi::Number>().DoubleValue();
    return true;
  }
  bool read_bytes(size_t i, size_t most, std::vector<u8>& list) const override {
    return read_column<u8>(i, napi_uint8_array, most, list);
  }
  bool read_u64s(size_t i, size_t most, std::vector<u64>& list) const override {
    return read_column<u64>(i, napi_biguint64_array, most, list);
  }

  template <class T>
  bool read_column(size_t i, napi_typedarray_type type, size_t most, std::vector<T>& list) const {
    if (!at(i).IsTypedArray()) return false;
    auto array = at(i).As<Napi::TypedArray>();
    if (array.TypedArrayType() != type || array.ElementLength() > most) return false;
    const auto* first =
        reinterpret_cast<const T*>(static_cast<const u8*>(array.ArrayBuffer().Data()) + array.ByteOffset());
    list.assign(first, first + array.ElementLength());
    return true;
  }
  Napi::Value at(size_t i) const { return array_.Get(static_cast<uint32_t>(i)); }

  Napi::Array array_;
};

}  // namespace cr3scope
