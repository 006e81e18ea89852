// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Mappings that become executable: of files without a name, and of protected ones. Where the kernel asks its security
 * modules the mapping is at hand; else it is looked up by its address when mprotect has returned (5.17).
 */
#include "lib/open.bpf.h"

#define PROT_EXEC 4

ALWAYS_INLINE void tell_protected_mapping(struct subject *who, struct file *file, __u16 hook, __u32 quality)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct scratch *s;
	struct opened o;

	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return;
	if (!look_at_file(&o, who, file, AMBIT_ACCESS_READ | AMBIT_ACCESS_EXECUTE, hook, quality, REPEATS_TOLD))
		return;
	if (!o.flags && BPF_CORE_READ(inode, i_nlink))
		return;
	s = take_scratch(who->image_id);
	if (!s)
		return;
	tell_open(s, who, file, &o, 0, hook, quality);
	give_back(s);
}

struct found_mapping {
	struct file *file; /* NULL: of no file */
};

static long note_mapping(struct task_struct *task, struct vm_area_struct *mapping, struct found_mapping *found)
{
	found->file = BPF_CORE_READ(mapping, vm_file);
	return 0;
}

/* The dispatcher lets only PROT_EXEC through. */
ALWAYS_INLINE void protect_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct found_mapping found = {};
	struct subject who;
	bool is_compat;

	if (ret)
		return;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return;
	is_compat = is_compat_call(who.task);
	if (bpf_find_vma(bpf_get_current_task_btf(), call_first(regs, is_compat), note_mapping, &found, 0))
		count_loss(AMBIT_LOSS_READ_FAILED, who.image_id); /* another thread holds the address space */
	else if (found.file)
		tell_protected_mapping(&who, found.file, hook, is_compat ? AMBIT_Q_COMPAT : 0);
}
CALL_PROGRAM(protect)

ALWAYS_INLINE void mapping_protected(struct vm_area_struct *mapping, unsigned long protection, __u16 hook)
{
	struct file *file = BPF_CORE_READ(mapping, vm_file);
	struct subject who;

	if (!(protection & PROT_EXEC) || !file)
		return;
	subject_of_current(&who);
	if (is_of_interest(&who))
		tell_protected_mapping(&who, file, hook, is_compat_call(who.task) ? AMBIT_Q_COMPAT : 0);
}

SEC("lsm/file_mprotect")
int BPF_PROG(lsm__file_mprotect, struct vm_area_struct *mapping, unsigned long asked, unsigned long protection)
{
	mapping_protected(mapping, protection, AMBIT_HOOK_LSM);
	return 0;
}

SEC("fentry/security_file_mprotect")
int BPF_PROG(fentry__security_file_mprotect, struct vm_area_struct *mapping, unsigned long asked,
	     unsigned long protection)
{
	mapping_protected(mapping, protection, AMBIT_HOOK_FENTRY);
	return 0;
}
