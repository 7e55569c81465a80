#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh [OPTION…] [-- COMMAND]: boot a kernel in QEMU with the host's
# files as its own (what it writes stays in its memory), dipc loaded and the
# programs built here on PATH; run COMMAND there, print its output, return its
# status. Without COMMAND: a terminal. It builds nothing of dipc: what is in
# build/ is copied first, so that a build going on does not disturb a guest.
# Status 124: the time limit; 125: the guest died without giving a status;
# 126, of kernels with checkers only: the status was 0, but the kernel reported.

set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../common.sh"
DIPC_WHO=vm

usage()
{
	cat <<-'END'
	boot.sh [OPTION…] [-- COMMAND]
	  --kernel NAME         which kernel: 6.1, 6.12, rt, debug, debug-6.12, kcsan
	  --smp N               virtual CPUs (2)
	  --mem MIB             memory (1024; debug 1536)
	  --timeout SECONDS     limit of wall-clock time (300, debug 3000, kcsan 1500; a terminal 14400)
	  --append TEXT         more kernel arguments
	  --params TEXT         parameters of the module
	  --no-module           do not load dipc (modprobe dipc will)
	  --bring DIR           what COMMAND leaves in /run/dipc/out comes here
	  --expect-reports      what the debug kernel reports is no failure
	  --icount              one CPU, a clock that counts instructions
	  --stalls MS           stop a virtual CPU now and then, for up to so long
	  --env NAME=VALUE      into the command's environment
	  --name NAME           the console is kept in build/vm/NAME.console
	END
}

kernel=${KERNEL:-6.1} smp=2 mem='' limit='' append='' params='' module=1 icount='' stalls='' name=vm expected='' bring=''
environment=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel)	kernel=$2; shift ;;
	--smp)		smp=$2; shift ;;
	--mem)		mem=$2; shift ;;
	--timeout)	limit=$2; shift ;;
	--append)	append=$2; shift ;;
	--params)	params=$2; shift ;;
	--no-module)	module='' ;;
	--bring)	bring=$2; shift ;;
	--expect-reports) expected=1 ;;
	--icount)	icount=1 ;;
	--stalls)	stalls=$2; shift ;;
	--env)		environment+=("$2"); shift ;;
	--name)		name=$2; shift ;;
	--help)		usage; exit 0 ;;
	--)		shift; break ;;
	*)		usage >&2; die "no option '$1'" ;;
	esac
	shift
done
mode='terminal'
[ $# = 0 ] || mode='command'
KERNEL=$kernel
kernel_env
[ -n "$mem" ] || mem=$KMEM
[ -n "$limit" ] || { limit=$((300 * KSLOW)); [ "$mode" = command ] || limit=14400; }

vm=$DIPC_BUILD/vm
tools=$DIPC_BUILD/user/vm
mkdir -p "$vm" "$tools" "$DIPC_BUILD/run"

compile()
{
	local src=$DIPC_TOP/scripts/vm/$1.c out=$tools/$1
	shift

	[ ! "$out" -nt "$src" ] || return 0
	"${CC:-gcc}" -O2 -Wall -Wextra -o "$out.$$" "$src" "$@"
	mv "$out.$$" "$out"
}

# What must be there before the host's files are: virtio, 9p, overlay, console.
make_initramfs()
{
	local dir ko i=0 base

	[ ! "$initramfs" -nt "$tools/init" ] || return 0
	dir=$(mktemp -d "$vm/.initramfs.XXXXXX")
	mkdir "$dir/modules"
	: >"$dir/modules/order"
	for ko in virtio_pci 9p 9pnet_virtio overlay virtio_console; do
		PATH=$PATH:/sbin:/usr/sbin modprobe -d "${KMODULES%/lib/modules/*}" -S "$KREL" \
			--show-depends "$ko"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r ko; do
		base=$(printf '%02d-%s' "$i" "$(basename "$ko")")
		i=$((i + 1))
		case $ko in
		*.xz)	base=${base%.xz}; xz -dc "$ko" >"$dir/modules/$base" ;;
		*.zst)	base=${base%.zst}; zstd -dcq "$ko" >"$dir/modules/$base" ;;
		*)	cp "$ko" "$dir/modules/$base" ;;
		esac
		echo "$base" >>"$dir/modules/order"
	done
	cp "$tools/init" "$dir/init"
	(cd "$dir" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$dir.cpio"
	rm -rf "$dir"
	mv "$dir.cpio" "$initramfs"
}

compile init -static
compile tsc
[ -z "$stalls" ] || compile stall
initramfs=$vm/$KVERSION.initramfs
make_initramfs

find "$DIPC_BUILD/run" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
run=$(mktemp -d "$DIPC_BUILD/run/$name.XXXXXX")
terminal_state='' running=''
# shellcheck disable=SC2317	# by the trap
finish()
{
	[ -z "$running" ] || { kill "$running"; wait "$running"; } 2>/dev/null || true
	[ -z "$terminal_state" ] || stty "$terminal_state" || true
	[ ! -f "$run/console" ] || mv -f "$run/console" "$vm/$name.console" || true
	rm -rf "$run"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
share=$run/share
mkdir -p "$share/out"

# A copy of what is built, as it is now.
# shellcheck disable=SC2317	# by with_lock
snapshot()
{
	if [ -f "$DIPC_OBJ/dipc.ko" ]; then
		cp "$DIPC_OBJ/dipc.ko" "$run/dipc.ko"
	elif [ -n "$module" ]; then
		die "no module for $KREL: make KERNEL=$kernel"
	fi
	cp -a "$DIPC_BUILD/user" "$run/user"
}
with_lock "$DIPC_BUILD/.lock.$KREL" with_lock "$DIPC_BUILD/.lock.user" snapshot

if [ -f "$run/dipc.ko" ]; then
	{
		echo "install dipc insmod $run/dipc.ko \$CMDLINE_OPTS"
		/sbin/modinfo -F alias "$run/dipc.ko" | sed 's/$/ dipc/; s/^/alias /'
	} >"$share/modprobe.conf"
fi

user=$run/user
path=$user/ipcctl:$user/libipc/examples:$user/selftests/dipc:$user/vm
{
	echo "mode=$mode"
	echo "release=$KREL"
	echo "modules=$KMODULES"
	if [ -n "$module" ]; then
		echo "insmod=$run/dipc.ko"
		echo "params=$params"
	fi
	[ ! -f "$run/dipc.ko" ] ||
		/sbin/modinfo -F depends "$run/dipc.ko" | tr ',' '\n' | sed -n 's/^./modprobe=&/p'
	echo "cwd=$PWD"
	echo "env=PATH=$path:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	echo "env=LD_LIBRARY_PATH=$user/libipc"
	echo "env=HOME=/root"
	echo "env=USER=root"
	echo "env=LANG=C.UTF-8"
	echo "env=TERM=${TERM:-dumb}"
	echo "env=DIPC_TOP=$DIPC_TOP"
	echo "env=DIPC_SLOW=$KSLOW"
	echo "env=DIPC_USER=$user"
	echo "env=DIPC_KO=$run/dipc.ko"
	[ ${#environment[@]} = 0 ] || printf 'env=%s\n' "${environment[@]}"
	if [ "$mode" = terminal ]; then
		printf '%s\n' "env=PS1=dipc $kernel:\\w\\\$ "
		read -r rows cols < <(stty size 2>/dev/null || echo 24 80)
		echo "rows=$rows"
		echo "cols=$cols"
	fi
} >"$share/job"
[ "$mode" = terminal ] || printf '%s' "$*" >"$share/cmd"

if [ -n "$icount" ]; then
	smp=1
	# random numbers as cheap as with entropy, and the same each time
	accel=(-accel 'tcg,thread=single,tb-size=256' -icount 'shift=0,sleep=off'
		-cpu 'qemu64,+rdrand' -seed 1)
	khz=1000000
else
	accel=(-accel 'tcg,thread=multi,tb-size=256' -cpu 'max,la57=off')
	khz=$("$tools/tsc")
fi
args="console=ttyS0,115200 loglevel=7 panic=-1 oops=panic nokaslr mitigations=off \
tsc=reliable tsc_early_khz=$khz no_timer_check random.trust_cpu=on audit=0 \
cryptomgr.notests i8042.noaux i8042.nokbd net.ifnames=0 no_hash_pointers $KARGS $append"

qemu=(timeout --foreground -k 5 "$limit")
[ -z "$stalls" ] || qemu+=("$tools/stall" "$stalls")
qemu+=(qemu-system-x86_64 -name "$name,debug-threads=on"
	-nodefaults -no-user-config -no-reboot -display none
	-machine 'q35,hpet=off,usb=off,vmport=off,smbus=off,sata=off,graphics=off'
	"${accel[@]}" -m "$mem" -smp "$smp"
	-kernel "$KVMLINUX" -initrd "$initramfs" -append "$args"
	-chardev "file,id=console,path=$run/console" -serial chardev:console
	-device 'isa-debug-exit,iobase=0x501,iosize=0x04'
	-fsdev 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'
	-device 'virtio-9p-pci,fsdev=root,mount_tag=root'
	-fsdev "local,id=share,path=$share,security_model=none"
	-device 'virtio-9p-pci,fsdev=share,mount_tag=share'
	-device virtio-serial-pci)

# The console without those data races in which no module of ours has a part:
# the core of the network is watched, too.
told()
{
	awk '
		!held && /\] =+\r?$/ { edge = $0 ORS; next }
		edge && /BUG: KCSAN/ { held = edge; ours = 0 }
		!held { printf "%s", edge; print }
		{ edge = "" }
		held { held = held $0 ORS }
		held && /\[dipc/ { ours = 1 }
		held && /\] =+\r?$/ { if (ours) printf "%s", held; held = "" }
		END { printf "%s", held edge }' "$run/console"
}

# What a checker says, or that it has given up. Leaks suites.c looks for.
reports='BUG:|WARNING:|INFO: |KASAN|KCSAN|ODEBUG|UBSAN|kmemleak: .*(disabled|empty|failed)'
# It says that it is off, which is no news to who has asked for it.
[[ "$append" != *kmemleak=off* ]] || reports=${reports%|kmemleak*}
status=0

run_guest()
{
	status=0
	# A file for QEMU, a pipe in truth: whatever our own output is.
	# Waiting in the background, this shell can be told to stop.
	exec 3> >(exec cat)
	reader=$!
	"${qemu[@]}" -chardev file,id=out,path=/dev/stdout,append=on \
		-device virtserialport,nr=1,chardev=out </dev/null >&3 2>"$run/qemu" &
	running=$!
	exec 3>&-
	wait "$running" || status=$?
	running=''
	wait "$reader" || true
}

# Before init and before our module: rarely, QEMU's translator runs with two
# processors what the kernel is just changing in its own code (an int3 Oops).
died_in_boot()
{
	[ ! -s "$share/rc" ] && [ ! -s "$share/error" ] || return 1
	[ "$status" != 124 ] && [ "$status" != 137 ] || return 1
	grep -qa 'Kernel panic' "$run/console" 2>/dev/null || return 1
	! grep -qa 'Run /init as init process' "$run/console"
}

if [ "$mode" = terminal ]; then
	terminal_state=$(stty -g 2>/dev/null || true)
	"${qemu[@]}" -chardev 'stdio,id=out,signal=off' -device virtconsole,chardev=out || status=$?
else
	run_guest
	for again in 1 2; do
		died_in_boot || break
		say "the kernel died before there was a user space: once more ($again)"
		mv -f "$run/console" "$vm/$name.console.$again"
		run_guest
	done
fi

[ -z "$bring" ] || cp -r "$share/out/." "$bring/"
if [ -s "$share/rc" ]; then
	status=$(cat "$share/rc")
	if [ -n "$KCHECKS" ] && [ -z "$expected" ] && told | grep -aE "$reports" >/dev/null; then
		say "the kernel reported (all is in build/vm/$name.console):"
		told | grep -aE -A 30 "$reports" | sed -n 's/\r$//; s/^/    /; 1,120p' >&2
		[ "$status" != 0 ] || status=126
	fi
	exit "$status"
fi
# From the first sign of trouble on, or just the end.
console_tail()
{
	local from lines

	[ -f "$run/console" ] || return 0
	lines=$(wc -l <"$run/console")
	from=$(grep -naE 'BUG:|Oops|Kernel panic|WARNING:|Unable to|INFO: |^init: ' "$run/console" |
	       sed -n '1s/:.*//p') || true
	[ -n "$from" ] || from=$((lines > 20 ? lines - 20 : 1))
	say "its console (all of it is in build/vm/$name.console):"
	sed -n "$from,$((from + 45))p" "$run/console" | tr -d '\r' | sed 's/^/    /' >&2
}
case $status in
124|137)
	say "stopped at the time limit of $limit s; the guest had not ended"
	console_tail
	exit 124 ;;
esac
if [ -s "$share/error" ]; then
	say "the guest could not start: $(cat "$share/error")"
elif [ -s "$run/qemu" ] && ! [ -s "$run/console" ]; then
	say "QEMU: $(cat "$run/qemu")"
else
	say "the guest died without giving a status (panic, reset or power-off)"
fi
console_tail
exit 125
