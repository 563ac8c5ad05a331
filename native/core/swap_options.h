// SPDX-License-Identifier: GPL-2.0-only
// The options that number the swap types, by the BTF of any kernel: see target.h.
#pragma once
#include <optional>
#include <string>

#include "paging.h"

struct btf;

namespace cr3scope {

std::optional<SwapConfig> swap_config_by_btf(const btf* types, unsigned version, std::string& from);

}  // namespace cr3scope
