#!/bin/sh
# wire-host.sh VIA DIR SOURCE NODE: makes this system, which is its own or a guest, a lab host with a trunk whose far end is
# the interface `cable` in the network namespace `cable`, and runs the contract of a board's wire there. DIR/outcomes says
# how it went.
set -eu
via=$1 dir=$2 source=$3 node=$4
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /opt
mkdir /opt/labcli /run/log
mount --bind "$source" /opt/labcli
ip netns add cable
case $via in
openvswitch)
  mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
  sh "$source/src/vhost/network.sh"
  ip link add trunk0 type veth peer name cable netns cable
  ip link set trunk0 up
  ;;
vlan)
  # The guest's second and third network card, with a cable between them outside of it.
  ip link set lo up
  ip link set eth0 name trunk0
  ip link set eth1 netns cable name cable
  ;;
esac
# The far end is a switch: it says nothing by itself, and takes what is larger than usual.
ip netns exec cable sysctl -q -w net.ipv6.conf.cable.disable_ipv6=1
ip -n cable link set cable mtu 4000 up
exec "$node" --jitless --enable-source-maps "$dir/run-board-wire.mjs" "$via" "$dir/outcomes"
