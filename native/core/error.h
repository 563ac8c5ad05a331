// SPDX-License-Identifier: GPL-2.0-only
// One typed error: what failed, with which errno, and what the user can do about it.
#pragma once
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace cr3scope {

class Error : public std::runtime_error {
 public:
  Error(std::string what_call, int error_number, std::string what_to_do)
      : std::runtime_error(what_call + ": " + (error_number ? std::strerror(error_number) : "failed")),
        call(std::move(what_call)),
        code(error_number),
        remedy(std::move(what_to_do)) {}

  std::string call;    // the call that failed and what it was about, "open /proc/7/pagemap"
  int code;            // errno, 0 where there is none
  std::string remedy;  // a sentence
};

// Thrown by long calls when the user cancels them.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("cancelled") {}
};

}  // namespace cr3scope
