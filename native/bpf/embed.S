/* SPDX-License-Identifier: GPL-2.0-only */
/* Embeds the compiled bpf objects, so that the addon is one file. */
	.macro embed name
	.balign 16
	.globl cr3scope_\name\()_begin
	.globl cr3scope_\name\()_end
	.hidden cr3scope_\name\()_begin
	.hidden cr3scope_\name\()_end
cr3scope_\name\()_begin:
	.incbin "\name\().bpf.o"
cr3scope_\name\()_end:
	.endm

	.section .rodata
	embed frames
	embed process_events
	embed causes
	.section .note.GNU-stack,"",@progbits
