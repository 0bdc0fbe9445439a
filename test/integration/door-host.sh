#!/bin/sh
# PID 1 of a lab host that has a door and nothing behind it: door-host.sh DIR NODE
# The machine's /etc, /opt and /run stay as they are: here they are overlays. `DIR/dist` is what /opt/labcli gets.
set -eu
dir=$1 node=$2
exec </dev/null >>"$dir/door.log" 2>&1
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /mnt
for path in /etc /opt /var/lib; do
  name=$(echo "$path" | tr / _)
  mkdir "/mnt/$name" "/mnt/$name/upper" "/mnt/$name/work"
  mount -t overlay -o "lowerdir=$path,upperdir=/mnt/$name/upper,workdir=/mnt/$name/work" overlay "$path"
done
mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
groupadd --system lab
useradd --system --gid lab --home-dir / --no-create-home --shell /opt/labcli/bin/labcli --password '*' lab
mkdir -p /opt/labcli /etc/labcli /var/lib/labcli/ssh /run/sshd /run/labcli
cp -r "$dir/dist/." /opt/labcli/
chown -R root:root /opt/labcli
touch /opt/labcli/bin/node
mount --bind "$node" /opt/labcli/bin/node
install -d -o root -g lab -m 2750 /run/labcli/host
install -o root -g lab -m 640 "$dir/authorized_keys" /run/labcli/host/authorized_keys
cp "$dir/dist/templates/host-sshd_config" /etc/labcli/sshd_config
ssh-keygen -q -t ed25519 -N '' -C labhost -f /var/lib/labcli/ssh/ssh_host_ed25519_key
ip link set lo up
exec /usr/sbin/sshd -D -e -f /etc/labcli/sshd_config
