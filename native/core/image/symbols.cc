// SPDX-License-Identifier: GPL-2.0-only
#include "symbols.h"

#include <algorithm>
#include <cstdlib>

#include "../frame_reader.h"

namespace cr3scope {

void scan(const Image& image, const std::string& pattern, const std::function<bool(u64 pa)>& take) {
  constexpr size_t kBatch = FrameReader::kBatch;
  const size_t keep = pattern.size() - 1;
  // The end of the frame before, and the frames of a batch.
  std::vector<u8> bytes(keep + kBatch * kPageSize);
  for (const RamRange& range : image.ranges()) {
    size_t before = 0;
    for (u64 pa = range.begin; pa < range.end;) {
      const size_t count = std::min<u64>(kBatch, (range.end - pa) >> kPageShift);
      u64 addresses[kBatch];
      FrameStatus status[kBatch];
      for (size_t i = 0; i < count; i++) addresses[i] = pa + i * kPageSize;
      image.read(addresses, count, &bytes[keep], status);
      for (size_t first = 0; first < count;) {
        if (status[first] != FrameStatus::ok) {
          before = 0;
          first++;
          continue;
        }
        size_t end = first + 1;
        while (end < count && status[end] == FrameStatus::ok) end++;
        const u8* from = &bytes[keep + first * kPageSize] - (first ? 0 : before);
        const u8* const until = &bytes[keep] + end * kPageSize;
        while (const void* found = memmem(from, static_cast<size_t>(until - from), pattern.data(), pattern.size())) {
          const u8* at = static_cast<const u8*>(found);
          if (take(pa + static_cast<u64>(at - &bytes[keep]))) return;
          from = at + 1;
        }
        before = end == count ? keep : 0;
        first = end;
      }
      if (before) std::memmove(bytes.data(), &bytes[keep + count * kPageSize - keep], keep);
      pa += count * kPageSize;
    }
  }
}

namespace {

// The lines KEY=VALUE at the start of a text.
std::string lines_of(const std::string& text) {
  size_t end = 0;
  while (end < text.size()) {
    const size_t line = text.find('\n', end), equals = text.find('=', end);
    if (line == std::string::npos || equals >= line || equals == end) break;
    const bool plain = std::all_of(text.begin() + static_cast<long>(end), text.begin() + static_cast<long>(line),
                                   [](char c) { return c >= ' ' && c <= '~'; });
    if (!plain) break;
    end = line + 1;
  }
  return text.substr(0, end);
}

}  // namespace

VmcoreInfo::VmcoreInfo(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t line = std::min(text.find('\n', at), text.size()), equals = text.find('=', at);
    if (equals < line) values_[text.substr(at, equals - at)] = text.substr(equals + 1, line - equals - 1);
    at = line + 1;
  }
}

VmcoreInfo VmcoreInfo::find(const Image& image) {
  if (const std::string& notes = image.vmcoreinfo(); notes.find("SYMBOL(") != std::string::npos) {
    VmcoreInfo info(notes);
    info.from_ = "the notes of the file";
    return info;
  }
  // The kernel has it in one page, its note and a format string: the longest one is whole.
  std::string best;
  scan(image, "OSRELEASE=", [&](u64 pa) {
    std::string text(2 * kPageSize, '\0');
    const u64 frames[] = {pa & ~(kPageSize - 1), (pa & ~(kPageSize - 1)) + kPageSize};
    FrameStatus status[2];
    image.read(frames, 2, reinterpret_cast<u8*>(text.data()), status);
    if (status[1] != FrameStatus::ok) text.resize(kPageSize);
    text = lines_of(text.substr(pa & (kPageSize - 1), kPageSize));
    if (text.size() > best.size()) best = text;
    return false;
  });
  if (best.find("SYMBOL(") == std::string::npos) return {};
  VmcoreInfo info(best);
  info.from_ = "a scan of the memory";
  return info;
}

std::string VmcoreInfo::text(const std::string& key) const {
  auto at = values_.find(key);
  return at == values_.end() ? "" : at->second;
}

std::optional<u64> VmcoreInfo::symbol(const char* name) const {
  const std::string text = this->text("SYMBOL(" + std::string(name) + ")");
  return text.empty() ? std::nullopt : std::optional<u64>(std::strtoull(text.c_str(), nullptr, 16));
}

std::optional<u64> VmcoreInfo::number(const char* name) const {
  const std::string text = this->text("NUMBER(" + std::string(name) + ")");
  if (text.empty()) return std::nullopt;
  return text[0] == '-' ? static_cast<u64>(std::strtoll(text.c_str(), nullptr, 0))
                        : std::strtoull(text.c_str(), nullptr, 0);
}

namespace {

constexpr u32 kMostSymbols = 1 << 23;

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

}  // namespace

Symbols Symbols::find(KernelMemory& memory, const VmcoreInfo& info, const std::vector<std::string>& wanted) {
  auto names = info.symbol("kallsyms_names"), count_at = info.symbol("kallsyms_num_syms"),
       token_table = info.symbol("kallsyms_token_table"), token_index = info.symbol("kallsyms_token_index"),
       offsets = info.symbol("kallsyms_offsets"), stext = info.symbol("_stext");
  if (!names || !count_at || !token_table || !token_index || !offsets || !stext) return {};
  const u32 count = memory.value<u32>(*count_at).value_or(0);
  std::uint16_t index[256];
  if (!count || count > kMostSymbols || !memory.read(*token_index, index, sizeof index)) return {};
  std::vector<std::string> tokens;
  for (std::uint16_t at : index) tokens.push_back(memory.text(*token_table + at, 128));

  // scripts/kallsyms.c: each name is its length and as many tokens, of which the first letter is the type.
  std::map<std::string, u32> found;
  Stream stream(memory, *names);
  std::string name;
  for (u32 i = 0; i < count; i++) {
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
  const auto base_at = info.symbol("kallsyms_relative_base");
  const u64 base = base_at ? memory.word(*base_at) : 0;
  using Form = u64 (*)(u64 base, u64 place, std::int32_t offset);
  constexpr Form kForms[] = {
      [](u64 base, u64, std::int32_t o) {
        return o >= 0 ? static_cast<u64>(o) : base - 1 - static_cast<u64>(static_cast<std::int64_t>(o));
      },
      [](u64 base, u64, std::int32_t o) { return base + static_cast<u32>(o); },
      [](u64, u64 place, std::int32_t o) { return place + static_cast<u64>(static_cast<std::int64_t>(o)); },
  };
  auto address = [&](Form form, u32 i) {
    const u64 place = *offsets + u64{i} * 4;
    return form(base, place, memory.value<std::int32_t>(place).value_or(0));
  };
  Symbols symbols;
  const auto known = found.find("_stext");
  if (known == found.end()) return {};
  for (Form form : kForms) {
    if (address(form, known->second) != *stext) continue;
    for (const auto& [each, i] : found) symbols.addresses_[each] = address(form, i);
    break;
  }
  return symbols;
}

}  // namespace cr3scope
