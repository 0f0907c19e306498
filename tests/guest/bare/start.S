/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * start.S: from the Multiboot loader to guest_main(), and the way in for interrupts
 */

#define MAGIC 0x1badb002
#define WANT_MEMORY 2

    .section .multiboot, "a"
    .align 4
    .long MAGIC, WANT_MEMORY, -(MAGIC + WANT_MEMORY)

    .text
    .globl _start
_start:
    cli
    movl $stack_end, %esp
    lgdt gdt_register
    ljmp $8, $1f
1:  movl $16, %ecx
    movl %ecx, %ds
    movl %ecx, %es
    movl %ecx, %fs
    movl %ecx, %gs
    movl %ecx, %ss
    cld
    pushl %ebx          /* what the loader tells */
    pushl %eax          /* its magic number */
    call guest_main
2:  cli
    hlt
    jmp 2b

/* The timer: all it has to do is to end a hlt. */
    .globl on_timer
on_timer:
    pushl %eax
    movb $0x20, %al     /* end of interrupt */
    outb %al, $0x20
    popl %eax
    iret

    .globl on_fault
on_fault:
    cld
    call guest_fault    /* does not return */

    .section .rodata
    .align 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff    /* code: 32 bit, all of the memory */
    .quad 0x00cf92000000ffff    /* data */
gdt_register:
    .word gdt_register - gdt - 1
    .long gdt

    .bss
    .align 16
    .skip 16384
stack_end:

    .section .note.GNU-stack, "", @progbits
