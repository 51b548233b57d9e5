#include "scripting/table_sort.h"

#include "scripting/guard.h"
#include "scripting/readonly.h"

namespace kvstash::scripting {
namespace {

constexpr uint32_t kComparisonsPerTick = 65'536;

// Sorts the table at stack index 1. Index 2 has the order: a function, or nil.
class Sorter {
 public:
  explicit Sorter(lua_State* L) : lua_(L), has_order_(!lua_isnil(L, 2)) {}

  // Sorts [low, high] by quicksort. Only the smaller part is sorted by recursion, so depth is
  // small.
  void sort(int low, int high);

 private:
  bool is_less(int a, int b);
  bool put_in_order(int low, int high);
  void store_two(int first, int second);
  int split(int low, int high);

  lua_State* lua_;
  bool has_order_;
  uint32_t comparisons_ = 0;
};

// Whether one value comes before another. Both are given by their indices from the top.
bool Sorter::is_less(int a, int b) {
  if (++comparisons_ % kComparisonsPerTick == 0) tick(lua_);
  if (!has_order_) return lua_lessthan(lua_, a, b) != 0;
  lua_pushvalue(lua_, 2);
  lua_pushvalue(lua_, a - 1);
  lua_pushvalue(lua_, b - 2);
  lua_call(lua_, 2, 1);
  const bool is_less = lua_toboolean(lua_, -1) != 0;
  lua_pop(lua_, 1);
  return is_less;
}

// Pops two values: the one on top becomes the element `first`, the other one the element `second`.
void Sorter::store_two(int first, int second) {
  lua_rawseti(lua_, 1, first);
  lua_rawseti(lua_, 1, second);
}

// Swaps the two elements if they are out of order. Returns whether it did.
bool Sorter::put_in_order(int low, int high) {
  lua_rawgeti(lua_, 1, low);
  lua_rawgeti(lua_, 1, high);
  if (is_less(-1, -2)) {
    store_two(low, high);
    return true;
  }
  lua_pop(lua_, 2);
  return false;
}

// Splits at least four elements, of which the first, the middle and the last are in order. The
// middle one becomes the pivot, and all others go to its correct side. Returns the pivot's final
// index.
int Sorter::split(int low, int high) {
  const int middle = (low + high) / 2;
  lua_rawgeti(lua_, 1, middle);  // The pivot stays on the stack.
  lua_pushvalue(lua_, -1);
  lua_rawgeti(lua_, 1, high - 1);
  store_two(middle, high - 1);
  int from = low;
  int to = high - 1;
  for (;;) {
    while (lua_rawgeti(lua_, 1, ++from), is_less(-1, -2)) {
      if (from > high) raise_here(lua_, "invalid order function for sorting");
      lua_pop(lua_, 1);
    }
    while (lua_rawgeti(lua_, 1, --to), is_less(-3, -1)) {
      if (to < low) raise_here(lua_, "invalid order function for sorting");
      lua_pop(lua_, 1);
    }
    if (to < from) break;
    store_two(from, to);
  }
  lua_pop(lua_, 3);
  lua_rawgeti(lua_, 1, high - 1);
  lua_rawgeti(lua_, 1, from);
  store_two(high - 1, from);
  return from;
}

void Sorter::sort(int low, int high) {
  while (low < high) {
    put_in_order(low, high);
    if (high - low == 1) return;
    const int middle = (low + high) / 2;
    if (!put_in_order(low, middle)) put_in_order(middle, high);
    if (high - low == 2) return;
    const int pivot = split(low, high);
    if (pivot - low < high - pivot) {
      sort(low, pivot - 1);
      low = pivot + 1;
    } else {
      sort(pivot + 1, high);
      high = pivot - 1;
    }
  }
}

}  // namespace

int table_sort(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  check_writable(L, 1);
  const int size = static_cast<int>(lua_objlen(L, 1));
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  Sorter(L).sort(1, size);
  return 0;
}

}  // namespace kvstash::scripting
