// Settings under /proc/sys/net of the namespace in which the thread is. Of lab/net.
#pragma once

#include <string>
#include <string_view>

namespace wirelab {

enum class Sysctl {
  set,
  absent,  // this kernel, or this namespace, has none of that name
  refused  // it may not be written, as in containers whose /proc/sys is read-only
};

// Sets "ipv4/conf/all/rp_filter" and the like. To be called only during a Visit: never in the machine's own namespace.
Sysctl set_sysctl(const std::string& name, std::string_view value);

}  // namespace wirelab
