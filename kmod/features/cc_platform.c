// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cc_platform.h>
bool test(void)
{
	return cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}
