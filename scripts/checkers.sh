#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# checkers.sh: proof that each checker of the debug kernel speaks. Builds the
# module of deliberate faults (selftests/faulty), commits them one by one in a
# guest and looks for the report that each must cause. KERNEL (debug).
# The order matters: lockdep is silent after its first report and after the
# first one of KASAN's.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# What is committed, and what must be said.
faults='
smp_processor_id_preemptible	BUG: using smp_processor_id\(\) in preemptible
sleep_in_atomic			BUG: sleeping function called from invalid context
rcu_dereference_outside		WARNING: suspicious RCU usage
rcu_list_outside		RCU-list traversed in non-reader section
lock_order			possible circular locking dependency detected
sleep_in_rcu			BUG: sleeping function called from invalid context
refcount_underflow		refcount_t: .*(leaking memory|addition on 0)
list_corrupt			list_add (double add|corruption)
object_freed_active		ODEBUG: free active .* object type: timer_list
ubsan_shift			UBSAN: shift-out-of-bounds
ubsan_index			UBSAN: array-index-out-of-bounds
slab_out_of_bounds		KASAN: slab-out-of-bounds
use_after_free			KASAN: slab-use-after-free|KASAN: use-after-free
double_free			KASAN: (invalid-free|double-free)
vmalloc_out_of_bounds		KASAN: vmalloc-out-of-bounds
stack_out_of_bounds		KASAN: stack-out-of-bounds
global_out_of_bounds		KASAN: global-out-of-bounds
'

guest()
{
	local name expected seen=0 failed=0

	# What the kernel has said since the last time.
	exec 5</dev/kmsg
	kmsg()
	{
		timeout 2 cat <&5 || true
	}
	kmsg >/dev/null
	insmod "$1"
	while read -r name expected; do
		[ -n "$name" ] || continue
		echo "$name" >/sys/module/dipc_faulty/parameters/fault
		seen=$((seen + 1))
		if kmsg | grep -qE "$expected"; then
			echo "ok $name"
		else
			echo "SILENT: $name should have given '$expected'"
			failed=1
		fi
	done <<<"$faults"
	echo leak >/sys/module/dipc_faulty/parameters/fault
	sleep 6
	echo scan >/sys/kernel/debug/kmemleak
	echo scan >/sys/kernel/debug/kmemleak
	if grep -q '\[dipc_faulty\]' /sys/kernel/debug/kmemleak; then
		echo "ok leak"
	else
		echo "SILENT: leak was not found by kmemleak"
		failed=1
	fi
	for name in /sys/kernel/debug/{kcov,failslab,fail_page_alloc,fail_usercopy,fail_function} \
		    /proc/self/fail-nth; do
		[ -e "$name" ] || { echo "missing: $name"; failed=1; }
	done
	echo "$((seen + 1)) faults committed"
	exit "$failed"
}

if [ "${1:-}" = guest ]; then
	guest "$2"
fi

export KERNEL=${KERNEL:-debug}
kernel_env
dir=$DIPC_BUILD/$KREL-faulty
# shellcheck disable=SC2317	# by with_lock
build()
{
	mkdir -p "$dir"
	cp -rs --remove-destination "$DIPC_TOP/selftests/faulty/." "$dir/"
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -s -C "$KDIR" --no-print-directory M="$dir" modules
}
with_lock "$DIPC_BUILD/.lock.$KREL" build
exec "$DIPC_TOP/scripts/vm/boot.sh" --kernel "$KERNEL" --name checkers --no-module \
	--expect-reports -- "$DIPC_TOP/scripts/checkers.sh guest $dir/dipc_faulty.ko"
