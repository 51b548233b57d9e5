// The door for snapshots, from the commands' side: whatever clients do, a copy of all databases
// from pre-images alone (CutCopy) is what a real copy is. So no command changes data past the door.

#include "store/observer.h"

#include "base/random.h"
#include "base/text.h"
#include "persist/commands/persist_table.h"
#include "scripting/scripting.h"
#include "scripting/scripting_table.h"
#include "support/command_rooms.h"
#include "support/cut_copy.h"
#include "support/model_seed.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::DbIndex;
using engine::Shard;
using resp::Reply;
using test::CutCopy;
using test::KeyspaceImage;
using test::MemoryClient;
using test::ShardThreads;

// Every form that changes something in another way. $k a key, $v a value, $i a small integer, $f a
// field, $m a member, $s a score, $ms a few milliseconds, $id an id of a stream, $next the next
// one, $g a group, $c a consumer, $db a database, $n a small count, $dumped a payload of DUMP.
constexpr std::string_view kWrites[] = {
    // Strings.
    "SET $k $v", "SET $k $v PX $ms", "SET $k $i KEEPTTL", "SET $k $v XX GET", "SET $k $v NX",
    "SET $k $v IFEQ $v", "SETNX $k $v", "SETEX $k 100 $v", "PSETEX $k $ms $v", "GETSET $k $v",
    "GETDEL $k", "GETEX $k PX $ms", "GETEX $k PERSIST", "APPEND $k $v", "SETRANGE $k $n $v",
    "SETRANGE $k 9000 $v", "INCR $k", "DECR $k", "INCRBY $k $i", "DECRBY $k $i",
    "INCRBYFLOAT $k 1.5", "MSET $k $v $k $v", "MSETNX $k $v $k $v", "MSETEX 2 $k $v $k $v PX $ms",
    "DELEX $k", "DELEX $k IFEQ $v", "DELIFEQ $k $v", "RESTORE $k 0 $dumped REPLACE",
    "RESTORE l$k $ms $dumped", "RESTORE-ASKING $k 0 $dumped REPLACE",
    // Bits and registers.
    "SETBIT $k $n 1", "SETBIT $k 70000 1", "BITFIELD $k SET u8 #$n 7 INCRBY i5 100 1 GET u4 0",
    "BITOP OR $k $k $k", "BITOP NOT $k $k", "PFADD h$k $m $m", "PFADD h$k $v",
    "PFMERGE h$k h$k h$k", "PFCOUNT h$k", "PFDEBUG TODENSE h$k",
    // Keys.
    "DEL $k $k", "UNLINK $k", "RENAME $k $k", "RENAMENX $k $k", "COPY $k $k REPLACE",
    "COPY $k $k DB $db", "MOVE $k $db", "EXPIRE $k 100", "EXPIRE $k -1", "PEXPIRE $k $ms",
    "EXPIREAT $k 9999999999", "PEXPIREAT $k 9999999999999", "PERSIST $k", "SORT $k ALPHA STORE $k",
    "FLUSHDB", "FLUSHDB ASYNC", "FLUSHALL", "FLUSHALL ASYNC", "SWAPDB 0 $db", "SWAPDB 1 $db",
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

// What does not change data of keys, but is a writer by its row.
constexpr std::string_view kOtherWrites[] = {"function|load", "function|delete", "function|flush",
                                             "function|restore"};

// Keys whose types are any.
constexpr std::string_view kMixedWrites[] = {"DEL l$k",
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

std::span<const std::span<const engine::CommandSpec>> all_rows() {
  static const std::vector<std::span<const engine::CommandSpec>> kRows = [] {
    const auto commands = test::engine_commands();
    std::vector<std::span<const engine::CommandSpec>> all(commands.begin(), commands.end());
    all.push_back(scripting::scripting_commands());
    all.push_back(persist::persist_commands());
    return all;
  }();
  return kRows;
}

// Small limits, so that values change their forms all the time.
engine::EngineOptions options(bool evicts) {
  engine::EngineOptions options;
  options.hash_max_listpack_entries = 6;
  options.list_max_listpack_size = 5;
  options.list_compress_depth = 1;
  options.set_max_intset_entries = 6;
  options.set_max_listpack_entries = 6;
  options.zset_max_listpack_entries = 6;
  options.stream_node_max_entries = 4;
  if (evicts) {
    options.maxmemory_bytes = allocator_stats().allocated + (size_t{4} << 20);
    options.maxmemory_policy = engine::EvictionPolicy::kAllkeysRandom;
  }
  return options;
}

// What DUMP gives for the string 10 and for the set of 1, 2 and 3.
constexpr std::string_view kDumped[] = {{"\x00\xc0\x0a\x0a\x00n\x9fWE\x0e\xae"
                                         "c\xbb",
                                         13},
                                        {"\x0b\x0e\x02\x00\x00\x00\x03\x00\x00\x00\x01\x00\x02\x00"
                                         "\x03\x00\x0a\x00\xa5\x02\\\xe2mnM\x1b",
                                         26}};

// Random commands.
class Clerk {
 public:
  // `fills`: most commands add keys, so that some must be evicted.
  Clerk(uint64_t seed, bool fills) : random_(seed), fills_(fills) {}

  Random& random() { return random_; }

  std::vector<std::string> write() {
    std::span<const std::string_view> lines = kWrites;
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
    if (what == "n") return number(6);
    if (what == "dumped") return std::string(kDumped[random_.below(std::size(kDumped))]);
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

  Random random_;
  bool fills_;
  uint64_t last_id_ = 1;
};

// A node with clients who change its data, and a copy of each shard's data.
class Node {
 public:
  Node(uint64_t seed, size_t shards, bool evicts)
      : scripting_(shards, "7.2.4"),
        clerk_(seed, evicts),
        threads_(all_rows(),
                 {.shards = shards,
                  .seed = seed,
                  .engine = options(evicts),
                  .prepare = [this](Shard& shard) { shard.set().set_scripting(scripting_); }}) {
    for (size_t i = 0; i < 3; ++i)
      clients_.push_back({&threads_.open(i % shards), 0});
  }

  Random& random() { return clerk_.random(); }

  // Sends some commands, and waits for their replies.
  void work(size_t commands) {
    for (; commands != 0; --commands) {
      Client& client = clients_[random().below(clients_.size())];
      std::string bytes;
      client.awaited += add_command(bytes);
      threads_.send(*client.connection, std::move(bytes));
      if (client.awaited > 30) listen(client);
    }
    for (Client& client : clients_)
      listen(client);
    if (random().one_in(3)) let_time_pass();
  }

  void begin_copy() {
    copies_.resize(threads_.set().size());
    for (size_t id = 0; id < copies_.size(); ++id) {
      threads_.ask<bool>(id, [copy = &copies_[id]](Shard& shard) {
        const std::vector<store::Keyspace*> spaces = spaces_of(shard);
        copy->real.clear();
        for (const store::Keyspace* space : spaces)
          copy->real.push_back(test::image_of(*space));
        copy->cut = std::make_unique<CutCopy>(
            spaces, std::vector<store::ShardMemory*>{&shard.data().memory()});
        return true;
      });
    }
  }
  void walk() {
    const size_t buckets = 1 + random().below(2);
    for (size_t id = 0; id < copies_.size(); ++id) {
      threads_.ask<bool>(id, [copy = &copies_[id], buckets](Shard&) {
        copy->cut->walk({.buckets = buckets, .elements = 3});
        return true;
      });
    }
  }
  void check_copy() {
    for (size_t id = 0; id < copies_.size(); ++id) {
      const auto copied = threads_.ask<std::vector<KeyspaceImage>>(
          id, [copy = &copies_[id]](Shard& shard) { return copy->cut->finish(spaces_of(shard)); });
      told_ += copies_[id].cut->told();
      copies_[id].cut.reset();
      REQUIRE(copied.size() == copies_[id].real.size());
      for (size_t i = 0; i < copied.size(); ++i)
        REQUIRE(test::difference(copied[i], copies_[id].real[i]) == "");
    }
  }

  // Changes that the copies were told of.
  size_t told() const { return told_; }
  uint64_t evicted() {
    uint64_t evicted = 0;
    for (size_t id = 0; id < threads_.set().size(); ++id)
      evicted += threads_.ask<uint64_t>(id, [](Shard& shard) { return shard.stats().evicted; });
    return evicted;
  }

 private:
  struct Client {
    MemoryClient* connection;
    size_t awaited;
  };
  struct Copy {
    std::vector<KeyspaceImage> real;
    std::unique_ptr<CutCopy> cut;
  };

  static std::vector<store::Keyspace*> spaces_of(Shard& shard) {
    std::vector<store::Keyspace*> spaces;
    for (uint32_t db = 0; db < 16; ++db)
      if (store::Keyspace* space = shard.data().keyspace_if_any(DbIndex{db}))
        spaces.push_back(space);
    return spaces;
  }

  // Adds a command, a transaction or a script; returns how many replies it gets.
  size_t add_command(std::string& bytes) {
    switch (random().below(14)) {
      case 0:
        bytes += Clerk::resp(clerk_.fill("SELECT $db"));
        return 1;
      case 1: {
        bytes += Clerk::resp({"MULTI"});
        const size_t queued = 1 + random().below(4);
        for (size_t i = 0; i < queued; ++i)
          bytes += Clerk::resp(clerk_.write());
        bytes += Clerk::resp({"EXEC"});
        return queued + 2;
      }
      case 2: {
        std::vector<std::string> words{"EVAL", "redis.pcall(unpack(ARGV)) return 1", "0"};
        for (std::string& word : clerk_.write())
          words.push_back(std::move(word));
        bytes += Clerk::resp(words);
        return 1;
      }
      default:
        bytes += Clerk::resp(clerk_.write());
        return 1;
    }
  }

  // Two milliseconds, in which keys and fields expire by themselves.
  void let_time_pass() {
    threads_.send(*clients_[0].connection, Clerk::resp({"BLPOP", "none", "0.002"}));
    ++clients_[0].awaited;
    listen(clients_[0]);
  }

  static void listen(Client& client) {
    for (; client.awaited != 0; --client.awaited)
      REQUIRE(client.connection->read().has_value());
  }

  scripting::Scripting scripting_;
  Clerk clerk_;
  ShardThreads threads_;
  std::vector<Client> clients_;
  std::vector<Copy> copies_;
  size_t told_ = 0;
};

void check_cuts(uint64_t seed, size_t shards, int cuts, bool evicts = false) {
  CAPTURE(seed);
  CAPTURE(shards);
  const test::Watchdog watchdog("copies beside commands", std::chrono::seconds(120));
  Node node(seed, shards, evicts);
  node.work(300);
  for (int cut = 0; cut < cuts; ++cut) {
    CAPTURE(cut);
    node.begin_copy();
    const bool walks = node.random().one_in(2);
    for (uint64_t rounds = node.random().below(15); rounds != 0; --rounds) {
      node.work(30);
      if (walks) node.walk();
    }
    node.check_copy();
    node.work(node.random().below(100));
  }
  CHECK(node.told() > 100);
  if (evicts) CHECK(node.evicted() > 100);
}

}  // namespace

TEST_CASE("no command changes data past the door for snapshots") {
  if (const std::optional<uint64_t> seed = test::model_seed()) {
    check_cuts(*seed, 1, 100);
    check_cuts(*seed, 2, 100);
    return;
  }
  for (const uint64_t seed : {1, 2, 3, 4}) {
    check_cuts(seed, 1, 20);
    check_cuts(seed, 2, 10);
  }
}

#ifndef KVSTASH_NO_JEMALLOC  // Without it, memory in use is not known well enough to evict by it.
TEST_CASE("eviction changes no data past the door for snapshots") {
  check_cuts(5, 1, 20, true);
  check_cuts(6, 2, 10, true);
}
#endif

TEST_CASE("every command that writes is among those that the door is tried with") {
  const engine::CommandTable table(all_rows());
  std::set<std::string> tried(std::begin(kOtherWrites), std::end(kOtherWrites));
  for (const std::string_view line : kWrites) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' '))
      words.push_back(word);
    const auto command = table.resolve(words);
    REQUIRE(command.ok());
    tried.insert((*command)->name);
  }
  for (uint32_t id = 0; id < table.size(); ++id) {
    const engine::Command& command = table.by_id(id);
    CAPTURE(command.name);
    if (command.has(engine::kWrite) && command.spec->subcommands.empty())
      CHECK(tried.contains(command.name));
  }
}

}  // namespace kvstash::commands
