// SPDX-License-Identifier: GPL-2.0-only
/* Control registers of a CPU, read on that CPU. */
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include "internal.h"

struct request {
	struct cr3scope_cpu *cpu;
	struct pid_namespace *ns;
};

static u64 read_msr(u32 msr)
{
	u32 low, high;

	return rdmsr_safe(msr, &low, &high) ? 0 : (u64)high << 32 | low;
}

/* On the CPU itself, with IRQs off: current and its mm can't go away. */
static void read_here(void *argument)
{
	const struct request *request = argument;
	struct cr3scope_cpu *cpu = request->cpu;

	cpu->cr0 = read_cr0();
	cpu->cr3 = __read_cr3();
	cpu->cr4 = __read_cr4();
	cpu->efer = read_msr(MSR_EFER);
	cpu->pat = read_msr(MSR_IA32_CR_PAT);
	cpu->pid = __task_pid_nr_ns(current, PIDTYPE_TGID, request->ns);
	cpu->from = current->mm ? CR3SCOPE_FROM_MM : CR3SCOPE_FROM_ACTIVE_MM;
	cpu->flags = current->flags & PF_KTHREAD ? CR3SCOPE_KERNEL_THREAD : 0;
	cpu->root_pa = cr3scope_root_pa(current->active_mm->pgd);
	memcpy(cpu->comm, current->comm, sizeof(cpu->comm) - 1);
}

int cr3scope_read_cpu(struct cr3scope_cpu *call)
{
	struct request request = { call, task_active_pid_ns(current) };
	u32 cpu = call->cpu;

	if (cpu >= nr_cpu_ids)
		return -ENXIO;
	*call = (struct cr3scope_cpu){ .cpu = cpu };
	return smp_call_function_single(cpu, read_here, &request, 1);
}
