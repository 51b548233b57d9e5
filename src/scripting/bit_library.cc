#include "scripting/bit_library.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace kvstash::scripting {
namespace {

// The number modulo 2^32. Adding 1.5 * 2^52 rounds it to an integer whose low bits are the result.
uint32_t bits_at(lua_State* L, int index) {
  constexpr lua_Number kRounder = 6755399441055744.0;
  const lua_Number number = luaL_checknumber(L, index);
  return static_cast<uint32_t>(std::bit_cast<uint64_t>(number + kRounder));
}

int answer(lua_State* L, uint32_t bits) {
  lua_pushnumber(L, static_cast<lua_Number>(static_cast<int32_t>(bits)));
  return 1;
}

int tobit(lua_State* L) {
  return answer(L, bits_at(L, 1));
}

int bnot(lua_State* L) {
  return answer(L, ~bits_at(L, 1));
}

template <typename Combine>
int fold(lua_State* L, Combine combine) {
  uint32_t bits = bits_at(L, 1);
  for (int i = lua_gettop(L); i > 1; --i)
    bits = combine(bits, bits_at(L, i));
  return answer(L, bits);
}

int band(lua_State* L) {
  return fold(L, [](uint32_t a, uint32_t b) { return a & b; });
}

int bor(lua_State* L) {
  return fold(L, [](uint32_t a, uint32_t b) { return a | b; });
}

int bxor(lua_State* L) {
  return fold(L, [](uint32_t a, uint32_t b) { return a ^ b; });
}

// A shift uses only the lowest five bits of its count.
template <typename Shift>
int shifted(lua_State* L, Shift shift) {
  const uint32_t bits = bits_at(L, 1);
  return answer(L, shift(bits, static_cast<int>(bits_at(L, 2) & 31)));
}

int lshift(lua_State* L) {
  return shifted(L, [](uint32_t bits, int by) { return bits << by; });
}

int rshift(lua_State* L) {
  return shifted(L, [](uint32_t bits, int by) { return bits >> by; });
}

int arshift(lua_State* L) {
  return shifted(L, [](uint32_t bits, int by) {
    return static_cast<uint32_t>(static_cast<int32_t>(bits) >> by);
  });
}

int rol(lua_State* L) {
  return shifted(L, [](uint32_t bits, int by) { return std::rotl(bits, by); });
}

int ror(lua_State* L) {
  return shifted(L, [](uint32_t bits, int by) { return std::rotr(bits, by); });
}

int bswap(lua_State* L) {
  return answer(L, __builtin_bswap32(bits_at(L, 1)));
}

// bit.tohex(): writes the lowest digits, in capitals if their number is negative.
int tohex(lua_State* L) {
  constexpr int64_t kDigitsMax = 8;
  uint32_t bits = bits_at(L, 1);
  int64_t digits = lua_isnone(L, 2) ? kDigitsMax : static_cast<int32_t>(bits_at(L, 2));
  const char* alphabet = digits < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
  digits = std::min(digits < 0 ? -digits : digits, kDigitsMax);
  char text[kDigitsMax];
  for (int64_t i = digits; i > 0; --i, bits >>= 4)
    text[i - 1] = alphabet[bits & 15];
  push(L, {text, static_cast<size_t>(digits)});
  return 1;
}

constexpr LibraryFunction kBitFunctions[] = {
    {"arshift", arshift}, {"band", band},     {"bnot", bnot},     {"bor", bor},
    {"bswap", bswap},     {"bxor", bxor},     {"lshift", lshift}, {"rol", rol},
    {"ror", ror},         {"rshift", rshift}, {"tobit", tobit},   {"tohex", tohex},
};

}  // namespace

void push_bit_library(lua_State* L) {
  lua_newtable(L);
  set_functions(L, kBitFunctions);
}

}  // namespace kvstash::scripting
