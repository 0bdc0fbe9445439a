#!/bin/sh
# PID 1 of a lab host with nothing but what jaild needs: jaild-host-init.sh DIR SOURCE
# The boards' wires end in the network namespaces `board1` and `board2`, the uplink in `wan`.
set -eu
dir=$1 source=$2
exec </dev/null >>"$dir/init.log" 2>&1
set -x
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/host
echo 1 >/sys/fs/cgroup/host/cgroup.procs
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done

mount -t tmpfs -o mode=755 tmpfs /mnt
for path in /etc /var/lib; do
  name=$(echo $path | tr / _)
  mkdir "/mnt/$name" "/mnt/$name/upper" "/mnt/$name/work"
  mount -t overlay -o "lowerdir=$path,upperdir=/mnt/$name/upper,workdir=/mnt/$name/work" overlay $path
done
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
sh "$source/src/vhost/cgroup-v1.sh"
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /opt
groupadd --system labd
useradd --system --gid labd --home-dir / --no-create-home --shell /usr/sbin/nologin labd

mkdir -p /opt/labcli /etc/labcli /var/lib/labcli /run/log
mount --bind "$source/dist" /opt/labcli
mount --bind "$dir/state" /var/lib/labcli
mkdir -p /var/lib/labcli/base/setup /var/lib/labcli/boot
mount --bind "$source/.cache/jail-base" /var/lib/labcli/base/setup
mount -o remount,bind,ro /var/lib/labcli/base/setup
ln -s setup /var/lib/labcli/base/current
mount --bind "$dir/boot" /var/lib/labcli/boot
mount --bind "$dir/config" /etc/labcli

sh "$source/src/vhost/network.sh"
ip -n wan route add 10.77.0.0/16 via 198.51.100.2
[ ! -e /proc/sys/net/ipv6 ] || ip -n wan route add fd5c:1ab0:1::/48 via 2001:db8:100::2
for board in 1 2; do
  ip netns add board$board
  ip link add tap$board type veth peer name eth0 netns board$board address 52:54:00:00:01:0$board
  # A switch has no address on its boards' ports.
  [ ! -e /proc/sys/net/ipv6 ] || echo 1 >/proc/sys/net/ipv6/conf/tap$board/disable_ipv6
  ip link set tap$board up
  ip -n board$board link set lo up
  ip -n board$board link set eth0 up
  # A DHCP client that has no address yet sends its broadcast here.
  ip -n board$board route add default dev eth0
  ip netns exec board$board ethtool -K eth0 tx off
  ovs-vsctl --timeout=10 add-port br-trunk tap$board tag=10$board
done
touch /run/ready
# A first process that takes over and ends what others leave, as systemd does.
mkdir /run/service
exec runsvdir -P /run/service
