// SPDX-License-Identifier: GPL-2.0-only
#include "describe.h"

namespace cr3scope {

namespace {

void describe(Fields& o, const Words& words) {
  for (size_t s = 0; s < kSources; s++) o.u64_field(kSourceNames[s], words.raw[s]);
}

void describe(Fields& o, const std::vector<cause_record>& records) {
  o.column64("ns", records, [](auto& r) { return r.ns; });
  o.column64("begin", records, [](auto& r) { return r.begin; });
  o.column64("end", records, [](auto& r) { return r.end; });
  o.column64("detail", records, [](auto& r) { return r.detail; });
  o.column64("argument", records, [](auto& r) { return r.argument; });
  o.column8("kind", records, [](auto& r) { return r.kind; });
  o.column8("flags", records, [](auto& r) { return r.flags; });
  o.column32("syscall", records, [](auto& r) { return r.syscall; });
  o.column32("pid", records, [](auto& r) { return r.pid; });
  o.column32("tid", records, [](auto& r) { return r.tid; });
  o.texts_of("name", records, [](auto& r) { return std::string_view(r.name, strnlen(r.name, sizeof r.name)); });
}

void describe(Fields& o, const Evidence& e) {
  o.u64_field("va", e.va);
  o.number("verdict", static_cast<u8>(e.verdict));
  o.number("note", static_cast<u8>(e.note));
  o.number("rounds", e.rounds);
  o.u64_field("firstNs", e.first_ns);
  o.u64_field("lastNs", e.last_ns);
  o.object("first", [&](Fields& f) { describe(f, e.first); });
  o.object("last", [&](Fields& f) { describe(f, e.last); });
  o.object("lastPath", [&](Fields& f) { describe(f, e.last_path); });
}

// A value of many small arrays as one column.
template <class T, class Rows, class Get>
void flattened(Fields& o, const char* name, const Rows& rows, size_t width, Get get) {
  u8* to = o.column(name, sizeof(T), rows.size() * width);
  for (const auto& row : rows) {
    std::memcpy(to, get(row), width * sizeof(T));
    to += width * sizeof(T);
  }
}

}  // namespace

void describe(Fields& o, const Error& error) {
  const char* name = error.code ? strerrorname_np(error.code) : nullptr;
  o.text("message", error.what());
  o.text("code", name ? name : "ERROR");
  o.number("errno", error.code);
  o.text("call", error.call);
  o.text("remedy", error.remedy);
}

void describe(Fields& o, const Facts& f) {
  o.u64_field("ns", f.ns);
  o.text("bootId", f.boot_id);
  o.text("hostname", f.hostname);
  o.number("cpus", f.cpus);
  o.u64_field("memoryBytes", f.memory_bytes);
  o.text("commandLine", f.command_line);
  o.text("cpuFeatures", f.cpu_features);
  o.text("zones", f.zones);
  o.number("readerUid", f.reader_uid);
  o.column32("uid", f.users, [](auto& u) { return u.uid; });
  o.texts_of("user", f.users, [](auto& u) -> std::string_view { return u.name; });
  o.texts_of("findings", f.findings, [](auto& text) -> std::string_view { return text; });
}

void describe(Fields& o, const Target& t) {
  o.text("release", t.release);
  o.text("build", t.build);
  o.text("cpuModel", t.cpu_model);
  o.text("lockdown", t.lockdown);
  o.text("configFrom", t.config_from);
  o.number("levels", t.paging.levels);
  o.flag("pti", t.pti);
  o.flag("pcid", t.pcid);
  o.flag("lam", t.lam);
  o.number("maxPhysBits", t.paging.max_phys_bits);
  o.number("virtualBits", t.virtual_bits);
  o.u64_field("encryptionMask", t.paging.encryption_mask);
  o.u64_field("capabilities", t.capabilities);
  o.flag("btf", t.btf);
  o.flag("ksmUnreliable", t.ksm_unreliable);
  o.u64_field("zeroPfn", t.zero_pfn);
  o.column64("ramBegin", t.ram, [](auto& r) { return r.begin; });
  o.column64("ramEnd", t.ram, [](auto& r) { return r.end; });
  o.object("swap", [&](Fields& swap) {
    swap.flag("known", t.paging.swap_types_known);
    swap.number("pfnBits", t.paging.swap_pfn_bits);
    swap.number("hwpoison", t.paging.hwpoison_type);
    swap.number("migration", t.paging.migration_type);
    swap.number("migrations", t.paging.migration_types);
    swap.number("device", t.paging.device_type);
    swap.number("devices", t.paging.device_types);
    swap.number("marker", t.paging.marker_type);
    swap.number("swapinError", t.paging.swapin_error_type);
  });
}

void describe(Fields& o, const Entry& e) {
  o.number("kind", static_cast<u8>(e.kind));
  o.number("shift", e.shift);
  o.number("swapType", e.swap_type);
  o.u64_field("pfn", e.pfn);
  o.u64_field("swapOffset", e.swap_offset);
  o.u64_field("violation", e.violation);
  o.flag("assumed", e.assumed);
}

void describe(Fields& o, const Path& p) {
  o.number("status", static_cast<u8>(p.status));
  o.number("last", p.last);
  o.words("table", p.table);
  o.words("entry", p.entry);
  o.object("leaf", [&](Fields& f) { describe(f, p.leaf); });
}

void describe(Fields& o, const KernelPath& p) {
  o.u64_field("rootPa", p.root_pa);
  o.number("last", p.last);
  o.words("table", p.table);
  o.words("entry", p.entry);
  o.u64_field("word", p.word.raw);
}

void describe(Fields& o, const Translation& t) {
  auto optional = [&](const char* name, const auto& value) {
    if (value) o.object(name, [&](Fields& f) { describe(f, *value); });
    else o.null(name);
  };
  o.u64_field("rootPa", t.root_pa);
  o.object("path", [&](Fields& f) { describe(f, t.path); });
  optional("userPath", t.user_path);
  optional("kernel", t.kernel);
  optional("userKernel", t.user_kernel);
  if (t.row) o.object("row", [&](Fields& f) { describe(f, std::vector<PageRow>{*t.row}); });
  else o.null("row");
}

void describe(Fields& o, const PageReading& r) {
  o.object("translation", [&](Fields& f) { describe(f, r.translation); });
  if (r.frame) o.object("frame", [&](Fields& f) { describe(f, *r.frame); });
  else o.null("frame");
  o.flag("settled", r.settled);
}

void describe(Fields& o, const std::vector<CpuState>& cpus) {
  o.column32("cpu", cpus, [](auto& c) { return c.cpu; });
  o.column32("pid", cpus, [](auto& c) { return c.pid; });
  o.column64("cr0", cpus, [](auto& c) { return c.cr0; });
  o.column64("cr3", cpus, [](auto& c) { return c.cr3; });
  o.column64("cr4", cpus, [](auto& c) { return c.cr4; });
  o.column64("efer", cpus, [](auto& c) { return c.efer; });
  o.column64("pat", cpus, [](auto& c) { return c.pat; });
  o.column64("rootPa", cpus, [](auto& c) { return c.root_pa; });
  o.column8("borrowed", cpus, [](auto& c) { return c.borrowed; });
  o.column8("kernelThread", cpus, [](auto& c) { return c.kernel_thread; });
  o.texts_of("name", cpus, [](auto& c) -> std::string_view { return c.name; });
}

void describe(Fields& o, const std::vector<PageRow>& rows) {
  o.column64("va", rows, [](auto& r) { return r.va; });
  o.word_columns("words", rows);
  o.column64("pfn", rows, [](auto& r) { return r.pfn; });
  o.column8("level", rows, [](auto& r) { return r.level; });
  o.column8("shift", rows, [](auto& r) { return r.shift; });
  o.column8("kind", rows, [](auto& r) { return r.kind; });
  o.column8("status", rows, [](auto& r) { return r.status; });
  o.column8("verdict", rows, [](auto& r) { return r.verdict; });
  o.column8("note", rows, [](auto& r) { return r.note; });
}

void describe(Fields& o, const std::vector<Region>& regions) {
  o.column64("begin", regions, [](auto& r) { return r.begin; });
  o.column64("end", regions, [](auto& r) { return r.end; });
  o.column64("offset", regions, [](auto& r) { return r.offset; });
  o.column64("inode", regions, [](auto& r) { return r.inode; });
  o.texts_of("permissions", regions, [](auto& r) -> std::string_view { return r.permissions; });
  o.texts_of("path", regions, [](auto& r) -> std::string_view { return r.path; });
}

void describe(Fields& o, const std::vector<ProcessRow>& processes) {
  o.column32("pid", processes, [](auto& p) { return p.pid; });
  o.column32("ppid", processes, [](auto& p) { return p.ppid; });
  o.column32("uid", processes, [](auto& p) { return p.uid; });
  o.column32("threads", processes, [](auto& p) { return p.threads; });
  o.column8("state", processes, [](auto& p) { return p.state; });
  o.column8("kernelThread", processes, [](auto& p) { return p.kernel_thread; });
  o.column64("startTicks", processes, [](auto& p) { return p.start_ticks; });
  o.column64("rss", processes, [](auto& p) { return p.rss_bytes; });
  o.column64("pageTables", processes, [](auto& p) { return p.page_table_bytes; });
  o.column64("cpuTicks", processes, [](auto& p) { return p.cpu_ticks; });
  o.column64("ns", processes, [](auto& p) { return p.ns; });
  o.column64("alone", processes, [](auto& p) { return p.alone; });
  o.column64("shared", processes, [](auto& p) { return p.shared; });
  o.texts_of("name", processes, [](auto& p) -> std::string_view { return p.name; });
  o.texts_of("command", processes, [](auto& p) -> std::string_view { return p.command; });
  o.texts_of("cgroup", processes, [](auto& p) -> std::string_view { return p.cgroup; });
}

void describe(Fields& o, const std::vector<RootRecord>& roots) {
  o.column32("pid", roots, [](auto& r) { return r.pid; });
  o.column64("startTicks", roots, [](auto& r) { return r.start_ticks; });
  o.column64("space", roots, [](auto& r) { return r.mm; });
  o.column64("rootPa", roots, [](auto& r) { return r.root_pa; });
  o.column64("borrowedPa", roots, [](auto& r) { return r.borrowed_pa; });
  o.column8("onCpu", roots, [](auto& r) { return r.on_cpu; });
  o.column32("cpu", roots, [](auto& r) { return r.cpu; });
}

void describe(Fields& o, const std::vector<Cgroup>& cgroups) {
  o.column64("inode", cgroups, [](auto& c) { return c.inode; });
  o.texts_of("path", cgroups, [](auto& c) -> std::string_view { return c.path; });
}

void describe(Fields& o, const Frames& f) {
  auto same = [](auto& x) { return x; };
  o.bytes("bytes", f.bytes);
  o.column8("status", f.status, same);
  o.column8("role", f.roles, same);
  o.words("flags", f.flags);
  o.words("count", f.counts);
  o.words("cgroup", f.cgroups);
}

void describe(Fields& o, const std::vector<Owner>& owners) {
  o.column32("pid", owners, [](auto& w) { return w.pid; });
  o.column64("startTicks", owners, [](auto& w) { return w.start_ticks; });
  o.column64("va", owners, [](auto& w) { return w.va; });
  o.column8("still", owners, [](auto& w) { return w.still; });
  o.column8("shift", owners, [](auto& w) { return w.now.leaf.shift; });
  o.column64("entry", owners, [](auto& w) { return w.now.raw(); });
  // What every level allows, as flags: 1 write, 2 user, 4 execute, and 8 where P is set at all.
  o.column8("access", owners, [](auto& w) { return w.now.access(); });
}

void describe(Fields& o, const std::vector<TableUse>& tables) {
  o.column32("tablePid", tables, [](auto& t) { return t.pid; });
  o.column64("tableStart", tables, [](auto& t) { return t.start_ticks; });
  o.column8("tableLevel", tables, [](auto& t) { return t.level; });
  o.column64("tableVa", tables, [](auto& t) { return t.va; });
}

void describe(Fields& o, const ReverseMap& map, u64 asked_ns) {
  o.u64_field("ageNs", asked_ns - map.end_ns());
  o.u64_field("tookNs", map.end_ns() - map.begin_ns());
  o.number("spaces", static_cast<double>(map.spaces()));
  o.u64_field("entries", map.entries());
  o.u64_field("pages", map.pages());
  o.u64_field("bytes", map.bytes());
  o.u64_field("gone", map.gone());
  o.u64_field("raced", map.raced());
}

void describe(Fields& o, const TableTree& t) {
  o.u64_field("rootPa", t.root_pa);
  o.column8("level", t.nodes, [](auto& n) { return n.level; });
  o.column64("va", t.nodes, [](auto& n) { return n.va; });
  o.column64("pa", t.nodes, [](auto& n) { return n.pa; });
  o.column32("used", t.nodes, [](auto& n) { return n.used; });
  o.column8("marked", t.nodes, [](auto& n) { return n.marked; });
  o.column8("status", t.nodes, [](auto& n) { return n.status; });
  o.words("mapped", t.mapped);
  o.u64_field("raced", t.raced);
}

void describe(Fields& o, const MemoryMap& m) {
  o.u64_field("begin", m.begin);
  o.u64_field("end", m.end);
  o.u64_field("framesPerCell", m.frames_per_cell);
  flattened<u32>(o, "roles", m.cells, kRoles, [](auto& c) { return c.roles.data(); });
  flattened<u32>(o, "sizes", m.cells, 3, [](auto& c) { return c.sizes.data(); });
  o.column32("owner", m.cells, [](auto& c) { return c.owner; });
  o.column32("ownerMappings", m.cells, [](auto& c) { return c.owner_mappings; });
  o.u64_field("flags", m.flags);
  o.column32("flagged", m.flagged, [](u32 n) { return n; });
  o.column32("pid", m.uses, [](auto& u) { return u.pid; });
  o.column64("startTicks", m.uses, [](auto& u) { return u.start_ticks; });
  o.column64("alone", m.uses, [](auto& u) { return u.alone; });
  flattened<u64>(o, "mapped", m.uses, kRoles, [](auto& u) { return u.mapped.data(); });
  o.words("total", m.total);
  o.words("unmapped", m.unmapped);
}

void describe(Fields& o, const std::vector<ListedFrame>& frames) {
  o.column64("flags", frames, [](auto& f) { return f.flags; });
  o.column8("role", frames, [](auto& f) { return f.role; });
  o.column32("mapped", frames, [](auto& f) { return f.mapped; });
  o.column32("owner", frames, [](auto& f) { return f.owner; });
}

void describe(Fields& o, const MemoryCounters& counters) {
  o.text("meminfo", counters.meminfo);
  o.text("vmstat", counters.vmstat);
  o.text("zoneinfo", counters.zoneinfo);
}

void describe(Fields& o, const TypeSlice& slice) {
  o.column32("id", slice.types, [](auto& t) { return t.id; });
  o.column8("kind", slice.types, [](auto& t) { return t.kind; });
  o.column32("bytes", slice.types, [](auto& t) { return t.bytes; });
  o.column32("of", slice.types, [](auto& t) { return t.of; });
  o.column32("count", slice.types, [](auto& t) { return t.count; });
  o.column8("encoding", slice.types, [](auto& t) { return t.encoding; });
  o.texts_of("name", slice.types, [](auto& t) -> std::string_view { return t.name; });
  o.column32("memberOwner", slice.members, [](auto& m) { return m.owner; });
  o.column32("memberType", slice.members, [](auto& m) { return m.type; });
  o.column64("memberBit", slice.members, [](auto& m) { return m.bit; });
  o.column32("memberBits", slice.members, [](auto& m) { return m.bits; });
  o.texts_of("memberName", slice.members, [](auto& m) -> std::string_view { return m.name; });
  o.column32("valueOwner", slice.values, [](auto& v) { return v.owner; });
  o.column64("value", slice.values, [](auto& v) { return v.value; });
  o.texts_of("valueName", slice.values, [](auto& v) -> std::string_view { return v.name; });
}

void describe(Fields& o, const ByteProof& p) {
  o.u64_field("pages", p.pages);
  o.u64_field("same", p.same);
  o.u64_field("changing", p.changing);
  o.u64_field("moved", p.moved);
  o.u64_field("noFrame", p.no_frame);
  o.u64_field("noMemory", p.no_memory);
  o.u64_field("differ", p.differ);
  o.u64_field("ns", p.ns);
  o.list("differences", p.differences.size(), [&](Fields& f, size_t i) {
    const ByteProof::Difference& d = p.differences[i];
    f.u64_field("va", d.va);
    f.u64_field("pfn", d.pfn);
    f.number("offset", d.offset);
    f.bytes("frame", d.frame);
    f.bytes("memory", d.memory);
  });
}

void describe(Fields& o, const std::vector<CauseAbility>& abilities) {
  o.texts_of("name", abilities, [](auto& a) -> std::string_view { return a.name; });
  o.column8("how", abilities, [](auto& a) { return a.how; });
  o.texts_of("detail", abilities, [](auto& a) -> std::string_view { return a.detail; });
}

void describe(Fields& o, const CheckBatch& b) {
  o.u64_field("done", b.done);
  o.u64_field("total", b.total);
  o.words("counts", b.counts);
  o.flag("waiting", b.waiting);
  o.object("runs", [&](Fields& runs) {
    runs.column64("va", b.runs, [](auto& r) { return r.va; });
    runs.column64("pages", b.runs, [](auto& r) { return r.pages; });
    runs.word_columns("words", b.runs);
    runs.column8("verdict", b.runs, [](auto& r) { return r.verdict; });
    runs.column8("note", b.runs, [](auto& r) { return r.note; });
  });
  o.bytes("pages", b.pages);
  o.list("evidence", b.evidence.size(), [&](Fields& f, size_t i) { describe(f, b.evidence[i]); });
}

void describe(Fields& o, const CheckResult& r) {
  o.number("outcome", static_cast<u8>(r.outcome));
  o.u64_field("rootPa", r.root_pa);
  o.u64_field("pages", r.pages);
  o.words("counts", r.counts);
  o.u64_field("outside", r.outside);
  o.u64_field("rechecked", r.rechecked);
  o.words("tables", r.tables);
  o.u64_field("beginNs", r.begin_ns);
  o.u64_field("endNs", r.end_ns);
  o.words("sourceNs", r.source_ns);
  o.column64("regionBegin", r.regions, [](auto& x) { return x.begin; });
  o.column64("regionEnd", r.regions, [](auto& x) { return x.end; });
  flattened<u64>(o, "regionCounts", r.regions, kVerdicts, [](auto& x) { return x.counts.data(); });
  flattened<u32>(o, "regionBuckets", r.regions, kBuckets * kVerdicts, [](auto& x) { return x.buckets[0].data(); });
}

void describe(Fields& o, const SearchBatch& b) {
  o.u64_field("done", b.done);
  o.u64_field("total", b.total);
  o.flag("waiting", b.waiting);
  o.column64("address", b.hits, [](auto& h) { return h.address; });
  o.column64("pa", b.hits, [](auto& h) { return h.pa; });
  o.column8("knownFrom", b.hits, [](auto& h) { return h.known_from; });
  o.column8("knownTo", b.hits, [](auto& h) { return h.known_to; });
  flattened<u8>(o, "context", b.hits, Hit::kContext, [](auto& h) { return h.context.data(); });
}

void describe(Fields& o, const SearchResult& r) {
  o.u64_field("bytes", r.bytes);
  o.u64_field("unreadable", r.unreadable);
  o.u64_field("hits", r.hits);
  o.flag("limited", r.limited);
  o.flag("gone", r.gone);
}

void describe(Fields& o, const WatchBatch& b) {
  o.u64_field("ns", b.ns);
  o.u64_field("samples", b.samples);
  o.flag("initial", b.initial);
  o.object("rows", [&](Fields& rows) { describe(rows, b.rows); });
  o.words("flags", b.flags);
  o.words("counts", b.counts);
  o.object("records", [&](Fields& records) { describe(records, b.records); });
  o.u64_field("lost", b.lost);
  o.text("refusal", b.refusal);
}

void describe(Fields& o, const TraceEvents& events) {
  o.list("events", events.size(), [&](Fields& f, size_t i) {
    const TraceEvent& e = events[i];
    f.u64_field("ns", e.ns);
    f.number("kind", static_cast<u8>(e.kind));
    f.number("pid", e.pid);
    f.number("child", e.child);
    f.u64_field("before", e.before);
    f.u64_field("after", e.after);
    f.number("code", e.code);
    f.text("name", e.name);
  });
}

}  // namespace cr3scope
