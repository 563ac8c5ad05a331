// SPDX-License-Identifier: GPL-2.0-only
// The class Session as JavaScript sees it: converts and validates; the work is done by core/. Typed in
// app/main/sources/session.ts.
#pragma once
#include <napi.h>

#include "../core/session.h"

namespace cr3scope {

// `decorate` is null but in tests.
Napi::Function define_session(Napi::Env env, Session::Decorate decorate = nullptr);

}  // namespace cr3scope
