/* SPDX-License-Identifier: GPL-2.0-only */
/* Embeds the compiled bpf object, so that the addon is one file. */
	.section .rodata
	.balign 16
	.globl cr3scope_bpf_begin
	.globl cr3scope_bpf_end
	.hidden cr3scope_bpf_begin
	.hidden cr3scope_bpf_end
cr3scope_bpf_begin:
	.incbin "frames.bpf.o"
cr3scope_bpf_end:
	.section .note.GNU-stack,"",@progbits
