#include "admin/http_request.h"

#include <doctest/doctest.h>

using namespace kvstash::admin;

namespace {

HttpRequest parsed(const std::string& bytes) {
  HttpParsed result = parse_http_request(bytes);
  REQUIRE(result.status == 200);
  CHECK(result.bytes == bytes.size());
  return result.request;
}

int status_of(const std::string& bytes) {
  return parse_http_request(bytes).status;
}

// A complete HTTP/1.1 request with these headers.
std::string with_headers(const std::string& headers) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}

}  // namespace

TEST_CASE("a request is taken apart") {
  const HttpRequest request =
      parsed("GET /metrics?name=a&b HTTP/1.1\r\nHost: here\r\nAccept:  text/plain \r\n\r\n");
  CHECK_FALSE(request.is_head);
  CHECK(request.keep_alive);
  CHECK(request.path == "/metrics");
  CHECK(request.query == "name=a&b");
  REQUIRE(request.find_header("accept") != nullptr);
  CHECK(*request.find_header("accept") == "text/plain");
  CHECK(request.find_header("cookie") == nullptr);
}

TEST_CASE("HEAD asks for the same without the body") {
  CHECK(parsed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").is_head);
}

TEST_CASE("a request with the whole address names its path") {
  CHECK(parsed("GET http://here:9121/health HTTP/1.1\r\nHost: here\r\n\r\n").path == "/health");
  CHECK(parsed("GET http://here HTTP/1.1\r\nHost: here\r\n\r\n").path == "/");
}

TEST_CASE("lines may end without a carriage return, and a request may follow an empty line") {
  CHECK(parsed("GET / HTTP/1.1\nHost: h\n\n").path == "/");
  CHECK(parsed("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").path == "/");
}

TEST_CASE("every beginning of a request is incomplete, and what follows it is left") {
  const std::string whole = "GET /x HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(status_of(whole.substr(0, size)) == 0);
  }
  CHECK(parse_http_request(whole + "GET /y").bytes == whole.size());
}

TEST_CASE("the connection is kept as the version and the headers say") {
  CHECK(parsed("GET / HTTP/1.1\r\nHost: h\r\n\r\n").keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
  CHECK(parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  CHECK_FALSE(parsed(with_headers("Connection: close\r\n")).keep_alive);
  CHECK_FALSE(parsed(with_headers("Connection: te, Close\r\n")).keep_alive);
  CHECK_FALSE(parsed(with_headers("Connection: close\r\nConnection: keep-alive\r\n")).keep_alive);
}

TEST_CASE("other methods, versions and things that are not requests are told apart") {
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\n\r\n") == 405);
  CHECK(status_of("get / HTTP/1.1\r\nHost: h\r\n\r\n") == 405);
  CHECK(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == 505);
  for (const char* bad : {"GET /\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
                          "GET x HTTP/1.1\r\n\r\n", "PING\r\n", "*1\r\n$4\r\nPING\r\n",
                          "G(T / HTTP/1.1\r\n\r\n", "GET /\x01 HTTP/1.1\r\n\r\n", "\r\n\r\n"}) {
    CAPTURE(bad);
    CHECK(status_of(bad) == 400);
  }
}

TEST_CASE("headers that are malformed or ambiguous are refused") {
  for (const char* bad :
       {"no colon\r\n", "name : v\r\n", " folded: v\r\n", ": v\r\n", "a: b\x01\r\n",
        "Host: again\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n"}) {
    CAPTURE(bad);
    CHECK(status_of(with_headers(bad)) == 400);
  }
  CHECK(status_of(with_headers("Content-Length: 0\r\n")) == 200);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);  // No Host.
}

TEST_CASE("a head may be just as long as the bound") {
  const std::string frame = with_headers("A: \r\n");
  const std::string longest =
      with_headers("A: " + std::string(kHttpHeadBytesMax - frame.size(), 'x') + "\r\n");
  REQUIRE(longest.size() == kHttpHeadBytesMax);
  CHECK(status_of(longest) == 200);
  CHECK(status_of(with_headers("A: x" + std::string(kHttpHeadBytesMax - frame.size(), 'x') +
                               "\r\n")) == 431);
  CHECK(status_of(std::string(kHttpHeadBytesMax, 'x')) == 431);
  CHECK(status_of(std::string(kHttpHeadBytesMax - 1, 'x')) == 0);
}
