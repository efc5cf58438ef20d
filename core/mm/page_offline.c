/* SPDX-License-Identifier: MIT */
#include "core/mm/page_offline.h"

#include "core/mm/machine.h"

void page_offline_init(void)
{
	init_rwsem(&machine.page_offline_rwsem, LOCK_page_offline);
}

void page_offline_freeze(void)
{
	down_read(&machine.page_offline_rwsem);
}

void page_offline_thaw(void)
{
	up_read(&machine.page_offline_rwsem);
}

void page_offline_begin(void)
{
	down_write(&machine.page_offline_rwsem);
}

void page_offline_end(void)
{
	up_write(&machine.page_offline_rwsem);
}
