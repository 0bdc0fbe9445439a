#!/bin/sh
# First in a virtual lab host's pid namespace: enter.sh CGROUP INIT [ARG...]
# Enters the cgroup (0 is whoever writes it) and only then makes the cgroup namespace, so that the host sees nothing but its
# own subtree, and nobody from outside is in it: cgroup v2 gives no controllers to a group that has processes of its own.
set -eu
echo 0 >"$1/cgroup.procs"
shift
exec unshare --cgroup -- /bin/sh "$@"
