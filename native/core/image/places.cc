// SPDX-License-Identifier: GPL-2.0-only
#include "places.h"

#include <cstdio>
#include <cstdlib>

#include "../file.h"

namespace cr3scope {

namespace {
constexpr size_t kMostPlaces = 16;
}

std::vector<u64> read_places(const std::string& path) {
  std::vector<u64> places;
  std::string text;
  if (path.empty() || !read_text(path.c_str(), text)) return places;
  const char* at = text.c_str();
  for (char* end; places.size() < kMostPlaces; at = end) {
    const u64 place = std::strtoull(at, &end, 16);
    if (end == at) break;
    places.push_back(place);
  }
  return places;
}

void write_places(const std::string& path, const std::vector<u64>& places) {
  if (path.empty() || places.empty()) return;
  std::string text;
  for (u64 place : places) {
    char line[20];
    std::snprintf(line, sizeof line, "%llx\n", static_cast<unsigned long long>(place));
    text += line;
  }
  // Whole or not at all.
  const std::string other = path + ".new";
  File file(::open(other.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || ::write(file.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      std::rename(other.c_str(), path.c_str()))
    ::unlink(other.c_str());
}

}  // namespace cr3scope
