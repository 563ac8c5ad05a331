// SPDX-License-Identifier: GPL-2.0-only
#include "type_slice.h"

#include <bpf/btf.h>

#include <algorithm>
#include <unordered_set>

#include "error.h"

namespace cr3scope {

namespace {

// task_struct has some 500 parts with 4000 members.
constexpr size_t kMostTypes = 1 << 14, kMostMembers = 1 << 17;

const char* text_at(const btf* types, u32 offset) {
  const char* name = btf__name_by_offset(types, offset);
  return name ? name : "";
}

const char* keyword_of(const btf_type* type) {
  if (btf_is_struct(type)) return "struct ";
  if (btf_is_union(type)) return "union ";
  return btf_is_any_enum(type) ? "enum " : "";
}

// Whether a type can be asked for by its name.
bool is_named(const btf_type* type) {
  return type->name_off && (btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type) ||
                            btf_is_int(type) || btf_is_float(type));
}

TypeKind kind_of(const btf_type* type) {
  if (btf_is_int(type)) return TypeKind::integer;
  if (btf_is_float(type)) return TypeKind::floating;
  if (btf_is_ptr(type)) return TypeKind::pointer;
  if (btf_is_array(type)) return TypeKind::array;
  if (btf_is_struct(type)) return TypeKind::structure;
  if (btf_is_union(type)) return TypeKind::unions;
  if (btf_is_any_enum(type)) return TypeKind::enumeration;
  return btf_is_typedef(type) ? TypeKind::alias : TypeKind::other;
}

class Slicer {
 public:
  explicit Slicer(const Types& types) : types_(types), btf_(types.get()) {}

  TypeSlice slice(u32 root) {
    need(root);
    for (size_t at = 0; at < waiting_.size(); at++) add(waiting_[at]);
    return std::move(slice_);
  }

 private:
  // Has a type added later, once; returns the id without qualifiers, 0 for void.
  u32 need(u32 id) {
    id = types_.unqualified(id);
    if (id && seen_.insert(id).second) waiting_.push_back(id);
    if (seen_.size() > kMostTypes || slice_.members.size() > kMostMembers)
      throw Error("lay out a type with more than " + std::to_string(kMostTypes) + " parts", EFBIG,
                  "Name a smaller type.");
    return id;
  }

  void add(u32 id) {
    const btf_type* type = btf__type_by_id(btf_, id);
    if (!type) return;
    SlicedType one{id, kind_of(type), types_.bytes_of(id), 0, 0, 0, text_at(btf_, type->name_off)};
    if (btf_is_int(type)) {
      one.encoding = btf_int_encoding(type);
    } else if (btf_is_ptr(type)) {
      name_target(one, type->type);
    } else if (btf_is_array(type)) {
      one.of = need(btf_array(type)->type);
      one.count = btf_array(type)->nelems;
    } else if (btf_is_typedef(type)) {
      one.of = need(type->type);
    } else if (btf_is_composite(type)) {
      const btf_member* members = btf_members(type);
      for (u32 i = 0; i < btf_vlen(type); i++)
        slice_.members.push_back({id, need(members[i].type), btf_member_bit_offset(type, i),
                                  btf_member_bitfield_size(type, i), text_at(btf_, members[i].name_off)});
    } else if (btf_is_enum(type)) {
      for (u32 i = 0; i < btf_vlen(type); i++) {
        const auto& value = btf_enum(type)[i];
        slice_.values.push_back({id, static_cast<u64>(int64_t{value.val}), text_at(btf_, value.name_off)});
      }
    } else if (btf_is_enum64(type)) {
      for (u32 i = 0; i < btf_vlen(type); i++) {
        const auto& value = btf_enum64(type)[i];
        slice_.values.push_back({id, btf_enum64_value(&value), text_at(btf_, value.name_off)});
      }
    }
    slice_.types.push_back(std::move(one));
  }

  // A pointer carries the name of what it points to, and no layout of it.
  void name_target(SlicedType& pointer, u32 target) {
    const btf_type* type = btf__type_by_id(btf_, types_.unqualified(target));
    if (!type || !types_.unqualified(target)) pointer.name = "void *";
    else if (btf_is_func_proto(type)) pointer.name = "function *";
    else if (btf_is_ptr(type)) pointer.name = "void **";
    else if (!type->name_off) pointer.name = "anonymous *";
    else if (btf_is_fwd(type))
      pointer.name = std::string(btf_kflag(type) ? "union " : "struct ") + text_at(btf_, type->name_off) + " *";
    else pointer.name = keyword_of(type) + std::string(text_at(btf_, type->name_off)) + " *";
  }

  const Types& types_;
  const btf* btf_;
  TypeSlice slice_;
  std::unordered_set<u32> seen_;
  std::vector<u32> waiting_;
};

}  // namespace

TypeSlice slice_types(const Types& types, std::string_view name) {
  const btf* all = types.get();
  for (u32 id = 1; id < btf__type_cnt(all); id++) {
    const btf_type* type = btf__type_by_id(all, id);
    if (!type || !is_named(type)) continue;
    const std::string_view keyword = keyword_of(type);
    if (name.starts_with(keyword) && name.substr(keyword.size()) == text_at(all, type->name_off))
      return Slicer(types).slice(id);
  }
  return {};
}

std::vector<std::string> type_names(const Types& types, std::string_view start, size_t most) {
  const btf* all = types.get();
  std::vector<std::string> names;
  for (u32 id = 1; id < btf__type_cnt(all); id++) {
    const btf_type* type = btf__type_by_id(all, id);
    if (!type || !is_named(type)) continue;
    const std::string_view name = text_at(all, type->name_off);
    std::string whole = keyword_of(type) + std::string(name);
    if (name.starts_with(start) || whole.starts_with(start)) names.push_back(std::move(whole));
  }
  // The shortest are the likeliest.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > most) names.resize(most);
  return names;
}

}  // namespace cr3scope
