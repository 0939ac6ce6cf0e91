// SPDX-License-Identifier: GPL-2.0
#include <linux/irqflags.h>
#include <linux/mm.h>

#include "pagetable.h"

/* Where the entry for the huge page around @address is, or NULL. */
static pmd_t *pmd_of(struct mm_struct *mm, unsigned long address)
{
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;
	pud_t *pud, pud_value;

	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, address);
	pud_value = READ_ONCE(*pud);
	if (pud_none(pud_value) || pud_leaf(pud_value) || pud_bad(pud_value))
		return NULL;
	return pmd_offset(pud, address);
}

pmd_t cow_pagetable_pmd(struct mm_struct *mm, unsigned long address)
{
	pmd_t *pmd = pmd_of(mm, address);

	return pmd ? READ_ONCE(*pmd) : __pmd(0);
}

bool cow_pagetable_is_busy(struct mm_struct *mm, unsigned long address)
{
	unsigned long flags;
	bool busy = false;
	pmd_t *pmd;

	local_irq_save(flags);
	pmd = pmd_of(mm, address);
	if (pmd)
		busy = spin_is_locked(pmd_lockptr(mm, pmd));
	local_irq_restore(flags);
	return busy;
}

pte_t cow_pagetable_pte(struct mm_struct *mm, unsigned long address)
{
	pte_t pte = __pte(0);
	unsigned long flags;
	pmd_t pmd;

	local_irq_save(flags);
	pmd = cow_pagetable_pmd(mm, address);
	if (pmd_present(pmd) && !pmd_leaf(pmd) && !pmd_bad(pmd))
		pte = READ_ONCE(*pte_offset_kernel(&pmd, address));
	local_irq_restore(flags);
	return pte;
}
