#!/bin/sh
# vlan-jail-host.sh DIR SOURCE NODE: makes the guest a lab host with jaild's files, whose trunk is a network card, and runs
# run-vlan-jail.mjs of DIR there. The board's side of the trunk is a VLAN interface in the network namespace `cable`.
set -eu
dir=$1 source=$2 node=$3
hostname labhost
groupadd --system labd
useradd --system --gid labd --home-dir / --no-create-home --shell /usr/sbin/nologin labd
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /opt
mkdir -p /opt/labcli /etc/labcli /var/lib/labcli /disk /run/log
mount --bind "$source/dist" /opt/labcli
mount --bind "$dir/config" /etc/labcli

# The disk has the jails' root file system. Idmapped mounts and upper layers need a file system such as its ext4, too.
modprobe virtio_blk
# There is no udev here, which makes /dev/loop-control, at which the kernel would load it.
modprobe loop
mount /dev/vda /disk
mkdir -p /disk/state/base/setup /disk/state/boot/debian-nfs
find /disk -mindepth 1 -maxdepth 1 ! -name state -exec mv -t /disk/state/base/setup {} +
ln -s setup /disk/state/base/current
cp -r "$dir/boot/." /disk/state/boot/debian-nfs
mount --bind /disk/state /var/lib/labcli

ip link set lo up
ip netns add wan
ip link add wan0 type veth peer name eth0 netns wan
ip address add 198.51.100.2/24 dev wan0
ip link set wan0 up
ip link set eth0 name trunk0
ip netns add cable
ip link set eth1 netns cable name cable
ip netns exec cable sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip -n cable link set lo up
ip -n cable link set cable up
ip -n cable link add link cable name eth0 type vlan id 101
ip -n cable link set eth0 address 52:54:00:00:01:65 up
# A DHCP client that has no address yet sends its broadcast here.
ip -n cable route add default dev eth0
exec "$node" --jitless --enable-source-maps "$dir/run-vlan-jail.mjs" "$dir"
