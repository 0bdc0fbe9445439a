#!/bin/sh
# Shows a virtual lab host the controllers that the machine has in hierarchies of cgroup v1, in /run/cgroup-v1. To be run in
# its cgroup namespace, whose root in each of them is the host's own group. Does nothing on a machine with cgroup v2 alone.
set -eu
while IFS=: read -r _ controllers _; do
  case ,$controllers, in
  *,memory,* | *,pids,* | *,cpu,* | *,blkio,*)
    mkdir -p "/run/cgroup-v1/$controllers"
    mount -t cgroup -o "nosuid,nodev,noexec,$controllers" cgroup "/run/cgroup-v1/$controllers"
    ;;
  esac
done </proc/self/cgroup
