#include "engine/traffic/mailbox.h"

#include <doctest/doctest.h>

#include <array>
#include <mutex>
#include <thread>
#include <vector>

namespace kvstash::engine {
namespace {

struct Numbered : Message {
  Numbered() : Message(Kind::kTask) {}
  size_t producer = 0;
  size_t number = 0;
};

TEST_CASE("messages come out in the order of their pushes") {
  Mailbox mailbox;
  CHECK(mailbox.is_empty());
  CHECK(mailbox.take() == nullptr);
  std::array<Numbered, 5> messages;
  for (size_t i = 0; i < messages.size(); ++i) {
    messages[i].number = i;
    mailbox.push(&messages[i]);
  }
  CHECK_FALSE(mailbox.is_empty());
  size_t expected = 0;
  for (Message* message = mailbox.take(); message != nullptr; message = message->next)
    CHECK(static_cast<Numbered*>(message)->number == expected++);
  CHECK(expected == messages.size());
  CHECK(mailbox.is_empty());
}

TEST_CASE("a message may be pushed again after it was taken") {
  Mailbox mailbox;
  Numbered message;
  for (int round = 0; round < 3; ++round) {
    mailbox.push(&message);
    CHECK(mailbox.take() == &message);
    CHECK(message.next == nullptr);
  }
}

constexpr size_t kProducers = 3;
constexpr size_t kEach = 5000;

TEST_CASE("many producers lose nothing, and each keeps its order") {
  Mailbox mailbox;
  std::vector<std::vector<Numbered>> messages(kProducers);
  for (std::vector<Numbered>& own : messages)
    own = std::vector<Numbered>(kEach);
  std::vector<std::thread> threads;
  for (size_t p = 0; p < kProducers; ++p) {
    threads.emplace_back([&, p] {
      for (size_t i = 0; i < kEach; ++i) {
        messages[p][i].producer = p;
        messages[p][i].number = i;
        mailbox.push(&messages[p][i]);
      }
    });
  }
  std::array<size_t, kProducers> next{};
  bool is_in_order = true;
  for (size_t taken = 0; taken < kProducers * kEach;) {
    for (Message* message = mailbox.take(); message != nullptr; message = message->next) {
      const auto* numbered = static_cast<Numbered*>(message);
      is_in_order = is_in_order && numbered->number == next[numbered->producer]++;
      ++taken;
    }
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(is_in_order);
  CHECK(mailbox.is_empty());
}

TEST_CASE("pairs pushed under one lock stand in the same order in two mailboxes") {
  Mailbox first;
  Mailbox second;
  std::mutex lock;
  std::vector<std::vector<std::array<Numbered, 2>>> pairs(kProducers);
  for (auto& own : pairs)
    own = std::vector<std::array<Numbered, 2>>(kEach);
  std::vector<std::thread> threads;
  for (size_t p = 0; p < kProducers; ++p) {
    threads.emplace_back([&, p] {
      for (size_t i = 0; i < kEach; ++i) {
        for (Numbered& message : pairs[p][i]) {
          message.producer = p;
          message.number = i;
        }
        const std::lock_guard guard(lock);
        first.push(&pairs[p][i][0]);
        second.push(&pairs[p][i][1]);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  const Message* a = first.take();
  const Message* b = second.take();
  size_t count = 0;
  bool is_same = true;
  for (; a != nullptr && b != nullptr; a = a->next, b = b->next, ++count) {
    const auto* x = static_cast<const Numbered*>(a);
    const auto* y = static_cast<const Numbered*>(b);
    is_same = is_same && x->producer == y->producer && x->number == y->number;
  }
  CHECK(is_same);
  CHECK(count == kProducers * kEach);
}

}  // namespace
}  // namespace kvstash::engine
