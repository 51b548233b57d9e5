#include "scripting/cmsgpack_library.h"

#include "scripting/lua_buffer.h"

#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <optional>

namespace kvstash::scripting {
namespace {

constexpr int kNestingMax = 16;

// ---- Packing.

class Packer {
 public:
  Packer(lua_State* L, LuaBuffer& to) : lua_(L), to_(&to) {}

  // Packs the value on top of the stack, and pops that value.
  void pack(int level);

 private:
  void pack_text(std::string_view text);
  void pack_number(lua_Number number);
  void pack_integer(int64_t value);
  void pack_table(int level);
  void pack_count(size_t count, unsigned small, unsigned medium);
  std::optional<size_t> array_size();
  void head(unsigned byte, uint64_t value, size_t bytes) {
    to_->add(static_cast<char>(byte));
    to_->add_big_endian(value, bytes);
  }

  lua_State* lua_;
  LuaBuffer* to_;
};

void Packer::pack(int level) {
  luaL_checkstack(lua_, 4, "in function mp_encode_lua_type");
  switch (lua_type(lua_, -1)) {
    case LUA_TSTRING:
      pack_text(text_at(lua_, -1));
      break;
    case LUA_TBOOLEAN:
      to_->add(static_cast<char>(lua_toboolean(lua_, -1) != 0 ? 0xc3 : 0xc2));
      break;
    case LUA_TNUMBER:
      pack_number(lua_tonumber(lua_, -1));
      break;
    case LUA_TTABLE:
      if (level < kNestingMax) {
        pack_table(level);
        break;
      }
      [[fallthrough]];
    default:
      to_->add(static_cast<char>(0xc0));
      break;
  }
  lua_pop(lua_, 1);
}

void Packer::pack_text(std::string_view text) {
  const size_t size = text.size();
  if (size < 32) {
    to_->add(static_cast<char>(0xa0 | size));
  } else if (size <= UINT8_MAX) {
    head(0xd9, size, 1);
  } else if (size <= UINT16_MAX) {
    head(0xda, size, 2);
  } else {
    head(0xdb, size, 4);
  }
  to_->add(text);
}

void Packer::pack_number(lua_Number number) {
  constexpr lua_Number kIntegerMax = 9223372036854775807.0;
  if (number >= -kIntegerMax && number < kIntegerMax && number == std::trunc(number)) {
    pack_integer(static_cast<int64_t>(number));
    return;
  }
  const auto shorter = static_cast<float>(number);
  if (static_cast<lua_Number>(shorter) == number) {
    head(0xca, std::bit_cast<uint32_t>(shorter), 4);
  } else {
    head(0xcb, std::bit_cast<uint64_t>(number), 8);
  }
}

void Packer::pack_integer(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  if (value >= 0) {
    if (bits <= 127) {
      to_->add(static_cast<char>(bits));
    } else if (bits <= UINT8_MAX) {
      head(0xcc, bits, 1);
    } else if (bits <= UINT16_MAX) {
      head(0xcd, bits, 2);
    } else if (bits <= UINT32_MAX) {
      head(0xce, bits, 4);
    } else {
      head(0xcf, bits, 8);
    }
  } else if (value >= -32) {
    to_->add(static_cast<char>(bits & 0xff));
  } else if (value >= INT8_MIN) {
    head(0xd0, bits, 1);
  } else if (value >= INT16_MIN) {
    head(0xd1, bits, 2);
  } else if (value >= INT32_MIN) {
    head(0xd2, bits, 4);
  } else {
    head(0xd3, bits, 8);
  }
}

// The size of a table whose keys are 1..n and no others; nothing for any other table.
std::optional<size_t> Packer::array_size() {
  size_t count = 0;
  lua_Number largest = 0;
  const int top = lua_gettop(lua_);
  for (lua_pushnil(lua_); lua_next(lua_, top) != 0;) {
    lua_pop(lua_, 1);
    const lua_Number key = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : 0;
    if (!(key > 0) || key != std::trunc(key)) {
      lua_settop(lua_, top);
      return std::nullopt;
    }
    largest = std::max(largest, key);
    ++count;
  }
  if (largest != static_cast<lua_Number>(count)) return std::nullopt;
  return count;
}

void Packer::pack_count(size_t count, unsigned small, unsigned medium) {
  if (count <= 15) {
    to_->add(static_cast<char>(small | count));
  } else if (count <= UINT16_MAX) {
    head(medium, count, 2);
  } else {
    head(medium + 1, count, 4);
  }
}

void Packer::pack_table(int level) {
  if (const std::optional<size_t> size = array_size()) {
    pack_count(*size, 0x90, 0xdc);
    for (size_t i = 1; i <= *size; ++i) {
      lua_rawgeti(lua_, -1, static_cast<int>(i));
      pack(level + 1);
    }
    return;
  }
  size_t pairs = 0;
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1))
    ++pairs;
  pack_count(pairs, 0x80, 0xde);
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0;) {
    lua_pushvalue(lua_, -2);
    pack(level + 1);
    pack(level + 1);
  }
}

// ---- Unpacking.

class Unpacker {
 public:
  Unpacker(lua_State* L, std::string_view bytes) : lua_(L), rest_(bytes) {}

  size_t left() const { return rest_.size(); }
  // Reads the next value and pushes it.
  void unpack();

 private:
  std::string_view take(size_t size);
  uint64_t number(size_t bytes);
  void push_signed(size_t bytes);
  void push_array(size_t count);
  void push_map(size_t pairs);
  bool unpack_small(unsigned byte);

  lua_State* lua_;
  std::string_view rest_;
};

std::string_view Unpacker::take(size_t size) {
  if (rest_.size() < size) raise_here(lua_, "Missing bytes in input.");
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

uint64_t Unpacker::number(size_t bytes) {
  uint64_t value = 0;
  for (const char byte : take(bytes))
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void Unpacker::push_signed(size_t bytes) {
  const size_t unused = 64 - 8 * bytes;
  const auto value = static_cast<int64_t>(number(bytes) << unused) >> unused;
  lua_pushnumber(lua_, static_cast<lua_Number>(value));
}

// An array grows as its values are read, because the given count cannot be trusted.
void Unpacker::push_array(size_t count) {
  lua_newtable(lua_);
  luaL_checkstack(lua_, 1, "in function mp_decode_to_lua_array");
  for (size_t i = 1; i <= count; ++i) {
    lua_pushinteger(lua_, static_cast<lua_Integer>(i));
    unpack();
    lua_rawset(lua_, -3);
  }
}

void Unpacker::push_map(size_t pairs) {
  lua_newtable(lua_);
  for (; pairs > 0; --pairs) {
    unpack();
    unpack();
    lua_settable(lua_, -3);
  }
}

// Reads a value whose length or number is part of its first byte. False: it is no such value.
bool Unpacker::unpack_small(unsigned byte) {
  if (byte < 0x80) {
    lua_pushnumber(lua_, byte);
  } else if (byte >= 0xe0) {
    lua_pushnumber(lua_, static_cast<int8_t>(byte));
  } else if (byte < 0x90) {
    push_map(byte & 15);
  } else if (byte < 0xa0) {
    push_array(byte & 15);
  } else if (byte < 0xc0) {
    push(lua_, take(byte & 31));
  } else {
    return false;
  }
  return true;
}

void Unpacker::unpack() {
  luaL_checkstack(lua_, 1,
                  "too many return values at once; use unpack_one or unpack_limit instead.");
  const auto byte = static_cast<unsigned>(number(1));
  if (unpack_small(byte)) return;
  switch (byte) {
    case 0xc0:
      lua_pushnil(lua_);
      return;
    case 0xc2:
    case 0xc3:
      lua_pushboolean(lua_, byte == 0xc3 ? 1 : 0);
      return;
    case 0xca:
      lua_pushnumber(lua_, std::bit_cast<float>(static_cast<uint32_t>(number(4))));
      return;
    case 0xcb:
      lua_pushnumber(lua_, std::bit_cast<double>(number(8)));
      return;
    case 0xcc:
    case 0xcd:
    case 0xce:
      lua_pushnumber(lua_, static_cast<lua_Number>(number(size_t{1} << (byte - 0xcc))));
      return;
    case 0xcf:  // An unsigned number, which Redis reads as a signed one.
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      push_signed(size_t{1} << (byte & 3));
      return;
    case 0xd9:
    case 0xda:
    case 0xdb:
      push(lua_, take(number(size_t{1} << (byte - 0xd9))));
      return;
    case 0xdc:
    case 0xdd:
      push_array(number(byte == 0xdc ? 2 : 4));
      return;
    case 0xde:
    case 0xdf:
      push_map(number(byte == 0xde ? 2 : 4));
      return;
    default:
      raise_here(lua_, "Bad data format in input.");
  }
}

// ---- The functions.

int cmsgpack_pack(lua_State* L) {
  const int count = lua_gettop(L);
  if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
  if (lua_checkstack(L, count) == 0)
    return luaL_argerror(L, 0, "Too many arguments for MessagePack pack.");
  LuaBuffer to(L);
  Packer packer(L, to);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, i);
    packer.pack(0);
  }
  to.push_result();
  return 1;
}

// Unpacks at most `limit` values from `offset` on. The first result is the offset at which to go
// on, or -1 at the end. If both arguments are 0 all values are unpacked, and there is no offset.
int unpack_some(lua_State* L, lua_Integer limit, lua_Integer offset) {
  const std::string_view bytes = check_text(L, 1);
  if (offset < 0 || limit < 0) {
    return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(bytes.size()));
  }
  if (static_cast<size_t>(offset) > bytes.size()) {
    return luaL_error(L, "Start offset %d greater than input length %d.", static_cast<int>(offset),
                      static_cast<int>(bytes.size()));
  }
  const bool takes_all = limit == 0 && offset == 0;
  if (takes_all) limit = INT_MAX;
  lua_settop(L, 1);
  Unpacker unpacker(L, bytes.substr(static_cast<size_t>(offset)));
  int count = 0;
  for (; unpacker.left() > 0 && count < limit; ++count)
    unpacker.unpack();
  if (takes_all) return count;
  luaL_checkstack(L, 1, "in function mp_unpack_full");
  const bool is_over = unpacker.left() == 0;
  lua_pushinteger(L, is_over ? -1 : static_cast<lua_Integer>(bytes.size() - unpacker.left()));
  lua_insert(L, 2);
  return count + 1;
}

int cmsgpack_unpack(lua_State* L) {
  return unpack_some(L, 0, 0);
}

int cmsgpack_unpack_one(lua_State* L) {
  return unpack_some(L, 1, luaL_optinteger(L, 2, 0));
}

int cmsgpack_unpack_limit(lua_State* L) {
  const lua_Integer limit = luaL_checkinteger(L, 2);
  const lua_Integer offset = luaL_optinteger(L, 3, 0);
  return unpack_some(L, limit, offset);
}

constexpr LibraryFunction kCmsgpackFunctions[] = {
    {"pack", cmsgpack_pack},
    {"unpack", cmsgpack_unpack},
    {"unpack_limit", cmsgpack_unpack_limit},
    {"unpack_one", cmsgpack_unpack_one},
};

}  // namespace

void push_cmsgpack_library(lua_State* L) {
  lua_newtable(L);
  set_functions(L, kCmsgpackFunctions);
  lua_pushliteral(L, "cmsgpack");
  lua_setfield(L, -2, "_NAME");
  lua_pushliteral(L, "lua-cmsgpack 0.4.0");
  lua_setfield(L, -2, "_VERSION");
  lua_pushliteral(L, "MessagePack C implementation for Lua");
  lua_setfield(L, -2, "_DESCRIPTION");
}

}  // namespace kvstash::scripting
