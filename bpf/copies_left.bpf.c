// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The end of a copy that was made in parts: what came within a second of its last record, handed over once a second so
 * that it is told although no further part comes.
 */
#include "lib/copy.bpf.h"

SEC("iter/bpf_map_elem")
int iter__copies(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct ambit_copy_key *key = ctx->key;
	const struct copied *shown = ctx->value;
	struct ambit_copy_row row = {};
	struct copied *told;

	/* Looked at where the iterator shows it: a look-up by key would keep every entry from making room. */
	if (!key || !shown || !shown->repeats || bpf_ktime_get_boot_ns() - shown->told_ns < COPY_TOLD_NS)
		return 0;
	row.key = *key;
	told = bpf_map_lookup_elem(&copies, &row.key);
	if (!told)
		return 0;
	row.bytes = told->bytes;
	row.repeats = told->repeats;
	if (bpf_seq_write(ctx->meta->seq, &row, sizeof(row)))
		return 0; /* no room: shown once more */
	__sync_fetch_and_add(&told->bytes, -row.bytes);
	__sync_fetch_and_add(&told->repeats, -row.repeats);
	return 0;
}
