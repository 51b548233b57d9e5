#include "store/object.h"

#include "store/hash.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <iterator>

namespace kvstash::store {
namespace {

struct ObjectOps {
  size_t (*bytes)(ObjectWord word) = nullptr;
  size_t (*size)(ObjectWord word) = nullptr;
  Encoding (*encoding)(ObjectWord word) = nullptr;
  ObjectWord (*copy)(ObjectWord word) = nullptr;
  void (*destroy)(ObjectWord word) = nullptr;
  bool (*offer)(ObjectWord word) = nullptr;
};

// Lets `look` see the object of a word, which stays with its entry.
template <Container T, typename Look>
auto borrow(ObjectWord word, Look&& look) {
  T value = T::adopt(word);
  auto answer = look(value);
  static_cast<void>(value.release());
  return answer;
}

template <Container T>
constexpr ObjectOps ops_of() {
  return {
      .bytes =
          [](ObjectWord word) {
            return borrow<T>(word, [](const T& value) { return value.bytes(); });
          },
      .size =
          [](ObjectWord word) {
            return borrow<T>(word, [](const T& value) { return size_t{value.size()}; });
          },
      .encoding =
          [](ObjectWord word) {
            return borrow<T>(word, [](const T& value) { return value.encoding(); });
          },
      .copy =
          [](ObjectWord word) {
            return borrow<T>(word, [](const T& value) { return value.copy().release(); });
          },
      .destroy = [](ObjectWord word) { T::adopt(word); },
      .offer =
          [](ObjectWord word) { return borrow<T>(word, [](T& value) { return value.offer(); }); }};
}

// Indexed by ValueType. Strings are not objects.
constexpr ObjectOps kOps[] = {
    {}, ops_of<List>(), ops_of<Set>(), ops_of<SortedSet>(), ops_of<Hash>(), ops_of<Stream>()};
static_assert(std::size(kOps) == static_cast<size_t>(ValueType::kCount));

const ObjectOps& ops_for(ValueType type) {
  const ObjectOps& ops = kOps[static_cast<size_t>(type)];
  ensure(ops.bytes != nullptr);
  return ops;
}

}  // namespace

size_t object_bytes(ValueType type, ObjectWord word) {
  return ops_for(type).bytes(word);
}

size_t object_size(ValueType type, ObjectWord word) {
  return ops_for(type).size(word);
}

size_t object_pieces(ValueType type, ObjectWord word) {
  constexpr size_t kNodesPerBlock = 2;  // A radix tree has about two nodes for each block.
  switch (object_encoding(type, word)) {
    case Encoding::kListpack:
    case Encoding::kIntset:
      return 1;
    case Encoding::kQuicklist:
      return borrow<List>(word, [](const List& list) { return list.piece_count(); });
    case Encoding::kStream:
      return borrow<Stream>(word, [](const Stream& stream) {
        const size_t groups = stream.groups() == nullptr ? 0 : stream.groups()->size();
        return stream.blocks().size() * kNodesPerBlock + groups;
      });
    default:
      return object_size(type, word);
  }
}

Encoding object_encoding(ValueType type, ObjectWord word) {
  return ops_for(type).encoding(word);
}

ObjectWord copy_object(ValueType type, ObjectWord word) {
  return ops_for(type).copy(word);
}

void destroy_object(ValueType type, ObjectWord word) {
  ops_for(type).destroy(word);
}

bool offer_object(ValueType type, ObjectWord word) {
  return ops_for(type).offer(word);
}

std::optional<int64_t> next_field_deadline_ms(ValueType type, ObjectWord word) {
  if (type != ValueType::kHash) return std::nullopt;
  return borrow<Hash>(word, [](const Hash& hash) { return hash.next_deadline_ms(); });
}

}  // namespace kvstash::store
