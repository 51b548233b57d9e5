#include "admin/http_request.h"

#include "base/text.h"

#include <algorithm>
#include <optional>

namespace kvstash::admin {
namespace {

constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kMethodNotAllowed = 405;
constexpr int kHeadTooLarge = 431;
constexpr int kVersionNotSupported = 505;

bool is_token_char(char c) {
  const bool is_letter = to_lower(c) >= 'a' && to_lower(c) <= 'z';
  const bool is_digit = c >= '0' && c <= '9';
  return is_letter || is_digit ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool has_control_char(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// Takes the next line off `rest` and returns it without its end, or nothing if it is incomplete.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Parses "/path?query", also after "http://authority".
bool parse_target(std::string_view target, HttpRequest& request) {
  if (target.starts_with("http://")) {
    const size_t path = target.find('/', std::string_view("http://").size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  if (!target.starts_with('/')) return false;
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  return true;
}

// Parses "GET /path HTTP/1.1". Returns 200, or the status to refuse the request with.
int parse_request_line(std::string_view line, HttpRequest& request) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() != 3 || !is_token(words[0]) || has_control_char(line)) return kBadRequest;
  if (!words[2].starts_with("HTTP/")) return kBadRequest;
  if (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") return kVersionNotSupported;
  if (words[0] != "GET" && words[0] != "HEAD") return kMethodNotAllowed;
  request.is_head = words[0] == "HEAD";
  request.keep_alive = words[2] == "HTTP/1.1";
  return parse_target(words[1], request) ? kOk : kBadRequest;
}

bool parse_header(std::string_view line, HttpRequest& request) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_token(name) || has_control_char(value)) return false;
  request.headers.push_back({.name = std::string(name), .value = std::string(value)});
  return true;
}

// Applies the headers, and returns false if the request must be refused. keep_alive is true so far
// exactly for HTTP/1.1, where keeping the connection is the default.
bool apply_headers(HttpRequest& request) {
  size_t hosts = 0;
  const bool is_http11 = request.keep_alive;
  for (const HttpHeader& header : request.headers) {
    if (equals_ignore_case(header.name, "host")) ++hosts;
    if (equals_ignore_case(header.name, "transfer-encoding")) return false;
    if (equals_ignore_case(header.name, "content-length") && header.value != "0") return false;
    if (!equals_ignore_case(header.name, "connection")) continue;
    for (const std::string_view option : split(header.value, ',')) {
      if (equals_ignore_case(trim(option), "close")) request.keep_alive = false;
      if (equals_ignore_case(trim(option), "keep-alive") && !is_http11) request.keep_alive = true;
    }
  }
  return hosts == 1 || (hosts == 0 && !is_http11);
}

HttpParsed refused(int status) {
  HttpParsed parsed;
  parsed.status = status;
  return parsed;
}

HttpParsed incomplete(std::string_view bytes) {
  return refused(bytes.size() >= kHttpHeadBytesMax ? kHeadTooLarge : 0);
}

}  // namespace

const std::string* HttpRequest::find_header(std::string_view name) const {
  for (const HttpHeader& header : headers)
    if (equals_ignore_case(header.name, name)) return &header.value;
  return nullptr;
}

HttpParsed parse_http_request(std::string_view bytes) {
  HttpParsed parsed;
  const std::string_view head = bytes.substr(0, kHttpHeadBytesMax);
  std::string_view rest = head;
  std::optional<std::string_view> line = take_line(rest);
  if (line && line->empty()) line = take_line(rest);  // A client may send an extra line end.
  if (!line) return incomplete(bytes);

  const int status = parse_request_line(*line, parsed.request);
  if (status != kOk) return refused(status);
  while (true) {
    line = take_line(rest);
    if (!line) return incomplete(bytes);
    if (line->empty()) break;
    if (!parse_header(*line, parsed.request)) return refused(kBadRequest);
  }
  if (!apply_headers(parsed.request)) return refused(kBadRequest);
  parsed.status = kOk;
  parsed.bytes = head.size() - rest.size();
  return parsed;
}

}  // namespace kvstash::admin
