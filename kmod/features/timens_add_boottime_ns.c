// SPDX-License-Identifier: GPL-2.0-only
#include <linux/time_namespace.h>
u64 test(u64 ns)
{
	return timens_add_boottime_ns(ns);
}
