// RandomTalk: the random commands of one client over keys of its own prefix: values of all types
// with deadlines, waiting, transactions and scripts.
//
// No command draws from the node's randomness, so the replies follow from the data and the time
// alone.
#pragma once

#include "base/random.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace kvstash::test {

class RandomTalk {
 public:
  RandomTalk(Random& random, std::string prefix) : random_(&random), prefix_(std::move(prefix)) {}

  // Draws one command or a transaction, as lines without the end of the last one.
  std::string draw() {
    switch (random_->below(8)) {
      case 0:
      case 1:
        return string();
      case 2:
        return hash();
      case 3:
        return list();
      case 4:
        return sorted_set_or_stream();
      case 5:
        return keys();
      case 6:
        return transaction();
      default:
        return random_->one_in(2) ? script() : waiting();
    }
  }

  // Draws a command that adds something to a key for which a client may wait.
  std::string feed() {
    return pick({"RPUSH " + key('l') + " " + value(), "LPUSH " + key('l') + " a b",
                 "ZADD " + key('z') + " " + number(9) + " " + value(),
                 "XADD " + key('x') + " * f " + value()});
  }

 private:
  std::string pick(std::initializer_list<std::string> choices) {
    return choices.begin()[random_->below(choices.size())];
  }
  std::string number(uint64_t bound) { return std::to_string(random_->below(bound)); }
  std::string key(char letter) { return prefix_ + letter + number(3); }
  std::string any_key() { return key("shlzx"[random_->below(5)]); }
  std::string value() { return "v" + number(1000); }
  std::string field() { return "f" + number(4); }
  // A random number of milliseconds, from a few to some minutes, whose last digit is not 0.
  std::string duration() {
    constexpr uint64_t kTens[] = {3, 50, 1000, 30'000};
    const uint64_t tens = random_->below(kTens[random_->below(4)]);
    return std::to_string(10 * tens + 1 + random_->below(9));
  }
  // A random time of at most ten seconds: in milliseconds, and in seconds, which the node may round
  // up to the next millisecond.
  std::string short_ms() {
    return std::to_string(10 * random_->below(1000) + 1 + random_->below(8));
  }
  std::string short_seconds() {
    const std::string ms = "000" + short_ms();
    return ms.substr(0, ms.size() - 3) + "." + ms.substr(ms.size() - 3);
  }

  std::string string() {
    const std::string k = key('s');
    return pick({"SET " + k + " " + value(), "SET " + k + " " + value() + " PX " + duration(),
                 "GET " + k, "PTTL " + k, "PEXPIRETIME " + k, "PEXPIRE " + k + " " + duration(),
                 "PEXPIRE " + k + " " + duration() + " GT", "PERSIST " + k,
                 "GETEX " + k + " PX " + duration(), "APPEND " + k + " x", "INCR " + key('s'),
                 "TOUCH " + k, "OBJECT IDLETIME " + k});
  }
  std::string hash() {
    const std::string k = key('h');
    return pick({"HSET " + k + " " + field() + " " + value(),
                 "HSET " + k + " a 1 b 2 " + field() + " 3",
                 "HPEXPIRE " + k + " " + duration() + " FIELDS 1 " + field(),
                 "HPTTL " + k + " FIELDS 2 f0 f1", "HGETALL " + k, "HLEN " + k,
                 "HPERSIST " + k + " FIELDS 1 " + field(), "HINCRBY " + k + " n 2",
                 "PEXPIRE " + k + " " + duration()});
  }
  std::string list() {
    const std::string k = key('l');
    return pick({"RPUSH " + k + " " + value(), "LPOP " + k, "LRANGE " + k + " 0 -1", "LLEN " + k,
                 "LMOVE " + k + " " + key('l') + " LEFT RIGHT", "PEXPIRE " + k + " " + duration()});
  }
  std::string sorted_set_or_stream() {
    return pick({"ZADD " + key('z') + " " + number(9) + " " + value(),
                 "ZRANGE " + key('z') + " 0 -1 WITHSCORES", "ZPOPMAX " + key('z'),
                 "XADD " + key('x') + " * f " + value(), "XLEN " + key('x'),
                 "XRANGE " + key('x') + " - + COUNT 3", "XTRIM " + key('x') + " MAXLEN 3"});
  }
  std::string keys() {
    return pick({"MSET " + key('s') + " 1 " + key('s') + " 2",
                 "MGET " + prefix_ + "s0 " + prefix_ + "s1", "DEL " + any_key() + " " + any_key(),
                 "EXISTS " + any_key() + " " + any_key(), "RENAME " + any_key() + " " + any_key(),
                 "COPY " + any_key() + " " + any_key() + " REPLACE", "TYPE " + any_key(), "TIME"});
  }
  std::string transaction() {
    std::string lines = random_->one_in(3) ? "WATCH " + any_key() + "\r\n" : "";
    lines += "MULTI\r\n";
    for (uint64_t left = random_->below(4); left != 0; --left)
      lines += (random_->one_in(2) ? string() : list()) + "\r\n";
    return lines + "EXEC";
  }
  std::string script() {
    return pick({"EVAL \"return redis.call('incr', KEYS[1])\" 1 " + key('s'),
                 "EVAL \"return redis.call('time')\" 0",
                 "EVAL \"redis.call('set', KEYS[1], 'v', 'px', ARGV[1]) return "
                 "redis.call('pttl', KEYS[1])\" 1 " +
                     key('s') + " " + duration()});
  }
  std::string waiting() {
    return pick({"BLPOP " + prefix_ + "l0 " + prefix_ + "l1 " + short_seconds(),
                 "BLMOVE " + key('l') + " " + key('l') + " LEFT RIGHT " + short_seconds(),
                 "BZPOPMIN " + key('z') + " " + short_seconds(),
                 "XREAD BLOCK " + short_ms() + " STREAMS " + key('x') + " $"});
  }

  Random* random_;
  std::string prefix_;
};

}  // namespace kvstash::test
