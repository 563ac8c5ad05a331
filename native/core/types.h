// SPDX-License-Identifier: GPL-2.0-only
// Where the members of a kernel's structures are, by its BTF (Documentation/bpf/btf.rst), which libbpf reads. The BTF
// may come from an image, and lie.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "paging.h"

struct btf;

namespace cr3scope {

struct Member {
  u32 offset = 0, bytes = 0;
};

class Types {
 public:
  // None if these bytes are not the BTF of a kernel.
  static std::optional<Types> parse(const std::vector<u8>& bytes);

  // "task_struct.tasks", also within anonymous members; none where the kernel does not have it. A member of several
  // names is the first of them that it has.
  std::optional<Member> member(const char* path) const;
  template <class... More>
  std::optional<Member> member(const char* path, More... more) const {
    auto found = member(path);
    return found ? found : member(more...);
  }
  u32 size_of(const char* structure) const;  // 0 where the kernel does not have it
  // The value of an enumerator; none where the kernel does not have it.
  std::optional<u64> enumerator(const char* enumeration, const char* name) const;

  const btf* get() const { return btf_.get(); }
  // The id behind const, volatile and the like, typedefs not among them; 0 where that does not end.
  u32 unqualified(u32 id) const;
  u32 bytes_of(u32 id, unsigned depth = 0) const;  // 0 where it has no size

 private:
  explicit Types(std::shared_ptr<btf> types);
  std::optional<Member> find(u32 id, const char* path, unsigned depth) const;
  // Through typedefs and qualifiers; 0 where that does not end.
  u32 bare(u32 id) const;

  std::shared_ptr<btf> btf_;
  std::unordered_map<std::string, u32> structs_;  // by name: a kernel has 100 000 types
};

}  // namespace cr3scope
