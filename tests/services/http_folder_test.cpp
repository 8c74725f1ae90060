#include "lab/services/http_folder.hpp"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.hpp"

namespace wirelab {
namespace {

using testing::HasSubstr;
using testing::Not;

// site/ is served; what is beside it is not.
struct HttpFolderTest : testing::Test {
  HttpFolderTest() {
    std::filesystem::create_directories(above / "site/sub/deeper");
    std::filesystem::create_directories(above / "site/page");
    write("secret.txt", "secret");
    write("site/a.txt", "text");
    write("site/.hidden", "secret");
    std::filesystem::create_directories(above / "site/.git");
    write("site/.git/config", "secret");
    write("site/sub/b c.html", "html");
    write("site/sub/<script>:&\x01.txt", "odd");
    write("site/page/index.html", "<p>index");
    std::filesystem::create_symlink("a.txt", above / "site/inside");
    std::filesystem::create_symlink("../secret.txt", above / "site/outside");
    std::filesystem::create_symlink("..", above / "site/up");
    std::filesystem::create_symlink(above / "site/a.txt", above / "site/absolute");
    std::filesystem::create_symlink(".git", above / "site/visible");
    std::filesystem::create_symlink("visible", above / "site/again");
    std::filesystem::create_symlink("../sub/../.hidden", above / "site/sub/file");
    std::filesystem::create_symlink("../sub", above / "site/page/sub");
    ::mkfifo((above / "site/fifo").c_str(), 0600);
    handler = http_folder(above / "site");
  }
  void write(const std::string& name, std::string_view text) const { std::ofstream(above / name) << text; }

  HttpResponse get(std::string_view path, std::vector<HttpField> fields = {}) const {
    return handler({.method = "GET", .target = path, .path = path, .fields = std::move(fields)});
  }
  static std::string text_of(const HttpResponse& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
    const auto& [file, size] = std::get<HttpFile>(response.body);
    std::string text(static_cast<std::size_t>(size), '\0');
    EXPECT_EQ(::pread(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }
  static std::string header_of(const HttpResponse& response, std::string_view name) {
    for (const auto& header : response.headers) {
      if (header.name == name) return header.value;
    }
    return "";
  }

  TempDir above;
  HttpServer::Handler handler;
};

TEST_F(HttpFolderTest, GivesFilesWithTheirTypes) {
  EXPECT_EQ(text_of(get("/a.txt")), "text");
  EXPECT_EQ(header_of(get("/a.txt"), "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(text_of(get("/sub/b%20c.html")), "html");
  EXPECT_EQ(header_of(get("/sub/b%20c.html"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(text_of(get("/inside")), "text");
  EXPECT_EQ(text_of(get("/page/sub/b%20c.html")), "html");
}

TEST_F(HttpFolderTest, NeverLeavesTheFolder) {
  for (const auto* path : {"/../secret.txt",
                           "/%2e%2e/secret.txt",
                           "/..%2fsecret.txt",
                           "/sub/../../secret.txt",
                           "//etc/passwd",
                           "/%2Fetc/passwd",
                           "/outside",
                           "/up/secret.txt",
                           "/up/site/a.txt",
                           "/absolute",
                           "/sub/deeper/../../../secret.txt",
                           "/..",
                           "/../",
                           "/nothing",
                           "/a.txt/",
                           "/a.txt/b",
                           "/fifo",
                           "/proc/self/environ",
                           "/sub/../a.txt",
                           "/.hidden",
                           "/.git/config",
                           "/visible",
                           "/visible/",
                           "/visible/config",
                           "/again/config",
                           "/sub/file",
                           "/page/sub/file",
                           "/sub/.",
                           "/%2ehidden"}) {
    const auto response = get(path);
    EXPECT_EQ(response.status, 404U) << path;
    EXPECT_THAT(text_of(response), Not(HasSubstr("secret"))) << path;
  }
  for (const auto* path : {"/%00", "/a%", "/%zz"}) EXPECT_EQ(get(path).status, 400U) << path;
  EXPECT_EQ(get("/" + std::string(5000, 'a')).status, 404U);
}

TEST_F(HttpFolderTest, ListsAFolderSafelyOrShowsItsIndex) {
  const auto list = text_of(get("/"));
  EXPECT_THAT(list, HasSubstr("<a href=\"./a.txt\">a.txt</a>"));
  EXPECT_THAT(list, HasSubstr("<a href=\"./sub/\">sub/</a>"));
  EXPECT_THAT(list, Not(HasSubstr("../")));
  EXPECT_THAT(list, Not(HasSubstr(".hidden")));
  const auto odd = text_of(get("/sub/"));
  EXPECT_THAT(odd, HasSubstr("<a href=\"./%3Cscript%3E%3A%26%01.txt\">&lt;script&gt;:&amp;\\x01.txt</a>"));
  EXPECT_THAT(odd, Not(HasSubstr("<script>")));
  EXPECT_EQ(text_of(get("/sub/%3Cscript%3E%3A%26%01.txt")), "odd");
  EXPECT_EQ(text_of(get("/page/")), "<p>index");
}

TEST_F(HttpFolderTest, SendsWhoForgotTheSlashThere) {
  const auto response = get("/sub");
  EXPECT_EQ(response.status, 301U);
  EXPECT_EQ(header_of(response, "Location"), "/sub/");
}

TEST_F(HttpFolderTest, SaysWhatHasNotChanged) {
  const auto modified = header_of(get("/a.txt"), "Last-Modified");
  EXPECT_THAT(modified, testing::EndsWith(" GMT"));
  EXPECT_EQ(get("/a.txt", {{"if-modified-since", modified}}).status, 304U);
  EXPECT_EQ(get("/a.txt", {{"if-modified-since", "yesterday"}}).status, 200U);
}

TEST_F(HttpFolderTest, TellsNoTimeToCome) {
  const timespec times[] = {{.tv_sec = 10'413'792'000}, {.tv_sec = 10'413'792'000}};  // 2300-01-01
  ASSERT_EQ(::utimensat(AT_FDCWD, (above / "site/a.txt").c_str(), times, 0), 0);
  EXPECT_EQ(header_of(get("/a.txt"), "Last-Modified"), "");
  EXPECT_EQ(text_of(get("/a.txt")), "text");
}

TEST_F(HttpFolderTest, AnswersGetAndHeadOnly) {
  const auto response = handler({.method = "DELETE", .target = "/a.txt", .path = "/a.txt"});
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(header_of(response, "Allow"), "GET, HEAD");
  EXPECT_EQ(handler({.method = "HEAD", .target = "/a.txt", .path = "/a.txt"}).status, 200U);
}

TEST_F(HttpFolderTest, WhatIsNoFolderIsToldAtOnce) {
  EXPECT_THROW((void)http_folder(above / "site/a.txt"), std::system_error);
  EXPECT_THROW((void)http_folder(above / "nowhere"), std::system_error);
}

}  // namespace
}  // namespace wirelab
