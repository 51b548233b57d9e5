#include "scripting/reply_maker.h"

#include "base/ensure.h"
#include "scripting/redis_library.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace kvstash::scripting {
namespace {

constexpr int kSlotsPerLevel = 4;
// The largest reply: as much as a script may have in memory. A bound is needed because one table
// may occur in a reply many times, so a small script could make an enormous reply.
constexpr size_t kReplyBytesMax = size_t{256} << 20;
// Writing so many tables takes about a second, in which no client is served.
constexpr size_t kReplyTablesMax = size_t{2} << 20;

class ReplyMaker {
 public:
  ReplyMaker(lua_State* L, resp::ReplyWriter& to, resp::RespVersion script_resp,
             ReplyErrors& errors)
      : lua_(L),
        to_(&to),
        begun_at_(static_cast<size_t>(to.begin())),
        script_resp_(script_resp),
        errors_(&errors) {}

  void write();
  bool is_too_large() const { return written() > kReplyBytesMax || tables_ > kReplyTablesMax; }

 private:
  size_t written() const { return static_cast<size_t>(to_->begin()) - begun_at_; }
  void write_boolean();
  void write_table();
  bool write_tagged();
  void write_error();
  bool write_verbatim();
  void write_map();
  void write_set();
  void write_array();
  size_t count_pairs();
  int push_field(const char* name);

  lua_State* lua_;
  resp::ReplyWriter* to_;
  size_t begun_at_;
  size_t tables_ = 0;
  resp::RespVersion script_resp_;
  ReplyErrors* errors_;
};

// Converts a double to an integer. One that does not fit gives the same integer as on x86.
int64_t to_integer(lua_Number value) {
  constexpr lua_Number kLimit = 9223372036854775808.0;
  if (!(value >= -kLimit && value < kLimit)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

std::string on_one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return line;
}

// An error's text without the line ends at its end.
std::string_view without_line_ends(std::string_view text) {
  const size_t last = text.find_last_not_of("\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Past the limit nothing more is written, because the reply is discarded anyway.
void ReplyMaker::write() {
  if (is_too_large()) {
    lua_pop(lua_, 1);
    return;
  }
  if (lua_checkstack(lua_, kSlotsPerLevel) == 0) {
    to_->error("ERR reached lua stack limit");
    lua_pop(lua_, 1);
    return;
  }
  switch (lua_type(lua_, -1)) {
    case LUA_TSTRING:
      to_->bulk(text_at(lua_, -1));
      break;
    case LUA_TBOOLEAN:
      write_boolean();
      break;
    case LUA_TNUMBER:
      to_->integer(to_integer(lua_tonumber(lua_, -1)));
      break;
    case LUA_TTABLE:
      write_table();
      break;
    default:
      to_->null();
      break;
  }
  lua_pop(lua_, 1);
}

void ReplyMaker::write_boolean() {
  const bool value = lua_toboolean(lua_, -1) != 0;
  if (script_resp_ == resp::RespVersion::k3) {
    to_->boolean(value);
  } else if (value) {
    to_->integer(1);
  } else {
    to_->null();
  }
}

// Pushes the field of the table on top of the stack. Returns the type of its value.
int ReplyMaker::push_field(const char* name) {
  lua_pushstring(lua_, name);
  lua_rawget(lua_, -2);
  return lua_type(lua_, -1);
}

void ReplyMaker::write_table() {
  ++tables_;
  const int top = lua_gettop(lua_);
  const bool is_tagged = write_tagged();
  lua_settop(lua_, top);
  if (!is_tagged) write_array();
}

// Writes an error. Its text is on top of the stack, and its table below.
void ReplyMaker::write_error() {
  const std::string_view message = without_line_ends(text_at(lua_, -1));
  to_->error(message);
  errors_->has_any = true;
  lua_pushstring(lua_, kCountedField);
  lua_rawget(lua_, -3);
  if (lua_toboolean(lua_, -1) == 0 && errors_->counter != nullptr)
    errors_->counter->count_error(message);
}

// Writes a table that has one of the fields with a meaning. False: it has none. The caller removes
// what this leaves on the stack.
bool ReplyMaker::write_tagged() {
  if (push_field("err") == LUA_TSTRING) {
    write_error();
    return true;
  }
  lua_pop(lua_, 1);
  if (push_field("ok") == LUA_TSTRING) {
    to_->simple(on_one_line(text_at(lua_, -1)));
    return true;
  }
  lua_pop(lua_, 1);
  if (push_field("double") == LUA_TNUMBER) {
    to_->dbl(lua_tonumber(lua_, -1));
    return true;
  }
  lua_pop(lua_, 1);
  if (push_field("map") == LUA_TTABLE) {
    write_map();
    return true;
  }
  lua_pop(lua_, 1);
  if (push_field("set") == LUA_TTABLE) {
    write_set();
    return true;
  }
  lua_pop(lua_, 1);
  if (push_field("big_number") == LUA_TSTRING) {
    to_->big_number(on_one_line(text_at(lua_, -1)));
    return true;
  }
  lua_pop(lua_, 1);
  return push_field("verbatim_string") == LUA_TTABLE && write_verbatim();
}

bool ReplyMaker::write_verbatim() {
  if (push_field("format") != LUA_TSTRING) return false;
  std::string format(text_at(lua_, -1));
  lua_pop(lua_, 1);
  if (push_field("string") != LUA_TSTRING) return false;
  format.resize(3, '\0');
  to_->verbatim(format, text_at(lua_, -1));
  return true;
}

// Counts the pairs in the table on top of the stack.
size_t ReplyMaker::count_pairs() {
  size_t count = 0;
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1))
    ++count;
  return count;
}

void ReplyMaker::write_map() {
  to_->map(count_pairs());
  lua_pushnil(lua_);
  while (lua_next(lua_, -2) != 0) {
    lua_pushvalue(lua_, -2);
    write();
    write();
  }
}

void ReplyMaker::write_set() {
  to_->set(count_pairs());
  lua_pushnil(lua_);
  while (lua_next(lua_, -2) != 0) {
    lua_pop(lua_, 1);
    lua_pushvalue(lua_, -1);
    write();
  }
}

void ReplyMaker::write_array() {
  int count = 0;
  for (bool is_end = false; !is_end; lua_pop(lua_, 1)) {
    lua_rawgeti(lua_, -1, count + 1);
    is_end = lua_isnil(lua_, -1);
    if (!is_end) ++count;
  }
  to_->array(static_cast<size_t>(count));
  for (int index = 1; index <= count && !is_too_large(); ++index) {
    lua_rawgeti(lua_, -1, index);
    write();
  }
}

}  // namespace

Status write_value(lua_State* L, resp::ReplyWriter& to, resp::RespVersion script_resp,
                   ReplyErrors& errors) {
  ReplyMaker maker(L, to, script_resp, errors);
  maker.write();
  if (maker.is_too_large()) return Error::literal("ERR The reply of the script is too large");
  return {};
}

}  // namespace kvstash::scripting
