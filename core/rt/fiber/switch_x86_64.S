/* SPDX-License-Identifier: MIT */
/* void rt_fiber_switch(void **save_sp, void *load_sp): callee-saved registers of the System V ABI, then the stack. */
	.text
	.globl	rt_fiber_switch
	.type	rt_fiber_switch, @function
	.p2align 4
rt_fiber_switch:
	.cfi_startproc
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.cfi_endproc
	.size	rt_fiber_switch, .-rt_fiber_switch
	.section .note.GNU-stack,"",@progbits
