"""net_up_mininet.py HOSTS: a bridge and hosts as mininet makes them; prints the nanoseconds it took.

To be run by: unshare -mn --propagation private. Needs mininet and bridge-utils. The interpreter's start is not counted.
"""
import sys
import time

try:
    from mininet.net import Mininet
    from mininet.nodelib import LinuxBridge
    from mininet.topo import SingleSwitchTopo
except ImportError:
    sys.exit(1)

hosts = int(sys.argv[1])
start = time.monotonic_ns()
net = Mininet(SingleSwitchTopo(hosts), switch=LinuxBridge, controller=None, waitConnected=False)
net.start()
print(time.monotonic_ns() - start, flush=True)
net.stop()
