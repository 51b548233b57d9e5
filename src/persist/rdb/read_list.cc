#include "persist/rdb/container_readers.h"

#include <array>
#include <string>

namespace kvstash::persist::rdb {
namespace {

using store::List;
using store::ListLimits;

void read_elements(Decoder& from, List& list, const ListLimits& limits) {
  std::string scratch;
  for (size_t left = from.count(1); left != 0; --left) {
    const std::array element{from.string(scratch)};
    if (!from.ok()) return;
    list.push(store::ListEnd::kTail, element, limits);
  }
}

void read_plain(Decoder& from, List& list, const ListLimits& limits) {
  std::string scratch;
  const std::string_view element = from.string(scratch);
  if (element.empty()) from.fail("a piece of a list is empty");
  if (from.ok()) list.append_plain(element, limits);
}

void read_pieces(Decoder& from, List& list, const ListLimits& limits) {
  for (size_t left = from.count(2); left != 0 && from.ok(); --left) {
    switch (static_cast<ListPiece>(from.length())) {
      case ListPiece::kPlain:
        read_plain(from, list, limits);
        break;
      case ListPiece::kPacked:
        list.append_pack(read_listpack(from).view(), limits);
        break;
      default:
        from.fail("a piece of a list has an unknown kind");
    }
  }
}

}  // namespace

List read_list(Decoder& from, Type type, const ListLimits& limits) {
  List list;
  switch (type) {
    case Type::kList:
      read_elements(from, list, limits);
      break;
    case Type::kListZiplist:
      list.append_pack(read_ziplist(from).view(), limits);
      break;
    case Type::kListQuicklist:
      for (size_t left = from.count(1); left != 0 && from.ok(); --left)
        list.append_pack(read_ziplist(from).view(), limits);
      break;
    default:
      read_pieces(from, list, limits);
  }
  list.settle(limits);
  return list;
}

}  // namespace kvstash::persist::rdb
