// SPDX-License-Identifier: GPL-2.0-only
#include "types.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cstring>
#include <mutex>

namespace cr3scope {

namespace {

constexpr unsigned kDeepest = 16;  // qualifiers, members within members

const char* name_of(const btf* types, u32 offset) {
  const char* name = btf__name_by_offset(types, offset);
  return name ? name : "";
}

}  // namespace

Types::Types(std::shared_ptr<btf> types) : btf_(std::move(types)) {
  for (u32 id = 1; id < btf__type_cnt(btf_.get()); id++)
    if (const btf_type* type = btf__type_by_id(btf_.get(), id); btf_is_struct(type))
      structs_.emplace(name_of(btf_.get(), type->name_off), id);
}

std::optional<Types> Types::parse(const std::vector<u8>& bytes) {
  // libbpf would say on stderr what is wrong with it.
  static std::once_flag quiet;
  std::call_once(quiet, [] { libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; }); });
  if (bytes.size() > UINT32_MAX) return std::nullopt;
  btf* parsed = btf__new(bytes.data(), static_cast<u32>(bytes.size()));
  if (!parsed || libbpf_get_error(parsed)) return std::nullopt;
  Types types{std::shared_ptr<btf>(parsed, btf__free)};
  if (!types.member("task_struct.mm") || !types.member("mm_struct.pgd")) return std::nullopt;
  return types;
}

u32 Types::bare(u32 id) const {
  for (unsigned depth = 0; depth < kDeepest; depth++) {
    const btf_type* type = btf__type_by_id(btf_.get(), id);
    if (!type) return 0;
    if (!btf_is_mod(type) && !btf_is_typedef(type) && !btf_is_type_tag(type)) return id;
    id = type->type;
  }
  return 0;
}

u32 Types::unqualified(u32 id) const {
  for (unsigned depth = 0; depth < kDeepest; depth++) {
    const btf_type* type = btf__type_by_id(btf_.get(), id);
    if (!type) return 0;
    if (!(btf_is_mod(type) && !btf_is_typedef(type)) && !btf_is_type_tag(type)) return id;
    id = type->type;
  }
  return 0;
}

u32 Types::bytes_of(u32 id, unsigned depth) const {
  id = bare(id);
  const btf_type* type = id ? btf__type_by_id(btf_.get(), id) : nullptr;
  if (!type || depth > kDeepest) return 0;
  if (btf_is_ptr(type)) return 8;
  if (btf_is_array(type)) {
    const struct btf_array* array = ::btf_array(type);
    const u64 bytes = u64{array->nelems} * bytes_of(array->type, depth + 1);
    return bytes > UINT32_MAX ? 0 : static_cast<u32>(bytes);
  }
  return btf_is_int(type) || btf_is_float(type) || btf_is_composite(type) || btf_is_any_enum(type) ? type->size : 0;
}

std::optional<Member> Types::find(u32 id, const char* path, unsigned depth) const {
  id = bare(id);
  const btf_type* type = id ? btf__type_by_id(btf_.get(), id) : nullptr;
  if (!type || !btf_is_composite(type) || depth > kDeepest) return std::nullopt;
  const char* rest = std::strchr(path, '.');
  const std::string_view name(path, rest ? static_cast<size_t>(rest - path) : std::strlen(path));
  const btf_member* members = btf_members(type);
  for (u32 i = 0; i < btf_vlen(type); i++) {
    const u32 bits = btf_member_bit_offset(type, i);
    const char* own = name_of(btf_.get(), members[i].name_off);
    std::optional<Member> found;
    if (name == own) {
      if (!rest) found = Member{0, bytes_of(members[i].type)};
      else found = find(members[i].type, rest + 1, depth + 1);
    } else if (!*own) {
      found = find(members[i].type, path, depth + 1);
    }
    if (found) return Member{found->offset + bits / 8, found->bytes};
  }
  return std::nullopt;
}

std::optional<Member> Types::member(const char* path) const {
  const char* dot = std::strchr(path, '.');
  const std::string structure(path, static_cast<size_t>(dot - path));
  const auto id = structs_.find(structure);
  return id == structs_.end() ? std::nullopt : find(id->second, dot + 1, 0);
}

u32 Types::size_of(const char* structure) const {
  const auto id = structs_.find(structure);
  return id == structs_.end() ? 0 : bytes_of(id->second);
}

std::optional<u64> Types::enumerator(const char* enumeration, const char* name) const {
  const int id = btf__find_by_name_kind(btf_.get(), enumeration, BTF_KIND_ENUM);
  const btf_type* type = id > 0 ? btf__type_by_id(btf_.get(), static_cast<u32>(id)) : nullptr;
  if (!type) return std::nullopt;
  const struct btf_enum* values = ::btf_enum(type);
  for (u32 i = 0; i < btf_vlen(type); i++)
    if (!std::strcmp(name_of(btf_.get(), values[i].name_off), name)) return static_cast<u64>(values[i].val);
  return std::nullopt;
}

}  // namespace cr3scope
