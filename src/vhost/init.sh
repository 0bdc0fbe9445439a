#!/bin/sh
# PID 1 of a virtual lab host: init.sh DIR INSTALL NODE NODE_MODULES BASE BOOT
# Makes the layout of a real lab host (see src/system/paths.ts) inside namespaces of its own, then supervises the
# programs with runit. The machine's /etc, /opt, /run, /tmp and /var/lib stay as they are: here they are overlays.
set -eu
dir=$1 install=$2 node=$3 node_modules=$4 base=$5 boot=$6
here=$(dirname "$0")
exec </dev/null >>"$dir/log/init.log" 2>&1
set -x

# A kernel view that belongs to these namespaces. cgroup v2 wants no process beside child groups: hence `host`.
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/host
echo 1 >/sys/fs/cgroup/host/cgroup.procs
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done

# Private copies of what is written to. The overlays' upper layers are in a tmpfs that vanishes with the namespaces.
mount -t tmpfs -o mode=755 tmpfs /mnt
overlay() {
  name=$(echo "$1" | tr / _)
  mkdir "/mnt/$name" "/mnt/$name/upper" "/mnt/$name/work"
  mount -t overlay -o "lowerdir=$1,upperdir=/mnt/$name/upper,workdir=/mnt/$name/work" overlay "$1"
}
overlay /etc
overlay /opt
overlay /var/lib
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
sh "$here/cgroup-v1.sh"

groupadd --system lab
groupadd --system labd
# `*`, not `!`: sshd takes an account with `!` for locked, even with a key.
useradd --system --gid lab --home-dir / --no-create-home --shell /opt/labcli/bin/labcli --password '*' lab
useradd --system --gid labd --groups lab --home-dir / --no-create-home --shell /usr/sbin/nologin labd

mkdir -p /opt/labcli /etc/labcli /var/lib/labcli
cp -r "$install/." /opt/labcli/
chown -R root:root /opt/labcli
touch /opt/labcli/bin/node
mount --bind "$node" /opt/labcli/bin/node
mkdir -p /opt/labcli/node_modules
mount --bind "$node_modules" /opt/labcli/node_modules
mount -o remount,bind,ro /opt/labcli/node_modules

cp -r "$dir/config/." /etc/labcli/
chown -R root:root /etc/labcli
chown root:labd /etc/labcli/secrets.yaml
chmod 640 /etc/labcli/secrets.yaml

mount --bind "$dir/state" /var/lib/labcli
mkdir -p /var/lib/labcli/labd /var/lib/labcli/jaild /var/lib/labcli/base/setup /var/lib/labcli/boot /var/lib/labcli/ssh
chown -R labd:labd /var/lib/labcli/labd
chmod 700 /var/lib/labcli/labd
chmod 711 /var/lib/labcli/jaild
# What set-up built, which is not for jaild to remove.
mount --bind "$base" /var/lib/labcli/base/setup
mount -o remount,bind,ro /var/lib/labcli/base/setup
[ -e /var/lib/labcli/base/current ] || ln -s setup /var/lib/labcli/base/current
mount --bind "$boot" /var/lib/labcli/boot

# Setgid, so that what labd makes in it belongs to the group whose account calls it.
install -d -o root -g root -m 755 /run/labcli
install -d -o labd -g lab -m 2750 /run/labcli/host
install -d -o root -g root -m 755 /run/sshd

log=$dir/log
cp -r "$here/service" /run/service
chmod -R +x /run/service
mkdir /run/log
mount --bind "$log" /run/log
"$here/network.sh"
cp /opt/labcli/templates/host-sshd_config /etc/labcli/sshd_config
[ -e /var/lib/labcli/ssh/ssh_host_ed25519_key ] ||
  ssh-keygen -q -t ed25519 -N '' -C labhost -f /var/lib/labcli/ssh/ssh_host_ed25519_key

mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /tmp
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 runsvdir -P /run/service
