#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# checkers.sh: proof that each checker of the kernels that are built here
# speaks. Builds the module of deliberate faults (selftests/faulty), commits
# them one by one in a guest and looks for the report that each must cause.
# KERNEL (debug). Every setting of kernel-debug.config or kernel-kcsan.config
# must be in its table here, with a fault or with a reason.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# The fault, the settings that it proves, what must be said. The order matters:
# lockdep is silent after its first report and after the first of KASAN's.
# shellcheck disable=SC2034	# by its name
debug_faults='
sleep_in_atomic		DEBUG_ATOMIC_SLEEP	BUG: sleeping function called from invalid context
rcu_dereference_outside	PROVE_LOCKING		WARNING: suspicious RCU usage
rcu_list_outside	PROVE_RCU_LIST,RCU_EXPERT	RCU-list traversed in non-reader section
lock_order		PROVE_LOCKING,LOCKDEP_BITS,LOCKDEP_CHAINS_BITS	possible circular locking dependency detected
sleep_in_rcu		DEBUG_ATOMIC_SLEEP	BUG: sleeping function called from invalid context
schedule_in_atomic	DEBUG_ATOMIC_SLEEP	BUG: scheduling while atomic
refcount_underflow	DEBUG_KERNEL		refcount_t: .*(leaking memory|addition on 0)
list_added_twice	DEBUG_LIST		list_add (double add|corruption)
list_deleted_twice	DEBUG_LIST		list_del corruption
notifier_in_data	DEBUG_NOTIFIERS		Invalid notifier called!
timer_freed		DEBUG_OBJECTS,DEBUG_OBJECTS_FREE,DEBUG_OBJECTS_TIMERS	ODEBUG: free active .* object type: timer_list
work_not_initialised	DEBUG_OBJECTS_WORK	ODEBUG: activate not available .* object type: work_struct
rcu_head_twice		DEBUG_OBJECTS_RCU_HEAD	ODEBUG: activate active .* object type: rcu_head
netns_put_twice		NET_NS_REFCNT_TRACKER	reference already released
netdev_put_twice	NET_DEV_REFCNT_TRACKER	reference already released
net_warning		DEBUG_NET		WARNING: .*net_warning
ubsan_shift		UBSAN,UBSAN_SHIFT,UBSAN_SANITIZE_ALL	UBSAN: shift-out-of-bounds
ubsan_index		UBSAN_BOUNDS		UBSAN: array-index-out-of-bounds
ubsan_bool		UBSAN_BOOL		UBSAN: invalid-load
task_hangs		DETECT_HUNG_TASK,DEFAULT_HUNG_TASK_TIMEOUT	INFO: task .* blocked for more than
cpu_hangs		SOFTLOCKUP_DETECTOR	BUG: soft lockup
rcu_hangs		RCU_CPU_STALL_TIMEOUT	(self-)?detected (expedited )?stall
worker_hangs		WQ_WATCHDOG		BUG: workqueue lockup
fail_slab		FAULT_INJECTION,FAILSLAB	kmalloc failed
fail_page		FAIL_PAGE_ALLOC		get_free_page failed
fail_copy		FAULT_INJECTION_USERCOPY	copy_from_user failed
fail_call		FUNCTION_ERROR_INJECTION,FAIL_FUNCTION,FAULT_INJECTION_DEBUG_FS	a function failed
slab_out_of_bounds	KASAN,KASAN_GENERIC,KASAN_INLINE,SLUB,SLUB_DEBUG	KASAN: slab-out-of-bounds
use_after_free		KASAN			KASAN: slab-use-after-free|KASAN: use-after-free
page_use_after_free	KASAN			KASAN: use-after-free
double_free		KASAN			KASAN: (invalid-free|double-free)
invalid_free		KASAN			KASAN: (invalid-free|double-free)
vmalloc_out_of_bounds	KASAN_VMALLOC,VMAP_STACK	KASAN: vmalloc-out-of-bounds
stack_out_of_bounds	KASAN_STACK		KASAN: stack-out-of-bounds
global_out_of_bounds	KASAN			KASAN: global-out-of-bounds
'
# shellcheck disable=SC2034	# by its name
kcsan_faults='
smp_processor_id_preemptible	DEBUG_PREEMPT	BUG: using smp_processor_id\(\) in preemptible
plain_data_race		DEBUG_KERNEL,KCSAN,KCSAN_EARLY_ENABLE	KCSAN: data-race in count_plainly
half_marked_data_race	KCSAN_STRICT		KCSAN: data-race in count_(marked|plainly)
unseen_data_race	KCSAN_REPORT_RACE_UNKNOWN_ORIGIN	KCSAN: data-race in read_plainly
no_data_race		KCSAN			-
'
# What the guest tries in another way, and what is tried by nothing here.
# shellcheck disable=SC2034	# by its name
debug_others='
LOCALVERSION		a name
DEBUG_PREEMPT		not set
DEBUG_MISC		opens the menu of other settings
DEBUG_OBJECTS_PERCPU_COUNTER	freeing one that is in use was not reported
DEBUG_KMEMLEAK		the leak below
DEBUG_KMEMLEAK_MEM_POOL_SIZE	a size
DEBUG_KMEMLEAK_AUTO_SCAN	not set
KCOV			what is recorded, below
KCOV_ENABLE_COMPARISONS	recorded like the rest
GCOV_KERNEL		what is counted, below
UNWINDER_FRAME_POINTER	no checker
INIT_STACK_NONE		no checker
HARDENED_USERCOPY	its report is the end of the kernel (BUG)
SCHED_STACK_END_CHECK	its report is the end of the kernel (panic)
DEBUG_SG		its report is the end of the kernel (BUG)
DEBUG_CREDENTIALS	its report is the end of the kernel (BUG)
DEBUG_PLIST		the functions that it checks are not for modules
'
# shellcheck disable=SC2034	# by its name
kcsan_others='
LOCALVERSION		a name
KCSAN_INTERRUPT_WATCHER	needs an interrupt at the very moment of a watch
KCSAN_WEAK_MEMORY	not set
KCSAN_SKIP_WATCH	a rate
KCSAN_SKIP_WATCH_RANDOMIZE	a rate
KCSAN_UDELAY_TASK	a time
KCSAN_UDELAY_INTERRUPT	a time
KCSAN_DELAY_RANDOMIZE	a time
KCSAN_NUM_WATCHPOINTS	a size
KCSAN_REPORT_ONCE_IN_MS	a time
'

parameter=/sys/module/dipc_faulty/parameters/fault
debugfs=/sys/kernel/debug

good()
{
	echo "ok $1"
}

bad()
{
	echo "SILENT: $1: $2"
	failed=1
}

# What the kernel has said since the last time: a line with each read, and at
# the end an error, for it is not waited for.
kmsg()
{
	dd iflag=nonblock bs=8k status=none <&5 2>/dev/null || true
}

# said REGEX: whether it says so, if not at once then a little later: some
# checkers look from time to time, and on another processor.
said()
{
	local said='' tries=30

	while said+=$(kmsg); ! grep -qE "$1" <<<"$said"; do
		[ $((tries--)) -gt 0 ] || return 1
		sleep 0.5
	done
}

set_to()
{
	echo "$2" >"$1" || bad "$1" "it cannot be set to $2"
}

# Faults are injected into what may not wait unless one says otherwise.
prepare_debug()
{
	local at

	for at in failslab/ignore-gfp-wait fail_page_alloc/ignore-gfp-wait; do
		set_to "$debugfs/$at" N
	done
	set_to $debugfs/fail_page_alloc/min-order 0
	set_to $debugfs/fail_function/inject dipc_faulty_step
	set_to $debugfs/fail_function/dipc_faulty_step/retval 0xfffffffffffffff4
	set_to $debugfs/fail_function/probability 100
	set_to $debugfs/fail_function/times -1
}

# limit_of FAULT: where the limit of time is that is waited for, and how many
# seconds are enough.
limit_of()
{
	case $1 in
	task_hangs)	echo /proc/sys/kernel/hung_task_timeout_secs 2 ;;
	cpu_hangs)	echo /proc/sys/kernel/watchdog_thresh 1 ;;
	rcu_hangs)	echo /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout 3 ;;
	worker_hangs)	echo /sys/module/workqueue/parameters/watchdog_thresh 2 ;;
	esac
}

# commit NAME: such a limit is low for its own fault only, for what another
# detector writes to the console is a sign of life to that of lockups.
commit()
{
	local at seconds usual

	read -r at seconds <<<"$(limit_of "$1")"
	if [ -n "$at" ]; then
		usual=$(cat "$at")
		set_to "$at" "$seconds"
	fi
	echo "$1" >$parameter
	committed=$((committed + 1))
	[ -z "$at" ] || set_to "$at" "$usual"
}

commit_all()
{
	local name proves expected

	while read -r name proves expected; do
		[ -n "$name" ] || continue
		kmsg >/dev/null
		commit "$name"
		if [ "$expected" = - ]; then
			if kmsg | grep -qE 'BUG:|WARNING:'; then
				bad "$name" "should have given no report ($proves)"
				continue
			fi
		elif ! said "$expected"; then
			bad "$name" "should have given '$expected' ($proves)"
			continue
		fi
		good "$name"
	done
}

prove_leaks()
{
	local tries=10

	# It is to be 5 s old by jiffies, which may fall behind.
	echo leak >$parameter
	while [ $((tries--)) -gt 0 ]; do
		sleep 6
		echo scan >$debugfs/kmemleak
		echo scan >$debugfs/kmemleak
		if grep -q '\[dipc_faulty\]' $debugfs/kmemleak; then
			good leak
			return
		fi
	done
	bad leak 'kmemleak did not find it'
}

prove_records()
{
	local start

	start=$(cat /sys/module/dipc_faulty/sections/.text)
	# Below the module's first code there is only the kernel's.
	if "$1/recorded" $parameter net_warning | awk -v start="${start#0x}" '
		("" $1) >= start { n++ } END { exit !n }'; then
		good 'KCOV records'
	else
		bad 'KCOV' 'nothing of the module was recorded'
	fi
}

prove_counts()
{
	local counts=$debugfs/gcov$1/memory.gcda lines

	# By now every function of that file was called.
	cp "$counts" "$1/memory.gcno" /tmp
	lines=$(cd /tmp && gcov -n memory.gcda | sed -n "/memory.c'/{n;s/Lines executed:\\([0-9]*\\).*/\\1/p}")
	if [ "${lines:-0}" -ge 90 ]; then
		good "gcov counts ($lines % of the lines)"
	else
		bad 'gcov' "says that ${lines:-no} % of the lines were executed"
	fi
}

guest()
{
	local kind=$1 dir=$2 failed=0 committed=0
	local -n faults=${kind}_faults

	exec 5</dev/kmsg
	kmsg >/dev/null
	insmod "$dir/dipc_faulty.ko"
	[ "$kind" != debug ] || prepare_debug
	commit_all <<<"$faults"
	if [ "$kind" = debug ]; then
		prove_leaks
		prove_records "$dir"
		prove_counts "$dir"
	fi
	echo "$committed faults committed"
	exit "$failed"
}

if [ "${1:-}" = guest ]; then
	guest "$2" "$3"
fi

export KERNEL=${KERNEL:-debug}
kernel_env
[ -n "$KCHECKS" ] || die "$KERNEL is no kernel with checkers"

# Each setting of the fragment has its line above.
settings()
{
	sed -n "s/^\(# \)\?CONFIG_\([A-Z0-9_]*\)[= ].*/\2/p" \
		"$DIPC_TOP/scripts/kernel-$KCHECKS.config" | sort -u
}
declare -n faults=${KCHECKS}_faults others=${KCHECKS}_others
unproven=$(comm -23 <(settings) \
	<({ awk '{ print $2 }' <<<"$faults" | tr ',' '\n'
	    awk '{ print $1 }' <<<"$others"; } | sort -u) | tr '\n' ' ')
[ -z "$unproven" ] ||
	die "nothing proves these settings of kernel-$KCHECKS.config, and no reason is given: $unproven"

dir=$DIPC_BUILD/$KREL-faulty
# shellcheck disable=SC2317	# by with_lock
build()
{
	mkdir -p "$dir"
	find "$dir" -xtype l -delete
	cp -rs --remove-destination "$DIPC_TOP/selftests/faulty/." "$dir/"
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -s -C "$KDIR" --no-print-directory M="$dir" modules
	gcc -O2 -Wall -Wextra -o "$dir/recorded" "$dir/recorded.c"
}
with_lock "$DIPC_BUILD/.lock.$KREL" build
exec "$DIPC_TOP/scripts/vm/boot.sh" --kernel "$KERNEL" --name checkers --no-module \
	--mem 1024 --expect-reports -- "$DIPC_TOP/scripts/checkers.sh guest $KCHECKS $dir"
