// A folder as an HTTP server's contents: files, and lists of what a folder holds. Public.
//
// Nothing outside the folder is ever given away, whatever the path says and wherever symbolic links lead: the kernel
// resolves each path beneath the folder's descriptor (openat2(2), RESOLVE_BENEATH). Hidden files, whose names begin
// with a dot, are neither given away nor listed.
#pragma once

#include <string>
#include <string_view>

#include "lab/services/http_server.hpp"

namespace wirelab {

// Answers GET and HEAD: a file with its content type, a folder with its index.html or a list. Throws std::system_error
// if `path` is no folder that can be read.
HttpServer::Handler http_folder(const std::string& path);

// By the end of the name; "application/octet-stream" for what is not known.
std::string_view content_type_of(std::string_view name);

}  // namespace wirelab
