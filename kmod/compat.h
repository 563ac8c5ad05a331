/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. Each difference is found by a test of the headers at build time, never by a version number:
 * distributions backport changes. Supported: 5.10 and later.
 */
#ifndef CR3SCOPE_COMPAT_H
#define CR3SCOPE_COMPAT_H

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/swap.h>
#include <linux/swapops.h>

/* Kinds of non-present entries: linux/leafops.h since 6.19, linux/swapops.h before. */
#ifdef HAVE_SOFTLEAF
#include <linux/leafops.h>
#define entry_is_hwpoison(entry) softleaf_is_hwpoison(entry)
#define entry_is_migration(entry) softleaf_is_migration(entry)
#define entry_is_device(entry) (softleaf_is_device_private(entry) || softleaf_is_device_exclusive(entry))
#define entry_is_marker(entry) softleaf_is_marker(entry)
#else
#define entry_is_hwpoison(entry) is_hwpoison_entry(entry)
#define entry_is_migration(entry) is_migration_entry(entry)
#ifdef SWP_DEVICE_EXCLUSIVE_READ /* 5.14 */
#define entry_is_device(entry) (is_device_private_entry(entry) || is_device_exclusive_entry(entry))
#elif defined(SWP_DEVICE_EXCLUSIVE) /* 6.15 */
#define entry_is_device(entry) (is_device_private_entry(entry) || is_device_exclusive_entry(entry))
#else
#define entry_is_device(entry) is_device_private_entry(entry)
#endif
#ifdef SWP_PTE_MARKER /* 5.19 */
#define entry_is_marker(entry) is_pte_marker_entry(entry)
#else
#define entry_is_marker(entry) false
#endif
#endif

/* A failed swap-in has a type of its own in 6.1; later it is a marker. */
#ifdef SWP_SWAPIN_ERROR
#define entry_is_error(entry) (swp_type(entry) == SWP_SWAPIN_ERROR)
#else
#define entry_is_error(entry) false
#endif

/* A and D are kept above the frame number of a migration entry since 6.2. */
#ifdef SWP_PFN_MASK
#define entry_pfn(entry) (swp_offset(entry) & SWP_PFN_MASK)
#else
#define entry_pfn(entry) swp_offset(entry)
#endif

/* A hugetlb page carries the flag of all its frames on its first one. */
#ifdef HAVE_IS_PAGE_HWPOISON /* 5.15 */
#define page_is_hwpoison(page) is_page_hwpoison(page)
#else
#define page_is_hwpoison(page) (PageHWPoison(page) || (PageHuge(page) && PageHWPoison(compound_head(page))))
#endif

/* Memory encryption: linux/cc_platform.h since 5.16. */
#ifdef HAVE_CC_PLATFORM
#include <linux/cc_platform.h>
#define guest_memory_is_encrypted() cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT)
#else
#include <linux/mem_encrypt.h>
#define guest_memory_is_encrypted() sev_active()
#endif

/* /proc/PID/stat shows start times in the reader's time namespace since 5.11. */
#ifdef HAVE_TIMENS_ADD_BOOTTIME_NS
#include <linux/time_namespace.h>
#define start_boottime_in_namespace(task) timens_add_boottime_ns((task)->start_boottime)
#else
#define start_boottime_in_namespace(task) ((task)->start_boottime)
#endif

/* The name of a symbol namespace is a string since 6.13. */
#ifdef HAVE_BARE_NAMESPACES
#define EXPORT_TO_COURSE(symbol) EXPORT_SYMBOL_NS_GPL(symbol, CR3SCOPE)
#define IMPORT_FROM_CR3SCOPE() MODULE_IMPORT_NS(CR3SCOPE)
#else
#define EXPORT_TO_COURSE(symbol) EXPORT_SYMBOL_NS_GPL(symbol, "CR3SCOPE")
#define IMPORT_FROM_CR3SCOPE() MODULE_IMPORT_NS("CR3SCOPE")
#endif

#ifdef X86_FEATURE_LAM
#define cpu_uses_lam() boot_cpu_has(X86_FEATURE_LAM)
#else
#define cpu_uses_lam() false
#endif

#endif
