// SPDX-License-Identifier: GPL-2.0
/*
 * What must not be used for the direct call: gcc keeps all registers in such a
 * function, clang those that carry no arguments.
 */
void cow_flight_handle(unsigned long address, unsigned int flags);
void cow_zeroread_begin(void *vma, unsigned long address, unsigned int flags);
__attribute__((no_caller_saved_registers))
void cow_straight_mm_fault(void *vma, unsigned long address, unsigned int flags);

void cow_straight_mm_fault(void *vma, unsigned long address, unsigned int flags)
{
	if (flags & 1)
		cow_flight_handle(address, flags);
	else
		cow_zeroread_begin(vma, address, flags);
}
