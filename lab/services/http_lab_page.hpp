// What an HTTP server of the lab shows when it has no folder to serve: a page, a short text, and a streamed list.
// Public.
#pragma once

#include "lab/services/http_server.hpp"

namespace wirelab {

// "/" is a page, "/hello" a text with a Content-Length, "/count" a hundred lines that are sent in chunks.
HttpResponse http_lab_page(const HttpRequest& request);

}  // namespace wirelab
