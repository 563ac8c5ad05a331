// SPDX-License-Identifier: GPL-2.0-only
// The fields of each structure as JavaScript sees them, typed in app/main/sources/session.ts. u64s cross as BigInt or
// BigUint64Array, never as number; enumerations cross by number.
#pragma once
#include "../core/byte_proof.h"
#include "../core/check.h"
#include "../core/error.h"
#include "../core/facts.h"
#include "../core/frames.h"
#include "../core/memory_map.h"
#include "../core/processes.h"
#include "../core/search.h"
#include "../core/table_tree.h"
#include "../core/trace_machine.h"
#include "../core/translation.h"
#include "../core/type_slice.h"
#include "../core/watch.h"
#include "fields.h"

namespace cr3scope {

void describe(Fields& o, const Error& error);
void describe(Fields& o, const Facts& facts);
void describe(Fields& o, const Target& target);
void describe(Fields& o, const Entry& entry);
void describe(Fields& o, const Path& path);
void describe(Fields& o, const KernelPath& path);
void describe(Fields& o, const Translation& translation);
void describe(Fields& o, const PageReading& reading);
void describe(Fields& o, const std::vector<CpuState>& cpus);
void describe(Fields& o, const std::vector<PageRow>& rows);
void describe(Fields& o, const std::vector<Region>& regions);
void describe(Fields& o, const std::vector<ProcessRow>& processes);
void describe(Fields& o, const std::vector<RootRecord>& roots);
void describe(Fields& o, const std::vector<Cgroup>& cgroups);
void describe(Fields& o, const Frames& frames);
void describe(Fields& o, const std::vector<Owner>& owners);
void describe(Fields& o, const std::vector<TableUse>& tables);
// `asked_ns`: when the question was asked that the map answers.
void describe(Fields& o, const ReverseMap& map, u64 asked_ns);
void describe(Fields& o, const TableTree& tree);
void describe(Fields& o, const MemoryMap& map);
void describe(Fields& o, const std::vector<ListedFrame>& frames);
void describe(Fields& o, const MemoryCounters& counters);
void describe(Fields& o, const TypeSlice& slice);
void describe(Fields& o, const ByteProof& proof);
void describe(Fields& o, const std::vector<CauseAbility>& abilities);
void describe(Fields& o, const CheckBatch& batch);
void describe(Fields& o, const CheckResult& result);
void describe(Fields& o, const SearchBatch& batch);
void describe(Fields& o, const SearchResult& result);
void describe(Fields& o, const WatchBatch& batch);
void describe(Fields& o, const TraceEvents& events);

}  // namespace cr3scope
