// HttpRequest: the head of an HTTP/1.0 or 1.1 request without a body, and its parser.
//
// Only GET and HEAD are understood. Strict where sloppiness is dangerous (a request that could be
// taken for two, or for one with a body, is refused), tolerant of lines that end with '\n' alone.
// Pure; any thread. Owns its strings.
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
  bool is_head = false;     // HEAD, not GET: the answer's body is not sent.
  bool keep_alive = false;  // The client would like to send another request.
  std::string path;         // From '/' to before '?', as sent: percent signs are not decoded.
  std::string query;        // After '?'; empty if there is none.
  std::vector<HttpHeader> headers;

  const std::string* find_header(std::string_view name) const;  // The first of that name, or null.
};

struct HttpParsed {
  // 200: a request. 0: it is not complete. Otherwise the status to refuse it with: 400, 405 (not
  // GET or HEAD), 431 (longer than kHttpHeadBytesMax) or 505 (not HTTP/1).
  int status = 0;
  size_t bytes = 0;  // How many bytes the request took; only with 200.
  HttpRequest request;
};

HttpParsed parse_http_request(std::string_view bytes);

}  // namespace kvstash::admin
