// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
bool test(struct page *page)
{
	return is_page_hwpoison(page);
}
