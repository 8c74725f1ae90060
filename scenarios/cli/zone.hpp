// Addresses of one link: "fe80::1" means something together with an interface only.
#pragma once

#include <string>

namespace wirelab::cli {

// Throws BadInput for "fe80::1%eth0", "[fe80::1%eth0]:80", "fe80::1" and "[fe80::1]:80", which say why nothing can be
// done with them here: the zone behind the '%' (RFC 4007, 11) is no part of an Endpoint.
void refuse_link_local(const std::string& text);

}  // namespace wirelab::cli
