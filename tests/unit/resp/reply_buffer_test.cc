#include "resp/reply_buffer.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash::resp;

TEST_CASE("bytes appended stand in order, however the buffer grows") {
  ReplyBuffer buffer;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(static_cast<size_t>(i % 50), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
  }
  CHECK(buffer.view() == expected);
  CHECK(buffer.size() == expected.size());
}

TEST_CASE("only what is committed of a reservation is kept") {
  ReplyBuffer buffer;
  char* room = buffer.reserve(10);
  room[0] = 'x';
  room[1] = 'y';
  buffer.commit(1);
  CHECK(buffer.view() == "x");
}

TEST_CASE("clearing keeps the memory and releasing gives it back") {
  ReplyBuffer buffer;
  buffer.append(std::string(5000, 'x'));
  const size_t capacity = buffer.capacity();
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == capacity);
  buffer.release();
  CHECK(buffer.capacity() == 0);
  buffer.append("again");
  CHECK(buffer.view() == "again");
}

TEST_CASE("bytes can be put in the middle and taken from the end") {
  ReplyBuffer buffer;
  buffer.insert(0, "ad");
  buffer.insert(1, "bc");
  buffer.insert(4, std::string(3000, 'e'));
  buffer.insert(2, "");
  CHECK(buffer.view().substr(0, 6) == "abcdee");
  buffer.truncate(3);
  CHECK(buffer.view() == "abc");
}

TEST_CASE("a moved buffer takes its bytes along") {
  ReplyBuffer first;
  first.append("bytes");
  ReplyBuffer second(std::move(first));
  CHECK(second.view() == "bytes");
  ReplyBuffer third;
  third = std::move(second);
  CHECK(third.view() == "bytes");
}

TEST_CASE("a large buffer that is nearly empty gives most of its memory back, a full one none") {
  ReplyBuffer buffer;
  buffer.append(std::string(size_t{4} << 20, 'x'));
  const size_t capacity = buffer.capacity();
  buffer.shrink();
  CHECK(buffer.capacity() == capacity);
  buffer.drop_front(buffer.size() - 1000);
  buffer.shrink();
  CHECK(buffer.capacity() <= 2000);
  CHECK(buffer.view() == std::string(1000, 'x'));
  const size_t small = buffer.capacity();
  buffer.truncate(1);
  buffer.shrink();
  CHECK(buffer.capacity() == small);
}
