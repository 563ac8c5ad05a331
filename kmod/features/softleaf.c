// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/leafops.h>
bool test(softleaf_t entry)
{
	return softleaf_is_migration(entry);
}
