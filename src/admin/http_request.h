// HttpRequest: the head of an HTTP/1.0 or 1.1 request without a body, and its parser.
//
// Only GET and HEAD are understood. A request that could be taken for two, or for one with a body,
// is refused, because that is dangerous; lines that end with '\n' alone are accepted. Pure; any
// thread. Owns its strings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::admin {

inline constexpr size_t kHttpHeadBytesMax = size_t{8} << 10;

struct HttpHeader {
  std::string name;  // As sent; names are compared without case.
  std::string value;
};

struct HttpRequest {
  bool is_head = false;     // The request is HEAD, not GET: the response's body is not sent.
  bool keep_alive = false;  // The client would like to send another request.
  std::string path;         // From '/' to before '?', as sent: percent signs are not decoded.
  std::string query;        // The text after '?', or empty.
  std::vector<HttpHeader> headers;

  const std::string* find_header(std::string_view name) const;  // The first of that name, or null.
};

struct HttpParsed {
  // 200: a request was read. 0: the request is incomplete. Otherwise the status to refuse it with:
  // 400, 405 (not GET or HEAD), 431 (longer than kHttpHeadBytesMax) or 505 (not HTTP/1).
  int status = 0;
  size_t bytes = 0;  // With 200: how many bytes the request took.
  HttpRequest request;
};

HttpParsed parse_http_request(std::string_view bytes);

}  // namespace kvstash::admin
