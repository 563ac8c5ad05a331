// SPDX-License-Identifier: GPL-2.0-only
// A value that leaves the core, field by field: a JavaScript object (binding/), or a MessagePack map (helper/). What
// the fields of each structure are is described once, in describe.cc, for both.
#pragma once
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "../core/words.h"

namespace cr3scope {

class Fields {
 public:
  virtual ~Fields() = default;

  virtual void null(const char* name) = 0;
  virtual void flag(const char* name, bool value) = 0;
  // Exact up to 2^53; whatever may be larger is a u64.
  virtual void number(const char* name, double value) = 0;
  virtual void u64_field(const char* name, u64 value) = 0;
  virtual void text(const char* name, std::string_view value) = 0;
  virtual void object(const char* name, const std::function<void(Fields&)>& describe) = 0;
  virtual void list(const char* name, size_t count, const std::function<void(Fields&, size_t)>& describe) = 0;
  virtual void texts(const char* name, size_t count, const std::function<std::string_view(size_t)>& get) = 0;
  // `width` is 1, 4 or 8 bytes. Returns where the `count` values go, perhaps not aligned; valid until the next call.
  virtual u8* column(const char* name, size_t width, size_t count) = 0;

  // One column of many records: `get` yields the value of one.
  template <class T, class Rows, class Get>
  void column_of(const char* name, const Rows& rows, Get get) {
    u8* to = column(name, sizeof(T), rows.size());
    for (const auto& row : rows) {
      const T value = static_cast<T>(get(row));
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    }
  }
  template <class Rows, class Get>
  void column8(const char* name, const Rows& rows, Get get) {
    column_of<u8>(name, rows, get);
  }
  template <class Rows, class Get>
  void column32(const char* name, const Rows& rows, Get get) {
    column_of<u32>(name, rows, get);
  }
  template <class Rows, class Get>
  void column64(const char* name, const Rows& rows, Get get) {
    column_of<u64>(name, rows, get);
  }
  template <class Rows>
  void words(const char* name, const Rows& values) {
    column64(name, values, [](u64 value) { return value; });
  }
  template <class Bytes>
  void bytes(const char* name, const Bytes& values) {
    u8* to = column(name, 1, values.size());
    if (values.size()) std::memcpy(to, values.data(), values.size());
  }
  template <class Rows, class Get>
  void texts_of(const char* name, const Rows& rows, Get get) {
    texts(name, rows.size(), [&](size_t i) -> std::string_view { return get(rows[i]); });
  }
  // A value for each source: `put(fields, name, source)` writes it.
  template <class Put>
  void by_source(const char* name, Put put) {
    object(name, [&](Fields& o) {
      for (size_t s = 0; s < kSources; s++) put(o, kSourceNames[s], static_cast<Source>(s));
    });
  }
  // The words of many records, a column for each source.
  template <class Rows>
  void word_columns(const char* name, const Rows& rows) {
    by_source(name, [&](Fields& o, const char* source_name, Source source) {
      o.column64(source_name, rows, [=](auto& row) { return row.words[source]; });
    });
  }
};

}  // namespace cr3scope
