#!/bin/sh
# The virtual lab host's own network: an uplink to a make-believe world (`wan`) with a name server, and an Open vSwitch with the userspace
# datapath that has the cable to the virtual switch as its trunk. vlab plugs that cable in when it starts.
set -eu
ip link set lo up
hostname labhost

# 198.51.100.0/24 is TEST-NET-2 (RFC 5737): it means nothing outside.
ip netns add wan
ip link add wan0 type veth peer name eth0 netns wan
# Nobody else is on this link, so no address has to wait until nobody else claimed it.
no_waiting='[ ! -e /proc/sys/net/ipv6 ] || echo 0 >/proc/sys/net/ipv6/conf/$0/accept_dad'
sh -c "$no_waiting" wan0
ip netns exec wan sh -c "$no_waiting" eth0
ip address add 198.51.100.2/24 dev wan0
ip link set wan0 up
ip -n wan link set lo up
ip -n wan address add 198.51.100.1/24 dev eth0
ip -n wan link set eth0 up
ip route add default via 198.51.100.1
# 2001:db8::/32 is for documentation (RFC 3849). A kernel without IPv6 does without.
if [ -e /proc/sys/net/ipv6 ]; then
  ip address add 2001:db8:100::2/64 dev wan0 nodad
  ip -n wan address add 2001:db8:100::1/64 dev eth0 nodad
  ip route add default via 2001:db8:100::1
fi
# The world's name server knows one name. It has a name of its own here, for dnsmasq is what jails are searched for.
ln -s "$(command -v dnsmasq)" /run/world-dns
nsenter --net=/run/netns/wan /run/world-dns --conf-file=/dev/null --pid-file=/run/world-dns.pid --user=root --no-resolv --no-hosts \
  --bind-dynamic --interface=eth0 --address=/world.example/198.51.100.1 --address=/world.example/2001:db8:100::1

run=/run/openvswitch
mkdir -p $run
ovsdb-tool create $run/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server $run/conf.db --remote=punix:$run/db.sock --unixctl=$run/ovsdb.ctl --pidfile=$run/ovsdb.pid \
  --detach --no-chdir --log-file=/run/log/ovsdb.log
ovs-vsctl --no-wait init
ovs-vsctl --no-wait set Open_vSwitch . other_config:n-handler-threads=1 other_config:n-revalidator-threads=1
ovs-vswitchd unix:$run/db.sock --unixctl=$run/vswitchd.ctl --pidfile=$run/vswitchd.pid \
  --detach --no-chdir --log-file=/run/log/vswitchd.log
ovs-vsctl --timeout=10 add-br br-trunk -- set bridge br-trunk datapath_type=netdev fail_mode=standalone
# The cable may not be plugged in yet: Open vSwitch takes the port when it appears.
ovs-vsctl --no-wait add-port br-trunk trunk0 -- set port trunk0 vlan_mode=trunk
