#include "scripting/struct_library.h"

#include "scripting/lua_buffer.h"

#include <bit>
#include <cctype>
#include <climits>
#include <cstdint>
#include <cstring>

namespace kvstash::scripting {
namespace {

constexpr size_t kIntegerBytesMax = 32;
constexpr size_t kDefaultAlignment = 8;

// One letter of the format, with the bytes it stands for and the padding before it.
struct Item {
  char option = 0;
  size_t size = 0;
  size_t padding = 0;
};

// Walks over a format, which ends at its first NUL, and remembers the byte order and alignment
// chosen by the letters so far.
class Format {
 public:
  Format(lua_State* L, std::string_view text) : lua_(L), rest_(text.substr(0, text.find('\0'))) {}

  bool done() const { return rest_.empty(); }
  // Reads the next letter. `position` is that of its bytes, which decides about their padding.
  Item next(size_t position);
  // Applies a letter that stands for no bytes. Raises an error if the letter has no meaning.
  void control(char option);
  bool is_little() const { return is_little_; }

 private:
  // Reads a number in the format; returns `otherwise` if there is none.
  size_t number(size_t otherwise);
  size_t size_of(char option);

  lua_State* lua_;
  std::string_view rest_;
  bool is_little_ = std::endian::native == std::endian::little;
  size_t alignment_ = 1;
};

size_t Format::number(size_t otherwise) {
  const auto is_digit = [this] {
    return !rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0;
  };
  if (!is_digit()) return otherwise;
  size_t value = 0;
  for (; is_digit(); rest_.remove_prefix(1)) {
    const auto digit = static_cast<size_t>(rest_.front() - '0');
    if (value > (INT_MAX - digit) / 10) raise_here(lua_, "integral size overflow");
    value = 10 * value + digit;
  }
  return value;
}

size_t Format::size_of(char option) {
  switch (option) {
    case 'B':
    case 'b':
    case 'x':
      return 1;
    case 'H':
    case 'h':
      return sizeof(short);
    case 'L':
    case 'l':
      return sizeof(long);
    case 'T':
      return sizeof(size_t);
    case 'f':
      return sizeof(float);
    case 'd':
      return sizeof(double);
    case 'c':
      return number(1);
    case 'i':
    case 'I': {
      const size_t size = number(sizeof(int));
      if (size > kIntegerBytesMax)
        luaL_error(lua_, "integral size %d is larger than limit of %d", static_cast<int>(size),
                   static_cast<int>(kIntegerBytesMax));
      return size;
    }
    default:
      return 0;
  }
}

Item Format::next(size_t position) {
  Item item{.option = rest_.front()};
  rest_.remove_prefix(1);
  item.size = size_of(item.option);
  if (item.size != 0 && item.option != 'c') {
    const size_t to = std::min(item.size, alignment_);
    item.padding = (to - (position & (to - 1))) & (to - 1);
  }
  return item;
}

void Format::control(char option) {
  switch (option) {
    case ' ':
      return;
    case '>':
      is_little_ = false;
      return;
    case '<':
      is_little_ = true;
      return;
    case '!': {
      const size_t alignment = number(kDefaultAlignment);
      if (!std::has_single_bit(alignment))
        luaL_error(lua_, "alignment %d is not a power of 2", static_cast<int>(alignment));
      alignment_ = alignment;
      return;
    }
    default:
      luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
  }
}

// ---- Numbers.

void put_integer(LuaBuffer& to, uint64_t value, size_t size, bool is_little) {
  char* bytes = to.reserve(size);
  for (size_t i = 0; i < size; ++i, value = value >> 8)
    bytes[is_little ? i : size - 1 - i] = static_cast<char>(value & 0xff);
  to.keep(size);
}

uint64_t get_integer(std::string_view bytes, bool is_little) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[is_little ? bytes.size() - 1 - i : i]);
  return value;
}

// Converts a double to a signed or unsigned integer. If it fits neither, the result is as on x86.
uint64_t to_bits(lua_Number number) {
  constexpr lua_Number kSignedLimit = 9223372036854775808.0;
  if (number != number) return uint64_t{1} << 63;
  if (number < 0) {
    return number >= -kSignedLimit ? static_cast<uint64_t>(static_cast<int64_t>(number))
                                   : uint64_t{1} << 63;
  }
  return number < 2 * kSignedLimit ? static_cast<uint64_t>(number) : 0;
}

// Extends the sign of an integer. One of more than eight bytes gives the same result as in Redis on
// x86, where a shift counts modulo 64.
lua_Number signed_number(uint64_t value, size_t size) {
  const uint64_t sign_and_above = ~uint64_t{0} << ((8 * size - 1) % 64);
  if ((value & sign_and_above) != 0) value |= sign_and_above;
  return static_cast<lua_Number>(static_cast<int64_t>(value));
}

template <typename Float>
using BitsOf = std::conditional_t<sizeof(Float) == 4, uint32_t, uint64_t>;

template <typename Float>
void put_float(LuaBuffer& to, lua_Number number, bool is_little) {
  put_integer(to, std::bit_cast<BitsOf<Float>>(static_cast<Float>(number)), sizeof(Float),
              is_little);
}

template <typename Float>
lua_Number get_float(std::string_view bytes, bool is_little) {
  return std::bit_cast<Float>(static_cast<BitsOf<Float>>(get_integer(bytes, is_little)));
}

bool is_integer(char option) {
  return std::strchr("bBhHlLTiI", option) != nullptr;
}

// ---- The functions.

void put_text(lua_State* L, LuaBuffer& to, const Item& item, int argument) {
  const std::string_view text = check_text(L, argument);
  const size_t size = item.size == 0 ? text.size() : item.size;
  luaL_argcheck(L, text.size() >= size, argument + 1, "string too short");  // Counted as in Redis.
  to.add(text.substr(0, size));
  if (item.option == 's') to.add('\0');
}

int struct_pack(lua_State* L) {
  Format format(L, check_text(L, 1));
  lua_pushnil(L);  // Keeps the buffer from being taken for a missing argument.
  LuaBuffer to(L);
  int argument = 2;
  while (!format.done()) {
    const Item item = format.next(to.size());
    for (size_t i = 0; i < item.padding; ++i)
      to.add('\0');
    if (is_integer(item.option)) {
      put_integer(to, to_bits(luaL_checknumber(L, argument++)), item.size, format.is_little());
    } else if (item.option == 'x') {
      to.add('\0');
    } else if (item.option == 'f') {
      put_float<float>(to, luaL_checknumber(L, argument++), format.is_little());
    } else if (item.option == 'd') {
      put_float<double>(to, luaL_checknumber(L, argument++), format.is_little());
    } else if (item.option == 'c' || item.option == 's') {
      put_text(L, to, item, argument++);
    } else {
      format.control(item.option);
    }
  }
  to.push_result();
  return 1;
}

// Pushes the text that the letter 'c' or 's' reads at `position`. Returns the bytes it takes.
size_t push_text(lua_State* L, const Item& item, std::string_view data, size_t position,
                 int& results) {
  if (item.option == 's') {
    const size_t end = data.find('\0', position);
    if (end == std::string_view::npos) raise_here(L, "unfinished string in data");
    push(L, data.substr(position, end - position));
    return end - position + 1;
  }
  size_t size = item.size;
  if (size == 0) {
    if (results == 0 || lua_isnumber(L, -1) == 0)
      raise_here(L, "format 'c0' needs a previous size");
    const lua_Number wanted = lua_tonumber(L, -1);
    lua_pop(L, 1);
    --results;
    luaL_argcheck(L, wanted >= 0 && wanted <= static_cast<lua_Number>(data.size() - position), 2,
                  "data string too short");
    size = static_cast<size_t>(wanted);
  }
  push(L, data.substr(position, size));
  return size;
}

int struct_unpack(lua_State* L) {
  Format format(L, check_text(L, 1));
  const std::string_view data = check_text(L, 2);
  const lua_Integer from = luaL_optinteger(L, 3, 1);
  luaL_argcheck(L, from != 0, 3, "offset must be 1 or greater");
  auto position = static_cast<size_t>(from) - 1;
  int results = 0;
  lua_settop(L, 2);
  while (!format.done()) {
    Item item = format.next(position);
    position += item.padding;
    luaL_argcheck(L, item.size <= data.size() && position <= data.size() - item.size, 2,
                  "data string too short");
    luaL_checkstack(L, 2, "too many results");
    const std::string_view bytes = data.substr(position, item.size);
    if (is_integer(item.option)) {
      const uint64_t value = get_integer(bytes, format.is_little());
      const bool is_signed = std::islower(static_cast<unsigned char>(item.option)) != 0;
      lua_pushnumber(L,
                     is_signed ? signed_number(value, item.size) : static_cast<lua_Number>(value));
      ++results;
    } else if (item.option == 'f') {
      lua_pushnumber(L, get_float<float>(bytes, format.is_little()));
      ++results;
    } else if (item.option == 'd') {
      lua_pushnumber(L, get_float<double>(bytes, format.is_little()));
      ++results;
    } else if (item.option == 'c' || item.option == 's') {
      item.size = push_text(L, item, data, position, results);
      ++results;
    } else if (item.option != 'x') {
      format.control(item.option);
    }
    position += item.size;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(position + 1));
  return results + 1;
}

int struct_size(lua_State* L) {
  Format format(L, check_text(L, 1));
  size_t position = 0;
  while (!format.done()) {
    const Item item = format.next(position);
    position += item.padding;
    if (item.option == 's') luaL_argerror(L, 1, "option 's' has no fixed size");
    if (item.option == 'c' && item.size == 0) luaL_argerror(L, 1, "option 'c0' has no fixed size");
    if (std::isalnum(static_cast<unsigned char>(item.option)) == 0) format.control(item.option);
    position += item.size;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(position));
  return 1;
}

constexpr LibraryFunction kStructFunctions[] = {
    {"pack", struct_pack}, {"size", struct_size}, {"unpack", struct_unpack}};

}  // namespace

void push_struct_library(lua_State* L) {
  lua_newtable(L);
  set_functions(L, kStructFunctions);
}

}  // namespace kvstash::scripting
