// SPDX-License-Identifier: GPL-2.0-only
#include "causes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "bpf_frames.h"
#include "error.h"

// bpf/causes.bpf.o, embedded by bpf/embed.S.
extern "C" const unsigned char cr3scope_causes_begin[], cr3scope_causes_end[];

namespace cr3scope {

namespace {

constexpr u64 kHugePage = 1ull << 21;

u64 huge_begin(u64 va) { return va & ~(kHugePage - 1); }
u64 huge_end(u64 va) { return va > ~0ull - kHugePage ? ~0ull : huge_begin(va + kHugePage - 1); }

// The functions that programs run at, with what they take: a letter for each parameter that is read (struct_name()),
// `i` an integer, `-` whatever it is. A function of other kernels that has other parameters is left alone.
struct FunctionProgram {
  const char* program;
  const char* parameters;
  size_t count = 0;  // of all parameters, where it tells which one this is
};
constexpr FunctionProgram kFunctions[] = {
    {"on_fault", "vii"},
    {"on_map_pages", "Vii"},
    {"on_set_pte_range", "V--ii"},
    {"on_zap", "-vii"},
    {"on_zap_range", "-vii"},
    {"on_zap_hugetlb", "-vii"},
    {"on_protect", "-viii", 5},
    {"on_protect_old", "-vii-i", 6},
    {"on_fork", "vv"},
    {"on_unmap", "Fvi"},
    {"on_migrating", "Fvi"},
    {"on_migrated", "Fvi"},
    {"on_split", "v-i"},
    {"on_split_locked", "v-i"},
    {"on_collapse", "mi"},
    {"on_collapse_file", "mi"},
    {"on_merge", "K--"},
    {"on_merge_old", "k--"},
    {"on_unmerge", "vi"},
    {"on_free", "-iiW"},
    {"on_cool", "-iiW"},
    {"on_clear_refs", "-iiW"},
    {"on_age", "vi"},
    {"on_age_huge", "vi"},
    {"on_clean", "Fvi"},
    {"on_userfault", "fii"},
    {"on_move", "P"},
    {"on_move_old", "vi-ii"},
    {"on_swapoff", "v-ii"},
    {"on_guard", "ii-W"},
    {"on_unguard", "-iiW"},
};

// Those at tracepoints that also belong to the set of functions.
constexpr const char* kWithFunctions[] = {"on_migrate_start", "on_migrate_end"};

const char* struct_name(char letter) {
  switch (letter) {
    case 'v':
      return "vm_area_struct";
    case 'm':
      return "mm_struct";
    case 'V':
      return "vm_fault";
    case 'F':
      return "folio";
    case 'W':
      return "mm_walk";
    case 'K':
      return "ksm_rmap_item";
    case 'k':
      return "rmap_item";
    case 'P':
      return "pagetable_move_control";
    case 'f':
      return "file";
    default:
      return "";
  }
}

// What is told to the user, and by which programs: in each set any one of them is enough.
struct Topic {
  const char* name;
  std::vector<const char*> functions, tracepoints;
  const char* missing;  // what tracepoints do not tell
  // A kernel without the function has nothing of the kind.
  bool by_function_only = false;
};
const Topic kTopics[] = {
    {"page faults", {"on_fault"}, {"on_user_exception"}, "faults by ptrace and /proc/PID/mem"},
    {"pages mapped around a fault", {"on_map_pages", "on_set_pte_range"}, {"on_map_around"}, ""},
    {"munmap, discarding, truncation", {"on_zap", "on_zap_range"}, {"on_syscall"}, "truncate by a path"},
    {"mprotect", {"on_protect", "on_protect_old"}, {"on_syscall"}, ""},
    {"NUMA hints", {"on_protect", "on_protect_old"}, {}, ""},
    {"fork", {"on_fork"}, {"on_process_fork"}, ""},
    {"reclaim", {"on_unmap"}, {"on_syscall"}, "which pages the kernel reclaims by itself"},
    {"migration", {"on_migrated"}, {"on_remove_migration_pte"}, ""},
    {"splitting of huge pages", {"on_split", "on_split_locked"}, {"on_syscall"}, "splitting by the kernel itself"},
    {"collapse into huge pages", {"on_collapse"}, {"on_syscall", "on_collapsed"}, "which pages khugepaged takes"},
    {"KSM", {"on_merge", "on_merge_old"}, {"on_ksm_merged"}, "unmerging but by madvise"},
    {"MADV_FREE", {"on_free"}, {"on_syscall"}, ""},
    {"MADV_COLD, MADV_PAGEOUT", {"on_cool"}, {"on_syscall"}, ""},
    {"clear_refs", {"on_clear_refs"}, {"on_syscall"}, ""},
    {"looks whether pages are used", {"on_age"}, {}, ""},
    {"write-back to files", {"on_clean"}, {"on_syscall"}, "write-back by the kernel itself"},
    {"userfaultfd", {"on_userfault"}, {"on_syscall"}, ""},
    {"mremap", {"on_move", "on_move_old"}, {"on_syscall"}, ""},
    {"swapoff", {"on_swapoff"}, {"on_count"}, "which pages"},
    {"guard regions", {"on_guard"}, {"on_syscall"}, "", true},
};

// Whether tracepoints may tell of it in this set.
bool uses_tracepoints(const Topic& topic, bool functions) { return !(functions && topic.by_function_only); }

const btf_type* skip_names(const btf* types, u32 id) {
  const btf_type* type = btf__type_by_id(types, id);
  while (type && (btf_is_mod(type) || btf_is_typedef(type))) type = btf__type_by_id(types, type->type);
  return type;
}

bool is_parameter(const btf* types, u32 id, char letter) {
  if (letter == '-') return true;
  const btf_type* type = skip_names(types, id);
  if (!type) return false;
  if (letter == 'i') return btf_is_int(type) || btf_is_any_enum(type);
  if (!btf_is_ptr(type)) return false;
  type = skip_names(types, type->type);
  return type && btf_is_struct(type) &&
         std::strcmp(btf__name_by_offset(types, type->name_off), struct_name(letter)) == 0;
}

// Why a program can't run at its function; empty where this kernel has it as it is expected.
std::string function_refusal(const btf* types, const char* name, const FunctionProgram& wanted) {
  const std::string function = std::string("the function ") + name;
  int id = btf__find_by_name_kind(types, name, BTF_KIND_FUNC);
  if (id < 0) return "this kernel does not have " + function;
  const btf_type* prototype = btf__type_by_id(types, btf__type_by_id(types, static_cast<u32>(id))->type);
  const size_t count = btf_vlen(prototype), read = std::strlen(wanted.parameters);
  bool same = count >= read && (!wanted.count || count == wanted.count);
  for (size_t i = 0; same && i < read; i++)
    same = is_parameter(types, btf_params(prototype)[i].type, wanted.parameters[i]);
  return same ? "" : function + " has other parameters in this kernel";
}

const char* after_slash(const char* section) {
  const char* slash = std::strchr(section, '/');
  return slash ? slash + 1 : section;
}

// Remembers the namespace: it runs once, and is attached to nothing.
bool is_start(const bpf_program* program) { return std::strcmp(bpf_program__section_name(program), "syscall") == 0; }

const FunctionProgram* function_program(const char* name) {
  auto known = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                            [&](const FunctionProgram& f) { return std::strcmp(f.program, name) == 0; });
  return known == std::end(kFunctions) ? nullptr : known;
}

bool is_with_functions(const char* name) {
  return std::any_of(std::begin(kWithFunctions), std::end(kWithFunctions),
                     [&](const char* other) { return std::strcmp(name, other) == 0; });
}

bpf_object* open_object() {
  return bpf_object__open_mem(cr3scope_causes_begin, static_cast<size_t>(cr3scope_causes_end - cr3scope_causes_begin),
                              nullptr);
}

// 0, or the negative errno of loading those programs.
int load(bpf_object* object, const std::vector<std::string>& names) {
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    const bool wanted = std::find(names.begin(), names.end(), bpf_program__name(program)) != names.end();
    bpf_program__set_autoload(program, wanted || is_start(program));
  }
  return bpf_object__load(object);
}

// As procfs names the folder of the process: up to 7 digits in the order of memory.
u64 pid_as_text(int pid) {
  u64 text = 0;
  const std::string digits = std::to_string(pid);
  std::memcpy(&text, digits.data(), std::min<size_t>(digits.size(), 7));
  return text;
}

// Where the heap ends; 0 without one.
u64 heap_end(int pid) {
  for (const Region& region : read_regions(pid))
    if (region.path == "[heap]") return region.end;
  return 0;
}

template <class List>
bool has_any(const std::vector<std::string>& names, const List& wanted) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const char* other) { return name == other; });
  });
}

// Why a program is not there; null where it is.
using Reasons = std::vector<std::pair<std::string, std::string>>;
const std::string* reason_of(const Reasons& reasons, const std::string& name) {
  auto found = std::find_if(reasons.begin(), reasons.end(), [&](auto& r) { return r.first == name; });
  return found == reasons.end() ? nullptr : &found->second;
}

}  // namespace

CauseRecorder::~CauseRecorder() { detach(); }

CauseRecorder::Watch::~Watch() {
  std::lock_guard lock(recorder_.mutex_);
  auto& all = recorder_.watches_;
  all.erase(std::find(all.begin(), all.end(), this));
  recorder_.set_spaces();
  if (all.empty()) recorder_.detach();
}

bool CauseRecorder::Watch::wants(const cause_record& r) const {
  if (r.flags & CAUSE_OF_FILE) return !r.pgd || r.pgd == pgd_;
  return (r.pgd == pgd_ || r.flags & CAUSE_ANY_SPACE) && r.begin < end_ && begin_ < r.end;
}

std::vector<cause_record> CauseRecorder::Watch::take() {
  std::lock_guard lock(recorder_.mutex_);
  std::vector<cause_record> records;
  std::swap(records, records_);
  std::sort(records.begin(), records.end(), [](auto& a, auto& b) { return a.ns < b.ns; });
  return records;
}

u64 CauseRecorder::Watch::take_lost() {
  std::lock_guard lock(recorder_.mutex_);
  const u64 all = recorder_.lost(), n = all - lost_seen_;
  lost_seen_ = all;
  return n;
}

std::unique_ptr<CauseRecorder::Watch> CauseRecorder::watch(u64 pgd, int pid, u64 begin, u64 end) {
  const u64 brk = heap_end(pid);
  std::lock_guard lock(mutex_);
  std::set<u64> spaces;
  for (const Watch* other : watches_) spaces.insert(other->pgd_);
  const bool known = spaces.count(pgd);
  if (!known && spaces.size() >= CAUSES_SPACES)
    throw Error("see the causes of changes", EBUSY, "End a watch: eight processes are watched.");
  if (!object_) attach();
  // A huge page is made and split as a whole, wherever in it something happens.
  auto watch = std::unique_ptr<Watch>(new Watch(*this, pgd, huge_begin(begin), huge_end(end)));
  watch->lost_seen_ = lost();
  watches_.push_back(watch.get());
  set_spaces();
  for (causes_space& space : settings_->spaces)
    if (space.pgd == pgd && !known) {
      space.pid = static_cast<u32>(pid);
      space.pid_text = pid_as_text(pid);
      space.brk = brk;
    }
  return watch;
}

// Each address space with the range that holds all that is watched of it.
void CauseRecorder::set_spaces() {
  if (!settings_) return;
  for (causes_space& space : settings_->spaces)
    if (std::none_of(watches_.begin(), watches_.end(), [&](const Watch* w) { return w->pgd_ == space.pgd; }))
      __atomic_store_n(&space.pgd, 0, __ATOMIC_RELEASE);
  for (const Watch* watch : watches_) {
    auto all = std::begin(settings_->spaces), end = std::end(settings_->spaces);
    auto space = std::find_if(all, end, [&](const causes_space& s) { return s.pgd == watch->pgd_; });
    const bool added = space == end;
    if (added) space = std::find_if(all, end, [](const causes_space& s) { return !s.pgd; });
    u64 first = watch->begin_, last = watch->end_;
    for (const Watch* other : watches_)
      if (other->pgd_ == watch->pgd_) {
        first = std::min(first, other->begin_);
        last = std::max(last, other->end_);
      }
    space->begin = first;
    space->end = last;
    if (added) __atomic_store_n(&space->pgd, watch->pgd_, __ATOMIC_RELEASE);
  }
}

int CauseRecorder::take(void* self, void* data, size_t) {
  auto& recorder = *static_cast<CauseRecorder*>(self);
  const auto& record = *static_cast<const cause_record*>(data);
  for (Watch* watch : recorder.watches_) {
    if (!watch->wants(record)) continue;
    if (watch->records_.size() >= kMostRecords) {
      recorder.dropped_++;
      continue;
    }
    // Reclaim tells the same once for each page.
    if (record.flags & CAUSE_SOMEWHERE && !watch->records_.empty()) {
      cause_record& last = watch->records_.back();
      if (last.flags == record.flags && last.kind == record.kind && last.tid == record.tid &&
          last.syscall == record.syscall && last.argument == record.argument) {
        last.ns = record.ns;
        continue;
      }
    }
    watch->records_.push_back(record);
  }
  return ++recorder.taken_ < kMostRecords ? 0 : -EAGAIN;  // the rest later
}

void CauseRecorder::collect() {
  std::lock_guard lock(mutex_);
  taken_ = 0;
  if (ring_) ring_buffer__consume(ring_);
}

u64 CauseRecorder::lost() const {
  u64 n = dropped_ + lost_before_;
  if (!settings_) return n;
  n += __atomic_load_n(&settings_->lost, __ATOMIC_RELAXED);
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    bpf_prog_info info{};
    u32 size = sizeof info;
    int fd = bpf_program__fd(program);
    // Events of which the kernel ran no program, as one was under way on that CPU.
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) n += info.recursion_misses;
  }
  return n;
}

void CauseRecorder::attach() {
  libbpf_set_print(nullptr);
  if (!no_functions_ && try_attach(true)) {
    functions_refusal_.clear();
    return;
  }
  no_functions_ = true;
  if (!try_attach(false)) refuse_bpf(target_, "see the causes of changes", EOPNOTSUPP);
}

// The programs of a set that this kernel has what they run at. With functions, tracepoints stand in for those kinds of
// causes of which no function is there.
std::vector<std::string> CauseRecorder::choose(bool functions) {
  btf* types = btf__load_vmlinux_btf();
  if (!types) refuse_bpf(target_, "read the kernel’s BTF", errno);
  bpf_object* object = open_object();
  if (!object) {
    const int code = errno;
    btf__free(types);
    refuse_bpf(target_, "open the bpf object", code);
  }
  not_attached_ = refused_;
  std::vector<std::string> at_functions, at_tracepoints, chosen;
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    const char* name = bpf_program__name(program);
    const char* at = after_slash(bpf_program__section_name(program));
    if (is_start(program) || reason_of(refused_, name)) continue;
    std::string refusal;
    if (const FunctionProgram* known = function_program(name)) refusal = function_refusal(types, at, *known);
    else if (btf__find_by_name_kind(types, (std::string("btf_trace_") + at).c_str(), BTF_KIND_TYPEDEF) < 0)
      refusal = std::string("this kernel does not have the tracepoint ") + at;
    if (!refusal.empty()) not_attached_.emplace_back(name, refusal);
    else (function_program(name) ? at_functions : at_tracepoints).push_back(name);
  }
  bpf_object__close(object);
  btf__free(types);
  if (!functions) return at_tracepoints;
  if (at_functions.empty()) return {};
  chosen = at_functions;
  for (const std::string& name : at_tracepoints) {
    bool stands_in = is_with_functions(name.c_str());
    for (const Topic& topic : kTopics)
      stands_in |= uses_tracepoints(topic, functions) && !has_any(at_functions, topic.functions) &&
                   has_any({name}, topic.tracepoints);
    if (stands_in) chosen.push_back(name);
  }
  return chosen;
}

// Loads and attaches what this kernel has of one of the two sets; false where it has nothing of it.
bool CauseRecorder::try_attach(bool functions) {
  detach();
  attached_.clear();
  const std::vector<std::string> wanted = choose(functions);
  if (wanted.empty()) return false;
  const size_t refused = refused_.size();
  // Each refusal leaves fewer to choose from.
  auto again = [&] {
    detach();
    return refused_.size() > refused && try_attach(functions);
  };

  object_ = open_object();
  if (!object_) refuse_bpf(target_, "open the bpf object", errno);
  if (int failed = load(object_, wanted)) {
    if (functions) functions_refusal_ = std::strerror(-failed);
    if (failed == -EPERM) {
      detach();
      return false;
    }
    // Some program is refused: which one is found out one by one, once.
    for (const std::string& name : wanted) {
      bpf_object* alone = open_object();
      if (!alone) break;
      if (load(alone, {name})) refused_.emplace_back(name, "the kernel refuses the program");
      bpf_object__close(alone);
    }
    return again();
  }

  void* settings = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED,
                        bpf_object__find_map_fd_by_name(object_, "settings"), 0);
  if (settings == MAP_FAILED) {
    const int code = errno;
    detach();
    throw Error("mmap bpf map settings", code, "Free some memory.");
  }
  settings_ = static_cast<causes_settings*>(settings);
  LIBBPF_OPTS(bpf_test_run_opts, options);
  const int start = bpf_program__fd(bpf_object__find_program_by_name(object_, "start"));
  ring_ = ring_buffer__new(bpf_object__find_map_fd_by_name(object_, "records"), take, this, nullptr);
  if (!ring_ || bpf_prog_test_run_opts(start, &options)) {
    const int code = errno;
    detach();
    throw Error("make the ring of bpf records", code, "Free some memory.");
  }
  for (const std::string& name : wanted) {
    bpf_link* link = bpf_program__attach(bpf_object__find_program_by_name(object_, name.c_str()));
    if (link) {
      links_.push_back(link);
      attached_.push_back(name);
    } else {
      const std::string reason = std::strerror(errno);
      refused_.emplace_back(name, "it can’t be attached: " + reason);
      if (functions) functions_refusal_ = reason;
    }
  }
  if (refused_.size() > refused) return again();
  return true;
}

void CauseRecorder::detach() {
  if (object_) lost_before_ = lost() - dropped_;
  for (bpf_link* link : links_) bpf_link__destroy(link);
  links_.clear();
  if (ring_) ring_buffer__free(ring_);
  ring_ = nullptr;
  if (settings_) munmap(settings_, kPageSize);
  settings_ = nullptr;
  if (object_) bpf_object__close(object_);
  object_ = nullptr;
}

std::string CauseRecorder::functions_refusal() {
  std::lock_guard lock(mutex_);
  return functions_refusal_;
}

std::vector<CauseAbility> CauseRecorder::abilities() {
  std::lock_guard lock(mutex_);
  if (!object_) attach();
  const bool functions = !no_functions_;
  std::vector<CauseAbility> list;
  for (const Topic& topic : kTopics) {
    CauseAbility ability{topic.name, CauseAbility::How::no, ""};
    const bool exactly = has_any(attached_, topic.functions);
    if (exactly || (uses_tracepoints(topic, functions) && has_any(attached_, topic.tracepoints))) {
      ability.how = exactly || !*topic.missing ? CauseAbility::How::exactly : CauseAbility::How::partly;
      if (ability.how == CauseAbility::How::partly) ability.detail = topic.missing;
    } else if (!functions && topic.tracepoints.empty()) {
      ability.detail = "no tracepoint tells of it";
    } else {
      for (const char* name : functions ? topic.functions : topic.tracepoints)
        if (const std::string* reason = reason_of(not_attached_, name)) ability.detail = *reason;
    }
    list.push_back(std::move(ability));
  }
  if (watches_.empty()) detach();
  return list;
}

void map_file_ranges(std::vector<cause_record>& records, const std::vector<Region>& regions) {
  std::vector<cause_record> mapped;
  for (const cause_record& r : records) {
    if (!(r.flags & CAUSE_OF_FILE)) {
      mapped.push_back(r);
      continue;
    }
    for (const Region& region : regions) {
      const u64 length = region.end - region.begin;
      if (!region.inode || region.inode != r.detail || region.device != r.argument) continue;
      if (r.end <= region.offset || r.begin >= region.offset + length) continue;
      const u64 first = std::max(r.begin, region.offset) - region.offset;
      const u64 last = std::min(r.end, region.offset + length) - region.offset;
      cause_record here = r;
      here.flags &= ~CAUSE_OF_FILE;
      here.detail = here.argument = 0;
      here.begin = region.begin + first;
      here.end = region.begin + last;
      mapped.push_back(here);
    }
  }
  records = std::move(mapped);
}

std::vector<cause_record> records_about(const std::vector<cause_record>& records, const std::vector<CauseRow>& rows) {
  std::vector<cause_record> about;
  if (rows.empty()) return about;
  auto first_from = [&](u64 va) {
    return std::lower_bound(rows.begin(), rows.end(), va, [](const CauseRow& row, u64 at) { return row.va < at; });
  };
  for (const cause_record& r : records) {
    if (r.flags & CAUSE_SOMEWHERE) {
      about.push_back(r);
      continue;
    }
    const u64 begin = huge_begin(r.begin), end = huge_end(r.end);
    auto row = first_from(begin);
    if (row == rows.end() || row->va >= end) continue;
    if (!(r.flags & CAUSE_ANY_SPACE)) {
      about.push_back(r);
      continue;
    }
    // It is of this address space if the entry that was made is, or leads to the frame that is there now.
    for (row = first_from(r.begin); row != rows.end() && row->va < r.end; ++row) {
      const u64 pfn = (r.argument & kAddressBits) >> kPageShift;
      const bool huge = r.end - r.begin > kPageSize;
      const u64 offset = huge ? (row->va - r.begin) >> kPageShift : 0;
      const bool same = r.kind == CAUSE_MIGRATED ? row->pfn == pfn + offset : row->entry == r.argument;
      if (!same) continue;
      about.push_back(r);
      about.back().argument = 0;
      break;
    }
  }
  return about;
}

}  // namespace cr3scope
