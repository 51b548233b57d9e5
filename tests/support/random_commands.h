// RandomCommands: random commands that write, of every kind, over a few keys.
//
// For tests; one thread. The same seed gives the same commands.
#pragma once

#include "base/crc64.h"
#include "base/ensure.h"
#include "base/random.h"
#include "base/text.h"
#include "persist/rdb/encoder.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

// Every form that changes something in another way. $dump a payload, $k a key, $v a value, $i a
// small integer, $f a field, $m a member, $s a score, $ms a few milliseconds, $id an id of a
// stream, $next the next one, $g a group, $c a consumer, $db a database, $n a small count.
inline constexpr std::string_view kRandomWrites[] = {
    // Strings.
    "SET $k $v", "SET $k $v PX $ms", "SET $k $i KEEPTTL", "SET $k $v XX GET", "SET $k $v NX",
    "SET $k $v IFEQ $v", "SETNX $k $v", "SETEX $k 100 $v", "PSETEX $k $ms $v", "GETSET $k $v",
    "GETDEL $k", "GETEX $k PX $ms", "GETEX $k PERSIST", "APPEND $k $v", "SETRANGE $k $n $v",
    "SETRANGE $k 9000 $v", "INCR $k", "DECR $k", "INCRBY $k $i", "DECRBY $k $i",
    "INCRBYFLOAT $k 1.5", "MSET $k $v $k $v", "MSETNX $k $v $k $v", "MSETEX 2 $k $v $k $v PX $ms",
    "DELEX $k", "DELEX $k IFEQ $v", "DELIFEQ $k $v",
    // Bits and registers.
    "SETBIT $k $n 1", "SETBIT $k 70000 1", "BITFIELD $k SET u8 #$n 7 INCRBY i5 100 1 GET u4 0",
    "BITOP OR $k $k $k", "BITOP NOT $k $k", "PFADD h$k $m $m", "PFADD h$k $v",
    "PFMERGE h$k h$k h$k", "PFCOUNT h$k", "PFDEBUG TODENSE h$k",
    // Keys.
    "DEL $k $k", "UNLINK $k", "RENAME $k $k", "RENAMENX $k $k", "COPY $k $k REPLACE",
    "COPY $k $k DB $db", "RESTORE $k 0 $dump REPLACE", "RESTORE l$k $ms $dump",
    "RESTORE-ASKING s$k $ms $dump REPLACE", "MOVE $k $db", "EXPIRE $k 100", "EXPIRE $k -1",
    "PEXPIRE $k $ms", "EXPIREAT $k 9999999999", "PEXPIREAT $k 9999999999999", "PERSIST $k",
    "SORT $k ALPHA STORE $k", "FLUSHDB", "FLUSHDB ASYNC", "FLUSHALL", "FLUSHALL ASYNC",
    "SWAPDB 0 $db", "SWAPDB 1 $db",
    // Lists.
    "LPUSH l$k $v $v", "RPUSH l$k $v $v $v", "RPUSH l$k $m $m $m $m $m $m", "LPUSHX l$k $v",
    "RPUSHX l$k $v", "LPOP l$k", "RPOP l$k $n", "LREM l$k 0 $m", "LSET l$k $n $v",
    "LINSERT l$k BEFORE $m $v", "LTRIM l$k $n -2", "RPOPLPUSH l$k l$k", "LMOVE l$k l$k LEFT RIGHT",
    "LMPOP 1 l$k LEFT COUNT $n", "BLPOP l$k 0.001", "BRPOP l$k 0.001",
    "BLMOVE l$k l$k LEFT LEFT 0.001", "BRPOPLPUSH l$k l$k 0.001",
    "BLMPOP 0.001 2 l$k l$k RIGHT COUNT 3",
    // Sets.
    "SADD s$k $m $m $m", "SADD s$k $i $i", "SADD s$k $m $m $m $m $m $m $m $m $m $m",
    "SREM s$k $m $m", "SPOP s$k", "SPOP s$k $n", "SPOP s$k 30", "SMOVE s$k s$k $m",
    "SINTERSTORE s$k s$k s$k", "SUNIONSTORE s$k s$k s$k", "SDIFFSTORE s$k s$k s$k",
    // Hashes.
    "HSET f$k $f $v", "HSET f$k $f $v $f $v $f $v $f $v $f $v", "HSETNX f$k $f $v",
    "HMSET f$k $f $v", "HINCRBY f$k n$f $i", "HINCRBYFLOAT f$k n$f 0.5", "HDEL f$k $f $f",
    "HGETDEL f$k FIELDS 1 $f", "HGETEX f$k PX $ms FIELDS 1 $f",
    "HSETEX f$k PX $ms FIELDS 2 $f $v $f $v", "HSETEX f$k KEEPTTL FIELDS 1 $f $v",
    "HEXPIRE f$k 100 FIELDS 1 $f", "HEXPIREAT f$k 9999999999 FIELDS 1 $f",
    "HPEXPIRE f$k $ms FIELDS 2 $f $f", "HPEXPIRE f$k 0 FIELDS 1 $f",
    "HPEXPIREAT f$k 9999999999999 FIELDS 1 $f", "HPERSIST f$k FIELDS 1 $f",
    // Sorted sets.
    "ZADD z$k $s $m", "ZADD z$k $s $m $s $m $s $m $s $m $s $m $s $m", "ZADD z$k GT CH $s $m",
    "ZADD z$k INCR $s $m", "ZINCRBY z$k $s $m", "ZREM z$k $m $m", "ZPOPMIN z$k", "ZPOPMAX z$k $n",
    "ZMPOP 1 z$k MIN COUNT $n", "BZPOPMIN z$k 0.001", "BZPOPMAX z$k 0.001",
    "BZMPOP 0.001 1 z$k MAX COUNT 2", "ZREMRANGEBYRANK z$k 0 $n", "ZREMRANGEBYSCORE z$k $s $s",
    "ZREMRANGEBYLEX z$k [m1 [m3", "ZRANGESTORE z$k z$k 0 $n", "ZUNIONSTORE z$k 2 z$k z$k",
    "ZINTERSTORE z$k 2 z$k z$k", "ZDIFFSTORE z$k 2 z$k z$k", "GEOADD z$k $n $n $m",
    "GEOSEARCHSTORE z$k z$k FROMLONLAT 1 1 BYRADIUS 900 km", "GEORADIUS z$k 1 1 900 km STORE z$k",
    "GEORADIUSBYMEMBER z$k $m 900 km STORE z$k",
    // Streams.
    "XADD x$k $next f $v", "XADD x$k $next f $v", "XADD x$k $next f $v g $v",
    "XADD x$k MAXLEN 8 $next f $v", "XDEL x$k $id $id", "XTRIM x$k MAXLEN $n",
    "XTRIM x$k MINID ~ $id", "XSETID x$k $next", "XGROUP CREATE x$k $g 0", "XGROUP CREATE x$k $g $",
    "XGROUP SETID x$k $g $id", "XGROUP DESTROY x$k $g", "XGROUP CREATECONSUMER x$k $g $c",
    "XGROUP DELCONSUMER x$k $g $c", "XREADGROUP GROUP $g $c COUNT $n STREAMS x$k >",
    "XREADGROUP GROUP $g $c COUNT 9 STREAMS x$k >", "XREADGROUP GROUP $g $c STREAMS x$k 0",
    "XREADGROUP GROUP $g $c NOACK STREAMS x$k >", "XREADGROUP GROUP $g $c BLOCK 1 STREAMS x$k >",
    "XACK x$k $g $id $id", "XCLAIM x$k $g $c 0 $id $id",
    "XCLAIM x$k $g $c 0 $id FORCE RETRYCOUNT 3 LASTID $id", "XAUTOCLAIM x$k $g $c 0 0 COUNT 5"};

// Keys whose types are any.
inline constexpr std::string_view kMixedWrites[] = {"DEL l$k",
                                                    "RENAME s$k l$k",
                                                    "RENAME f$k f$k",
                                                    "RENAME x$k x$k",
                                                    "COPY z$k z$k REPLACE",
                                                    "MOVE f$k $db",
                                                    "MOVE x$k $db",
                                                    "MOVE l$k $db",
                                                    "PEXPIRE f$k $ms",
                                                    "PERSIST z$k",
                                                    "COPY x$k x$k",
                                                    "UNLINK z$k f$k",
                                                    "SET l$k $v",
                                                    "SUNIONSTORE f$k s$k",
                                                    "SORT l$k ALPHA STORE l$k",
                                                    "COPY l$k l$k REPLACE",
                                                    "RENAME l$k l$k",
                                                    "RENAME z$k z$k",
                                                    "RENAME s$k s$k",
                                                    "PEXPIRE x$k $ms"};

// What DUMP gives for the string 10 and for the set of 1, 2 and 3.
inline constexpr std::string_view kDumped[] = {
    {"\x00\xc0\x0a\x0a\x00n\x9fWE\x0e\xae"
     "c\xbb",
     13},
    {"\x0b\x0e\x02\x00\x00\x00\x03\x00\x00\x00\x01\x00\x02\x00"
     "\x03\x00\x0a\x00\xa5\x02\\\xe2mnM\x1b",
     26}};

class RandomCommands {
 public:
  // `fills`: most commands add keys, so that some must be evicted.
  RandomCommands(uint64_t seed, bool fills) : random_(seed), fills_(fills) {}

  Random& random() { return random_; }

  std::vector<std::string> write() {
    std::span<const std::string_view> lines = kRandomWrites;
    if (random_.one_in(10)) lines = kMixedWrites;
    if (fills_ && random_.one_in(2)) return {"SET", "e" + number(5000), std::string(6000, 'e')};
    std::vector<std::string> words = fill(lines[random_.below(lines.size())]);
    // All would be gone all the time.
    if (words[0].starts_with("FLUSH") && !random_.one_in(10)) return write();
    return words;
  }

  std::vector<std::string> fill(std::string_view line) {
    std::vector<std::string> words;
    for (const std::string_view word : split(line, ' '))
      words.push_back(fill_word(word));
    return words;
  }

  static std::string resp(const std::vector<std::string>& words) {
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words)
      bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return bytes;
  }

 private:
  std::string number(uint64_t below) { return std::to_string(random_.below(below)); }

  std::string fill_word(std::string_view word) {
    const size_t at = word.find('$');
    if (at == std::string_view::npos || word == "$") return std::string(word);
    return std::string(word.substr(0, at)) + value_of(word.substr(at + 1));
  }
  std::string value_of(std::string_view what) {
    if (what == "k") return "k" + number(4);
    if (what == "v") return value();
    if (what == "i") return std::to_string(static_cast<int64_t>(random_.below(40)) - 10);
    if (what == "f") return "f" + number(24);
    if (what == "m") return "m" + number(24);
    if (what == "s") return number(12);
    if (what == "ms") return number(8);
    if (what == "g") return "g" + number(2);
    if (what == "c") return "c" + number(3);
    if (what == "db") return number(3);
    if (what == "dump")
      return random_.one_in(2) ? payload()
                               : std::string(kDumped[random_.below(std::size(kDumped))]);
    if (what == "n") return number(6);
    if (what == "next") return std::to_string(++last_id_) + "-1";
    ensure(what == "id");
    return std::to_string(last_id_ - std::min(last_id_, random_.below(60))) + "-1";
  }
  std::string value() {
    switch (random_.below(6)) {
      case 0:
        return number(50);
      case 1:
        return std::string(5000 + random_.below(3000), 'b');
      case 2:
        return "m" + number(24);
      default:
        return number(1000) +
               std::string(random_.below(90), static_cast<char>('a' + number(9)[0] % 26));
    }
  }

  // The payload of a set, as DUMP would give it.
  std::string payload() {
    namespace rdb = persist::rdb;
    rdb::Encoded encoded;
    rdb::Encoder to(encoded);
    to.type(rdb::Type::kSet);
    const uint64_t members = 1 + random_.below(12);
    to.length(members);
    for (uint64_t i = 0; i < members; ++i)
      to.string("m" + std::to_string(2 * i));
    to.byte(rdb::kVersionForRedis70);
    to.byte(0);
    to.millis(static_cast<int64_t>(crc64(0, encoded.bytes)));  // Eight bytes, little-endian.
    return encoded.bytes;
  }

  Random random_;
  bool fills_;
  uint64_t last_id_ = 1;
};

}  // namespace kvstash::test
