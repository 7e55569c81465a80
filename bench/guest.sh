# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What a guest must have before it is measured in, by whom sources this: the
# modules of the peers, and cgroups that charge memory and nothing else, so
# that only that is added to what is done in one.

for module in tipc binder_linux; do
	modprobe "$module" 2>/dev/null || echo "no module $module here"
done
if [ -w /sys/fs/cgroup/cgroup.subtree_control ]; then
	echo '-cpu -pids' >/sys/fs/cgroup/cgroup.subtree_control
	echo '+memory' >/sys/fs/cgroup/cgroup.subtree_control
fi
echo 3 >/proc/sys/vm/drop_caches
