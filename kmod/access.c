// SPDX-License-Identifier: GPL-2.0-only
/* Who may read, through the device and through course mode. */
#include <linux/capability.h>
#include <linux/security.h>
#include "compat.h"
#include "exports.h"

/*
 * 0, or -EPERM. Asked at open and again at every call: a descriptor may be passed on to somebody else, its owner may give
 * up capabilities, and the kernel can be locked down meanwhile (frames hold what /proc/kcore does).
 */
int cr3scope_may_read(void)
{
	if (!capable(CAP_SYS_ADMIN) || !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return security_locked_down(LOCKDOWN_KCORE);
}
EXPORT_TO_COURSE(cr3scope_may_read);
