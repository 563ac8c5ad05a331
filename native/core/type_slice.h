// SPDX-License-Identifier: GPL-2.0-only
// A type of the kernel and all that it consists of, for whoever lays it over bytes. What a pointer points to is only
// named.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "types.h"

namespace cr3scope {

// The order is that of TYPE_KINDS in app/contract/types.ts.
enum class TypeKind : u8 { none, integer, floating, pointer, array, structure, unions, enumeration, alias, other };

struct SlicedType {
  u32 id = 0;
  TypeKind kind = TypeKind::none;
  u32 bytes = 0;     // 0 where it has no size
  u32 of = 0;        // of a pointer, array or alias: the id of the type behind it
  u32 count = 0;     // elements of an array
  u8 encoding = 0;   // of an integer: 1 signed, 2 a character, 4 a truth value
  std::string name;  // "" where it has none
};

struct SlicedMember {
  u32 owner = 0;  // id of the structure or union
  u32 type = 0;
  u64 bit = 0;   // where it begins
  u32 bits = 0;  // of a bit field; 0 otherwise
  std::string name;
};

struct SlicedValue {
  u32 owner = 0;  // id of the enumeration
  u64 value = 0;  // sign-extended
  std::string name;
};

struct TypeSlice {
  std::vector<SlicedType> types;  // the one that was asked for first; empty where there is no such type
  std::vector<SlicedMember> members;
  std::vector<SlicedValue> values;
};

// `name` as in C: "struct page", "union u", "enum zone_type", "pte_t", "long unsigned int". Throws Error if the type
// has more parts than a structure of a kernel can have.
TypeSlice slice_types(const Types& types, std::string_view name);

// Names of types that begin with `start`, with or without "struct", "union" or "enum" before it, at most `most` of
// them.
std::vector<std::string> type_names(const Types& types, std::string_view start, size_t most);

}  // namespace cr3scope
