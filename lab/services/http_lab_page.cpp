#include "lab/services/http_lab_page.hpp"

#include <fmt/format.h>

namespace wirelab {
namespace {

constexpr int last_line = 100;

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>wirelab</title>
<h1>wirelab</h1>
<p>You have just spoken HTTP/1.1 to the reference stack.
<ul>
<li><a href="/hello">/hello</a>: a text; its length stands before it (Content-Length)
<li><a href="/count">/count</a>: a hundred lines; each chunk tells its own length (Transfer-Encoding: chunked)
</ul>
</html>
)";

HttpStream count() {
  return [line = 0]() mutable { return line == last_line ? std::string() : fmt::format("{}\n", ++line); };
}

}  // namespace

HttpResponse http_lab_page(const HttpRequest& request) {
  if (!request.asks_for_page()) return only_get_and_head();
  if (request.path == "/") return http_page(std::string(page));
  HttpResponse response{.headers = {{"Content-Type", "text/plain; charset=utf-8"}}};
  if (request.path == "/hello") {
    response.body = "Hello from wirelab.\n";
    return response;
  }
  if (request.path != "/count") return http_text(404, "here are /, /hello and /count");
  response.body = count();
  return response;
}

}  // namespace wirelab
