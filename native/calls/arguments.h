// SPDX-License-Identifier: GPL-2.0-only
// The arguments of a call, by position, as they came from JavaScript or from the helper's peer. Whoever sends them is
// not trusted. A missing argument is what it would be where it is left out: false, or not acceptable.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "../core/paging.h"

namespace cr3scope {

// Names the argument and what it must be.
class BadArgument : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

class Arguments {
 public:
  virtual ~Arguments() = default;

  bool flag(size_t i) const { return read_flag(i); }
  u64 u64_at(size_t i, const char* name) const {
    u64 value;
    if (!read_u64(i, value)) throw BadArgument(std::string(name) + " must be a BigInt of 64 bits");
    return value;
  }
  // A whole number from `least` to `most`.
  u32 number(size_t i, const char* name, u32 least, u32 most) const {
    double value;
    if (!read_number(i, value) || !(value >= least && value <= most) || value != static_cast<u32>(value))
      throw BadArgument(std::string(name) + " must be a whole number from " + std::to_string(least) + " to " +
                        std::to_string(most));
    return static_cast<u32>(value);
  }
  int pid(size_t i) const { return static_cast<int>(number(i, "pid", 1, 0x7fffffff)); }
  std::vector<u8> bytes(size_t i, const char* name, size_t most) const {
    std::vector<u8> list;
    if (!read_bytes(i, most, list))
      throw BadArgument(std::string(name) + " must be a Uint8Array of at most " + std::to_string(most));
    return list;
  }
  std::vector<u64> u64s(size_t i, const char* name, size_t most) const {
    std::vector<u64> list;
    if (!read_u64s(i, most, list))
      throw BadArgument(std::string(name) + " must be a BigUint64Array of at most " + std::to_string(most));
    return list;
  }

 protected:
  // False where the argument is missing or of another type; of columns also where it is longer than `most`.
  virtual bool read_flag(size_t i) const = 0;
  virtual bool read_u64(size_t i, u64& value) const = 0;
  virtual bool read_number(size_t i, double& value) const = 0;
  virtual bool read_bytes(size_t i, size_t most, std::vector<u8>& list) const = 0;
  virtual bool read_u64s(size_t i, size_t most, std::vector<u64>& list) const = 0;
};

}  // namespace cr3scope
