// Property: whatever the bytes, the parser answers with a status it documents; a request that it
// takes lies within the bytes, is the same however the network cuts it up and whatever follows it,
// and no prefix of it is taken for a request.
#include "admin/http_request.h"
#include "base/ensure.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using kvstash::ensure;
using namespace kvstash::admin;

// Parses a copy of its own size, so that AddressSanitizer sees a read beyond it.
HttpParsed parse(std::string_view bytes) {
  const std::string copy(bytes);
  return parse_http_request(copy);
}

bool is_same(const HttpRequest& a, const HttpRequest& b) {
  const auto same_header = [](const HttpHeader& x, const HttpHeader& y) {
    return x.name == y.name && x.value == y.value;
  };
  return a.is_head == b.is_head && a.keep_alive == b.keep_alive && a.path == b.path &&
         a.query == b.query &&
         std::equal(a.headers.begin(), a.headers.end(), b.headers.begin(), b.headers.end(),
                    same_header);
}

void check_request(std::string_view bytes, const HttpParsed& parsed) {
  ensure(parsed.bytes > 0 && parsed.bytes <= bytes.size() && parsed.bytes <= kHttpHeadBytesMax);
  ensure(parsed.request.path.starts_with('/'));
  ensure(parsed.request.path.find('?') == std::string::npos);
  size_t kept = parsed.request.path.size() + parsed.request.query.size();
  for (const HttpHeader& header : parsed.request.headers) {
    ensure(!header.name.empty());
    ensure(parsed.request.find_header(header.name) != nullptr);
    kept += header.name.size() + header.value.size();
  }
  ensure(kept <= parsed.bytes);

  const std::string_view own = bytes.substr(0, parsed.bytes);
  for (const HttpParsed& again : {parse(own), parse(std::string(own) + "GET / HTTP/1.1\r\n")}) {
    ensure(again.status == 200 && again.bytes == parsed.bytes);
    ensure(is_same(again.request, parsed.request));
  }
}

// A request that has arrived in part is waited for, and not refused or taken, if the whole is fine.
void check_prefixes(std::string_view bytes) {
  for (size_t size = 0; size < std::min<size_t>(bytes.size(), 64); ++size)
    ensure(parse(bytes.substr(0, size)).status == 0);
  ensure(parse(bytes.substr(0, bytes.size() - 1)).status == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const HttpParsed parsed = parse(bytes);
  switch (parsed.status) {
    case 200:
      check_request(bytes, parsed);
      check_prefixes(bytes.substr(0, parsed.bytes));
      break;
    case 0:
      ensure(size <= kHttpHeadBytesMax);
      break;
    default:
      ensure(parsed.status == 400 || parsed.status == 405 || parsed.status == 431 ||
             parsed.status == 505);
  }
  return 0;
}
