#!/bin/sh
# First in a virtual lab host's pid namespace: enter.sh CGROUP... -- INIT [ARG...]
# Enters the cgroups (0 is whoever writes it) and only then makes the cgroup namespace, so that the host sees nothing but its
# own subtree, and nobody from outside is in it: cgroup v2 gives no controllers to a group that has processes of its own.
set -eu
while [ "$1" != -- ]; do
  echo 0 >"$1/cgroup.procs"
  shift
done
shift
exec unshare --cgroup -- /bin/sh "$@"
