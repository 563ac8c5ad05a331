// SPDX-License-Identifier: GPL-2.0-only
// kallsyms in memory (scripts/kallsyms.c, kernel/kallsyms.c).
#include <algorithm>

#include "symbols.h"

namespace cr3scope {

namespace {

constexpr u32 kMostSymbols = 1 << 23, kAtOnce = 256;  // names between two markers
constexpr u64 kLongestName = 512, kWord = 8;

constexpr u64 aligned(u64 n) { return (n + kWord - 1) & ~(kWord - 1); }

// Addresses of the tables.
struct Tables {
  u64 names, offsets, base, token_table, token_index;
  u32 count;
  const char* from;
};

// Reads bytes one after the other.
class Stream {
 public:
  Stream(KernelMemory& memory, u64 va) : memory_(memory), va_(va) {}
  std::optional<u8> next() {
    if (at_ == have_) {
      have_ = kPageSize - (va_ & (kPageSize - 1));
      at_ = 0;
      if (!memory_.read(va_, bytes_, have_)) return std::nullopt;
      va_ += have_;
    }
    return bytes_[at_++];
  }

 private:
  KernelMemory& memory_;
  u64 va_;
  size_t at_ = 0, have_ = 0;
  u8 bytes_[kPageSize];
};

// Since 6.0 VMCOREINFO names the tables.
std::optional<Tables> by_vmcoreinfo(KernelMemory& memory, const VmcoreInfo& info) {
  const auto names = info.symbol("kallsyms_names"), count = info.symbol("kallsyms_num_syms"),
             token_table = info.symbol("kallsyms_token_table"), token_index = info.symbol("kallsyms_token_index"),
             offsets = info.symbol("kallsyms_offsets");
  if (!names || !count || !token_table || !token_index || !offsets) return std::nullopt;
  return Tables{*names,       *offsets,     info.symbol("kallsyms_relative_base").value_or(0),
                *token_table, *token_index, memory.value<u32>(*count).value_or(0),
                "VMCOREINFO"};
}

// Whether the lengths of so many names lead from each marker to the next one.
bool fits(KernelMemory& memory, u64 names, u32 count, const std::vector<u32>& markers) {
  Stream stream(memory, names);
  u64 at = 0;
  for (u32 i = 0; i < count; i++) {
    if (i % kAtOnce == 0 && markers[i / kAtOnce] != at) return false;
    const auto length = stream.next();
    if (!length) return false;
    for (u8 k = 0; k < *length; k++) stream.next();
    at += *length + 1u;
  }
  return true;
}

// Before 6.0: the tables follow each other, each aligned to a word: offsets, base, count, names, markers, tokens, index
// of tokens. The tokens of the digits are the digits themselves, which tells where they are.
std::optional<Tables> by_scan(KernelMemory& memory, const Image& image, Places& places, u64 phys_base) {
  const std::string digits("0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0", 20);
  std::optional<Tables> found;
  scan(image, places, digits, [&](u64 pa) {
    const u64 zero = pa - phys_base + kKernelMap;
    if (memory.physical(zero) != std::optional(pa)) return false;
    // Back over the tokens before it.
    u64 first = zero;
    for (unsigned token = 0; token < '0'; token++) {
      u64 begin = first - 1;
      for (unsigned n = 0; n < 64 && memory.value<u8>(begin - 1).value_or(0); n++) begin--;
      first = begin;
    }
    // The index begins after the last token, and names where each is.
    u64 end = zero;
    for (unsigned token = '0'; token < 256; token++) end += memory.text(end, 128).size() + 1;
    const u64 index = aligned(end);
    if (first % kWord || memory.value<std::uint16_t>(index) != std::optional<std::uint16_t>(0) ||
        memory.value<std::uint16_t>(index + '0' * 2) != std::optional(static_cast<std::uint16_t>(zero - first)))
      return false;
    // Markers grow from 0; the last one may be followed by padding.
    std::vector<u32> markers;
    u64 at = first - 4;
    if (!memory.value<u32>(at).value_or(1)) at -= 4;
    for (u32 last = ~0u; markers.size() < kMostSymbols / kAtOnce; at -= 4) {
      const auto marker = memory.value<u32>(at);
      if (!marker || *marker >= last) return false;
      markers.push_back(last = *marker);
      if (!last) break;
    }
    std::reverse(markers.begin(), markers.end());
    const u64 after_names = at;
    for (u64 names = (after_names - markers.back()) & ~(kWord - 1);
         names + markers.back() + kAtOnce * kLongestName > after_names; names -= kWord) {
      const u32 count = memory.value<u32>(names - kWord).value_or(0);
      if ((count + kAtOnce - 1) / kAtOnce != markers.size() || !fits(memory, names, count, markers)) continue;
      const u64 base = names - 2 * kWord;
      found = Tables{names, base - aligned(u64{count} * 4), base, first, index, count, "a scan for their tokens"};
      return true;
    }
    return false;
  });
  return found;
}

}  // namespace

Symbols Symbols::find(KernelMemory& memory, const Image& image, Places& places, const VmcoreInfo& info, u64 phys_base,
                      const std::vector<std::string>& wanted) {
  auto tables = by_vmcoreinfo(memory, info);
  if (!tables) tables = by_scan(memory, image, places, phys_base);
  const auto stext = info.symbol("_stext");
  std::uint16_t index[256];
  if (!tables || !stext || !tables->count || tables->count > kMostSymbols ||
      !memory.read(tables->token_index, index, sizeof index))
    return {};
  std::vector<std::string> tokens;
  for (std::uint16_t at : index) tokens.push_back(memory.text(tables->token_table + at, 128));

  // scripts/kallsyms.c: each name is its length and as many tokens, of which the first letter is the type.
  std::map<std::string, u32> found;
  Stream stream(memory, tables->names);
  std::string name;
  for (u32 i = 0; i < tables->count; i++) {
    auto length = stream.next();
    if (!length) return {};
    u32 n = *length;
    if (n & 0x80) {
      auto high = stream.next();
      if (!high) return {};
      n = (n & 0x7f) | u32{*high} << 7;
    }
    name.clear();
    for (u32 k = 0; k < n; k++) {
      auto token = stream.next();
      if (!token) return {};
      if (name.size() < 256) name += tokens[*token];
    }
    if (name.empty()) continue;
    name.erase(0, 1);
    if (name == "_stext" || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) found.emplace(name, i);
  }

  // kernel/kallsyms.c, kallsyms_sym_address(): relative to a base, of which negative ones count down, until 6.14;
  // unsigned from the base; relative to the place of the offset itself since 7.0.
  const u64 base = tables->base ? memory.word(tables->base) : 0;
  using Form = u64 (*)(u64 base, u64 place, std::int32_t offset);
  constexpr Form kForms[] = {
      [](u64 base, u64, std::int32_t o) {
        return o >= 0 ? static_cast<u64>(o) : base - 1 - static_cast<u64>(static_cast<std::int64_t>(o));
      },
      [](u64 base, u64, std::int32_t o) { return base + static_cast<u32>(o); },
      [](u64, u64 place, std::int32_t o) { return place + static_cast<u64>(static_cast<std::int64_t>(o)); },
  };
  auto address = [&](Form form, u32 i) {
    const u64 place = tables->offsets + u64{i} * 4;
    return form(base, place, memory.value<std::int32_t>(place).value_or(0));
  };
  Symbols symbols;
  const auto known = found.find("_stext");
  if (known == found.end()) return {};
  symbols.from_ = tables->from;
  for (Form form : kForms) {
    if (address(form, known->second) != *stext) continue;
    for (const auto& [each, i] : found) symbols.addresses_[each] = address(form, i);
    break;
  }
  return symbols;
}

}  // namespace cr3scope
