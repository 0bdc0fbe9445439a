#!/bin/sh
# Prints whatever on this lab host belongs to a jail, a line each.
state=/var/lib/labcli/jaild run=/run/labcli/jaild
for path in $state/jails/* $run/*.user $run/*.net $run/crun/* /sys/fs/cgroup/labcli/[!@]*/ /run/cgroup-v1/*/labcli/*/; do
  [ ! -e "$path" ] || echo "file $path"
done
grep -o -e " $state/jails/[^ ]*" -e " $run/[^ ]*\.\(user\|net\) " /proc/mounts | sed 's/^/mount/'
ip -oneline link | grep -o ' lc[0-9]*[a-z]@[^ ]*' | sed 's/^/interface/'
for family in -4 -6; do
  ip $family -oneline route | grep ' lc[0-9]' | sed 's/^/route /'
  ip $family -oneline neigh show nud permanent | grep ' lc[0-9]' | sed 's/^/neighbour /'
done
for set in sources sources6; do
  nft list set inet labcli $set 2>/dev/null | grep -o '"lc[^,}]*' | sed 's/^/firewall /'
done
ovs-vsctl --timeout=5 list-ports br-trunk | grep '^lc' | sed 's/^/port /'
losetup --noheadings --output BACK-FILE | grep "^$state/.*(deleted)" | sed 's/^/loop /'
for process in /proc/[0-9]*; do
  [ "$process" != /proc/1 ] || continue
  # runsvdir, the first process here, takes some seconds to bury the dead.
  ! grep -q '^State:.Z' "$process/status" 2>/dev/null || continue
  name=$(cat "$process/comm" 2>/dev/null)
  case $name in
  ganesha* | runsv* | svlogd | dnsmasq | sshd | crun | socat | perl | ssh-agent | busybox) echo "process $name" ;;
  esac
done
