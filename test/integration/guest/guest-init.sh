#!/bin/sh
# PID 1 of the guest, at the machine's own root file system: runs /exchange/run, and ends the guest.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm /lib/modules
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount --bind "$(cat /exchange/modules)" /lib/modules
modprobe virtio_net
sh /exchange/run </dev/null
sync
echo o >/proc/sysrq-trigger
while :; do sleep 1; done
