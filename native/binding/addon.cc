// SPDX-License-Identifier: GPL-2.0-only
// The addon. Typed in app/main/sources/session.ts.
#include "../core/heap.h"
#include "session_class.h"

namespace cr3scope {

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  return_large_buffers();
  exports["Session"] = define_session(env);
  return exports;
}

NODE_API_MODULE(cr3scope, init)

}  // namespace cr3scope
