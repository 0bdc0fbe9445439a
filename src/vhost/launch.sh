#!/bin/sh
# Starts a virtual lab host: launch.sh CGROUP INIT [ARG...]
# The namespaces take everything with them when PID 1 dies; the cgroup is entered first, so that the new cgroup
# namespace shows the host nothing but its own subtree.
set -eu
cgroup=$1
shift
echo $$ >"$cgroup/cgroup.procs"
exec unshare --mount --pid --fork --kill-child --net --uts --ipc --cgroup -- /bin/sh "$@"
