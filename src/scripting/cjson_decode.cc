#include "base/text.h"
#include "scripting/cjson_library.h"
#include "scripting/lua_buffer.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace kvstash::scripting {
namespace {

enum class Token : uint8_t {
  kObjectBegin,
  kObjectEnd,
  kArrayBegin,
  kArrayEnd,
  kString,
  kNumber,
  kBoolean,
  kNull,
  kColon,
  kComma,
  kEnd,
  kError,
};

// The tokens as error messages name them.
constexpr const char* kTokenNames[] = {
    "T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER",
    "T_BOOLEAN",   "T_NULL",    "T_COLON",     "T_COMMA",   "T_END",
};

void append_utf8(LuaBuffer& to, uint32_t code) {
  const auto add = [&to](uint32_t byte) { to.add(static_cast<char>(byte)); };
  const auto add_rest = [&add, code](int shift) { add(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0 | code >> 6);
    add_rest(0);
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12);
    add_rest(6);
    add_rest(0);
  } else {
    add(0xf0 | code >> 18);
    add_rest(12);
    add_rest(6);
    add_rest(0);
  }
}

// Reads one value after another from a text, and pushes it onto the Lua stack.
class Decoder {
 public:
  Decoder(lua_State* L, const CjsonOptions& options, std::string_view json, LuaBuffer& text)
      : lua_(L), options_(&options), json_(json), text_(&text) {}

  void decode();

 private:
  // ---- Tokens. These functions read the next one into token_, token_at_ and the field for its
  // value.
  void next();
  void next_string();
  void next_number();
  void fail_token(const char* why);
  bool read_escape();
  bool read_unicode();
  int hex4(size_t from) const;
  bool is_odd_number() const;
  bool begins_with(std::string_view word) const { return json_.substr(at_).starts_with(word); }
  // The byte at a position. As in C, a zero follows the text.
  char byte(size_t at) const { return at < json_.size() ? json_[at] : '\0'; }

  // ---- Values.
  void push_value();
  void push_object();
  void push_array();
  // Enters a nested value. Checks the depth, and makes room on the stack for `slots` values: the
  // nested value, its parts, and a larger buffer.
  void descend(int slots);
  [[noreturn]] void expected(const char* what);

  lua_State* lua_;
  const CjsonOptions* options_;
  std::string_view json_;
  LuaBuffer* text_;  // The text of the last string token.
  size_t at_ = 0;
  int depth_ = 0;
  Token token_ = Token::kEnd;
  size_t token_at_ = 0;
  lua_Number number_ = 0;
  bool boolean_ = false;
  const char* problem_ = nullptr;
};

// ---- Tokens.

void Decoder::fail_token(const char* why) {
  token_ = Token::kError;
  token_at_ = at_;
  problem_ = why;
}

// Whether a number begins here that strtod accepts and JSON does not: "0x1f", "inf", "nan", "007",
// "+1".
bool Decoder::is_odd_number() const {
  size_t at = at_;
  if (byte(at) == '+') return true;
  if (byte(at) == '-') ++at;
  if (byte(at) == '0') {
    const char second = byte(at + 1);
    return second == 'x' || second == 'X' || (second >= '0' && second <= '9');
  }
  if (static_cast<unsigned char>(byte(at)) <= '9') return false;
  const std::string_view word = json_.substr(std::min(at, json_.size())).substr(0, 3);
  return equals_ignore_case(word, "inf") || equals_ignore_case(word, "nan");
}

void Decoder::next_number() {
  // The text is a Lua string, so a zero byte follows it.
  char* end = nullptr;
  const char* begin = json_.data() + at_;
  number_ = std::strtod(begin, &end);
  if (end == begin) {
    fail_token("invalid number");
    return;
  }
  token_ = Token::kNumber;
  at_ += static_cast<size_t>(end - begin);
}

int Decoder::hex4(size_t from) const {
  int value = 0;
  for (size_t i = from; i < from + 4; ++i) {
    const char c = to_lower(byte(i));
    if (c >= '0' && c <= '9') {
      value = 16 * value + (c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = 16 * value + (c - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

// Reads "\uXXXX" at the present position, or two of them for a character beyond 16 bits.
bool Decoder::read_unicode() {
  const int first = hex4(at_ + 2);
  if (first < 0) return false;
  auto code = static_cast<uint32_t>(first);
  size_t size = 6;
  if ((code & 0xf800) == 0xd800) {
    if ((code & 0x400) != 0) return false;
    if (byte(at_ + 6) != '\\' || byte(at_ + 7) != 'u') return false;
    const int second = hex4(at_ + 8);
    if (second < 0 || (second & 0xfc00) != 0xdc00) return false;
    code = ((code & 0x3ff) << 10 | (static_cast<uint32_t>(second) & 0x3ff)) + 0x10000;
    size = 12;
  }
  append_utf8(*text_, code);
  at_ += size;
  return true;
}

bool Decoder::read_escape() {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char letter = byte(at_ + 1);
  if (letter == 'u') {
    if (read_unicode()) return true;
    fail_token("invalid unicode escape code");
    return false;
  }
  const size_t which = letter == '\0' ? std::string_view::npos : kLetters.find(letter);
  if (which == std::string_view::npos) {
    fail_token("invalid escape code");
    return false;
  }
  text_->add(kMeanings[which]);
  at_ += 2;
  return true;
}

void Decoder::next_string() {
  ++at_;
  text_->clear();
  for (;;) {
    const size_t special = json_.find_first_of(std::string_view("\"\\\0", 3), at_);
    const size_t end = std::min(special, json_.size());
    text_->add(json_.substr(at_, end - at_));
    at_ = end;
    const char c = byte(at_);
    if (c == '"') break;
    if (c == '\0') {
      fail_token("unexpected end of string");
      return;
    }
    if (!read_escape()) return;
  }
  ++at_;
  token_ = Token::kString;
}

void Decoder::next() {
  while (byte(at_) == ' ' || byte(at_) == '\t' || byte(at_) == '\n' || byte(at_) == '\r')
    ++at_;
  token_at_ = at_;
  const auto single = [this](Token token) {
    token_ = token;
    ++at_;
  };
  const char c = byte(at_);
  switch (c) {
    case '{':
      return single(Token::kObjectBegin);
    case '}':
      return single(Token::kObjectEnd);
    case '[':
      return single(Token::kArrayBegin);
    case ']':
      return single(Token::kArrayEnd);
    case ':':
      return single(Token::kColon);
    case ',':
      return single(Token::kComma);
    case '\0':
      token_ = Token::kEnd;
      return;
    case '"':
      next_string();
      return;
    default:
      break;
  }
  const bool takes_odd = options_->decode_invalid_numbers != InvalidNumbers::kRefuse;
  if (c == '-' || (c >= '0' && c <= '9')) {
    if (!takes_odd && is_odd_number()) {
      fail_token("invalid number");
    } else {
      next_number();
    }
  } else if (begins_with("true") || begins_with("false")) {
    token_ = Token::kBoolean;
    boolean_ = c == 't';
    at_ += boolean_ ? 4 : 5;
  } else if (begins_with("null")) {
    token_ = Token::kNull;
    at_ += 4;
  } else if (takes_odd && is_odd_number()) {
    next_number();
  } else {
    fail_token("invalid token");
  }
}

// ---- Values.

void Decoder::expected(const char* what) {
  const char* found = token_ == Token::kError ? problem_ : kTokenNames[static_cast<size_t>(token_)];
  luaL_error(lua_, "Expected %s but found %s at character %d", what, found,
             static_cast<int>(token_at_ + 1));
  __builtin_unreachable();
}

void Decoder::descend(int slots) {
  ++depth_;
  if (depth_ <= options_->decode_max_depth && lua_checkstack(lua_, slots) != 0) return;
  luaL_error(lua_, "Found too many nested data structures (%d) at character %d", depth_,
             static_cast<int>(at_));
}

void Decoder::push_object() {
  descend(4);
  lua_newtable(lua_);
  next();
  while (token_ != Token::kObjectEnd) {
    if (token_ != Token::kString) expected("object key string");
    text_->push_result();
    next();
    if (token_ != Token::kColon) expected("colon");
    next();
    push_value();
    lua_rawset(lua_, -3);
    next();
    if (token_ == Token::kObjectEnd) break;
    if (token_ != Token::kComma) expected("comma or object end");
    next();
    if (token_ == Token::kObjectEnd) expected("object key string");
  }
  --depth_;
}

void Decoder::push_array() {
  descend(3);
  lua_newtable(lua_);
  next();
  if (token_ != Token::kArrayEnd) {
    for (int i = 1;; ++i) {
      push_value();
      lua_rawseti(lua_, -2, i);
      next();
      if (token_ == Token::kArrayEnd) break;
      if (token_ != Token::kComma) expected("comma or array end");
      next();
    }
  }
  --depth_;
}

void Decoder::push_value() {
  switch (token_) {
    case Token::kString:
      text_->push_result();
      return;
    case Token::kNumber:
      lua_pushnumber(lua_, number_);
      return;
    case Token::kBoolean:
      lua_pushboolean(lua_, boolean_ ? 1 : 0);
      return;
    case Token::kObjectBegin:
      push_object();
      return;
    case Token::kArrayBegin:
      push_array();
      return;
    case Token::kNull:
      lua_pushlightuserdata(lua_, nullptr);
      return;
    default:
      expected("value");
  }
}

void Decoder::decode() {
  next();
  push_value();
  next();
  if (token_ != Token::kEnd) expected("the end");
}

}  // namespace

void push_json_value(lua_State* L, const CjsonOptions& options, std::string_view json) {
  LuaBuffer text(L);
  Decoder(L, options, json, text).decode();
}

}  // namespace kvstash::scripting
