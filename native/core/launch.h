// SPDX-License-Identifier: GPL-2.0-only
// Starts programs to be traced: a child waits until somebody traces it, and then becomes the program.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "error.h"
#include "trace.h"

namespace cr3scope {

// What to start. `arguments[0]` is the program; without a slash it is looked for in PATH.
struct Launch {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value"
  std::string directory;                 // "": that of cr3scope
  std::string user;                      // "": that of cr3scope
  bool quiet = false;                    // stdin and outputs are /dev/null, not those of cr3scope
};

// All that exec needs, made before a fork: afterwards only async-signal-safe calls are allowed.
class PreparedLaunch {
 public:
  // Throws Error where there is no such user or program. `arguments` is not empty.
  explicit PreparedLaunch(Launch launch);

  enum class Step : int { identity, directory, program };
  struct Failure {
    Step step;
    int code;
  };
  // In the child: becomes the program, or returns what failed.
  Failure become() const;
  Error error_of(const Failure& failure) const;

 private:
  const char* variable(const std::string& name) const;
  void look_up(const std::string& name);
  bool change_identity() const;
  std::string find(const std::string& name) const;

  const Launch launch_;
  std::string program_;
  std::vector<std::string> variables_;
  std::vector<char*> arguments_, environment_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::vector<gid_t> groups_;
};

// Launches a program and traces it (trace.h). Throws Error where it can't be started (the errno of exec).
void launch(const RootsOf& roots_of, const Launch& what, bool follow, const std::atomic<bool>& cancel,
            const std::function<void(TraceEvent&&)>& emit);

}  // namespace cr3scope
