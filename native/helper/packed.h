// SPDX-License-Identifier: GPL-2.0-only
// Between C++ values and MessagePack as app/contract/msgpack.ts has it: columns of 64 and 32 bits are extensions 1 and
// 2, columns of bytes are binary, and a u64 always takes eight bytes.
#pragma once
#include <msgpack.hpp>

#include "../calls/arguments.h"
#include "../calls/fields.h"

namespace cr3scope {

constexpr int8_t kColumn64 = 1, kColumn32 = 2;

// What is packed so far.
class Bytes {
 public:
  void write(const char* data, size_t size) { bytes_.insert(bytes_.end(), data, data + size); }
  // Room for that many bytes, to be filled before the next call.
  char* grow(size_t size) {
    bytes_.resize(bytes_.size() + size);
    return bytes_.data() + bytes_.size() - size;
  }
  char* data() { return bytes_.data(); }
  const char* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }

 private:
  std::vector<char> bytes_;
};
using Packer = msgpack::packer<Bytes>;

// Writes fields as one map, whose size is known when this object goes.
class PackedFields final : public Fields {
 public:
  explicit PackedFields(Bytes& to) : to_(to), pack_(to), head_(to.size()) { to.grow(kHead)[0] = kMap32; }
  ~PackedFields() override {
    for (size_t i = 0; i < 4; i++) to_.data()[head_ + kHead - 1 - i] = static_cast<char>(count_ >> 8 * i);
  }
  PackedFields(const PackedFields&) = delete;

  void null(const char* name) override {
    key(name);
    pack_.pack_nil();
  }
  void flag(const char* name, bool value) override {
    key(name);
    value ? pack_.pack_true() : pack_.pack_false();
  }
  void number(const char* name, double value) override {
    key(name);
    if (value == static_cast<int32_t>(value)) pack_.pack(static_cast<int32_t>(value));
    else pack_.pack(value);
  }
  void u64_field(const char* name, u64 value) override {
    key(name);
    pack_.pack_fix_uint64(value);
  }
  void text(const char* name, std::string_view value) override {
    key(name);
    pack_.pack(value);
  }
  void object(const char* name, const std::function<void(Fields&)>& describe) override {
    key(name);
    PackedFields inner(to_);
    describe(inner);
  }
  void list(const char* name, size_t count, const std::function<void(Fields&, size_t)>& describe) override {
    key(name);
    pack_.pack_array(static_cast<uint32_t>(count));
    for (size_t i = 0; i < count; i++) {
      PackedFields inner(to_);
      describe(inner, i);
    }
  }
  void texts(const char* name, size_t count, const std::function<std::string_view(size_t)>& get) override {
    key(name);
    pack_.pack_array(static_cast<uint32_t>(count));
    for (size_t i = 0; i < count; i++) pack_.pack(get(i));
  }
  u8* column(const char* name, size_t width, size_t count) override {
    key(name);
    const size_t size = width * count;
    if (width == 1) pack_.pack_bin(static_cast<uint32_t>(size));
    else pack_.pack_ext(size, width == 8 ? kColumn64 : kColumn32);
    return reinterpret_cast<u8*>(to_.grow(size));
  }

 private:
  static constexpr size_t kHead = 5;
  static constexpr char kMap32 = static_cast<char>(0xdf);

  void key(const char* name) {
    count_++;
    pack_.pack(name);
  }

  Bytes& to_;
  Packer pack_;
  size_t head_;
  uint32_t count_ = 0;
};

// The elements of an array.
class PackedArguments final : public Arguments {
 public:
  explicit PackedArguments(const msgpack::object_array& array) : array_(array) {}

 private:
  bool read_flag(size_t i) const override {
    const msgpack::object* o = at(i);
    return o && o->type == msgpack::type::BOOLEAN && o->via.boolean;
  }
  bool read_u64(size_t i, u64& value) const override {
    const msgpack::object* o = at(i);
    if (!o || o->type != msgpack::type::POSITIVE_INTEGER) return false;
    value = o->via.u64;
    return true;
  }
  bool read_number(size_t i, double& value) const override {
    const msgpack::object* o = at(i);
    if (!o || o->type != msgpack::type::POSITIVE_INTEGER) return false;
    value = static_cast<double>(o->via.u64);
    return true;
  }
  bool read_bytes(size_t i, size_t most, std::vector<u8>& list) const override {
    const msgpack::object* o = at(i);
    if (!o || o->type != msgpack::type::BIN || o->via.bin.size > most) return false;
    list.assign(o->via.bin.ptr, o->via.bin.ptr + o->via.bin.size);
    return true;
  }
  bool read_u64s(size_t i, size_t most, std::vector<u64>& list) const override {
    const msgpack::object* o = at(i);
    if (!o || o->type != msgpack::type::EXT || o->via.ext.type() != kColumn64) return false;
    const size_t size = o->via.ext.size;
    if (size % sizeof(u64) || size / sizeof(u64) > most) return false;
    list.resize(size / sizeof(u64));
    if (size) std::memcpy(list.data(), o->via.ext.data(), size);
    return true;
  }
  const msgpack::object* at(size_t i) const { return i < array_.size ? array_.ptr + i : nullptr; }

  const msgpack::object_array& array_;
};

}  // namespace cr3scope
