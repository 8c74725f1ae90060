#!/bin/sh
# net_up_ip_netns.sh HOSTS: a bridge and hosts as a shell script makes them, in the state in which a lab is: no IPv6, no
# offloads (where ethtool is installed), settled. Prints the nanoseconds it took.
# To be run by: unshare -mn --propagation private
set -eu
hosts=$1
if command -v ethtool >/dev/null; then with_ethtool=true; else with_ethtool=false; fi
mount -t tmpfs none /run  # ip netns keeps the names of namespaces there
start=$(date +%s%N)
ip link add lan type bridge forward_delay 0
ip link set lan up
i=1
while [ "$i" -le "$hosts" ]; do
  ip netns add "h$i"
  ip netns exec "h$i" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
  ip link add "port$i" type veth peer name eth0 netns "h$i"
  ip link set "port$i" master lan up
  if $with_ethtool; then
    ethtool -K "port$i" tx off tso off gso off gro off >/dev/null
    ip netns exec "h$i" ethtool -K eth0 tx off tso off gso off gro off >/dev/null
  fi
  ip -n "h$i" link set lo up
  ip -n "h$i" address add "10.0.$((i / 250)).$((i % 250 + 1))/16" dev eth0
  ip -n "h$i" link set eth0 up
  i=$((i + 1))
done
while bridge link | grep -qv 'state forwarding'; do :; done
echo $(($(date +%s%N) - start))
