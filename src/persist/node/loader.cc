#include "persist/node/loader.h"

#include "base/ensure.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/text.h"
#include "commands/shared/container_options.h"
#include "engine/execution/command_runner.h"
#include "engine/shard.h"
#include "persist/aof/increment_scan.h"
#include "persist/rdb/access_clock.h"
#include "persist/rdb/value_reader.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace kvstash::persist {
namespace {

using engine::DbIndex;
using engine::Hold;
using engine::Shard;
using engine::ShardData;

// So much of a file is read at a time: little enough to stay in the processor's cache until it is
// taken apart.
constexpr size_t kReadBytes = size_t{128} << 10;
// A batch is sent when it has so many bytes or elements.
constexpr size_t kBatchBytes = size_t{256} << 10;
constexpr size_t kBatchElements = 1024;
// Buckets of keys are fetched from memory so many entries before they are needed.
constexpr size_t kEntriesAhead = 8;
// A file has more bytes than this for each key, or its tables grow as they are filled.
constexpr uint64_t kFileBytesPerKey = 16;
// The most batches that one shard has not taken yet.
constexpr uint32_t kBatchesUnderWay = 4;

rdb::ReadOptions read_options(const engine::ShardSet& set) {
  const engine::EngineOptions& options = set.options();
  return {.hash = commands::hash_options(options, set.seed()),
          .set = commands::set_options(options, set.seed()),
          .sorted_set = commands::sorted_set_options(options, set.seed()),
          .list = commands::list_limits(options),
          .finds_repeats = options.sanitize_dump_payload == engine::SanitizePayload::kYes};
}

bool is_lfu(engine::EvictionPolicy policy) {
  return policy == engine::EvictionPolicy::kVolatileLfu ||
         policy == engine::EvictionPolicy::kAllkeysLfu;
}

}  // namespace

// An entry of an RDB; its key and value stand in the batch's text.
struct Loader::Entry {
  DbIndex db;
  rdb::Type type;
  rdb::Dialect dialect;
  size_t key_bytes;
  size_t value_bytes;
  std::optional<int64_t> deadline_ms;
  std::optional<uint64_t> idle_s;
  std::optional<uint8_t> frequency;
  uint64_t offset;
};

struct Loader::Batch {
  std::string text;
  std::vector<Entry> entries;
  LoadOptions options;
};

struct Loader::Records {
  struct Record {
    DbIndex db;
    std::vector<size_t> words;  // The sizes of its words.
  };
  std::string text;
  std::vector<Record> records;
};

// What the loading thread and the shards share.
struct Loader::Shared {
  Shared(size_t shards, Parking& by) : under_way(shards), parking(by) {}

  void fail(std::string text) {
    const std::lock_guard guard(lock);
    if (!has_failed) error = std::move(text);
    has_failed = true;
  }
  void done(size_t shard) {
    under_way[shard].fetch_sub(1, std::memory_order_acq_rel);
    parking.wake(under_way[shard]);
  }

  std::vector<std::atomic<uint32_t>> under_way;  // By shard: batches sent and not done.
  Parking& parking;
  std::mutex lock;
  std::string error;
  std::atomic<bool> has_failed{false};
};

namespace {

void set_access(const Hold& hold, store::Entry& entry, std::optional<uint64_t> idle_s,
                std::optional<uint8_t> frequency) {
  const bool counts_uses = is_lfu(hold.options().maxmemory_policy);
  if (counts_uses && frequency) {
    entry.set_access(rdb::lfu_clock_of_frequency(*frequency, hold.now_ms()));
  } else if (!counts_uses && idle_s) {
    entry.set_access(rdb::lru_clock_of_idle(*idle_s, hold.now_ms()));
  }
}

}  // namespace

Loader::Loader(engine::ShardSet& set, Disk& disk, LoadProgress& progress)
    : set_(&set),
      disk_(&disk),
      progress_(&progress),
      shared_(std::make_shared<Shared>(set.size(), *set.ports().parking)),
      entries_(set.size()),
      records_(set.size()) {}

Loader::~Loader() {
  wait_until_idle();
}

// ---- To the shards, and waiting for them.

void Loader::wait_for_room(size_t shard) {
  std::atomic<uint32_t>& count = shared_->under_way[shard];
  for (uint32_t now = count.load(); now >= kBatchesUnderWay; now = count.load())
    shared_->parking.wait(count, now);
  count.fetch_add(1);
}

void Loader::wait_until_idle() {
  for (std::atomic<uint32_t>& count : shared_->under_way) {
    for (uint32_t now = count.load(); now != 0; now = count.load())
      shared_->parking.wait(count, now);
  }
}

Status Loader::failure() const {
  if (!shared_->has_failed) return {};
  const std::lock_guard guard(shared_->lock);
  return Error::text(shared_->error);
}

void Loader::send_all() {
  for (size_t shard = 0; shard < set_->size(); ++shard) {
    send_entries(shard);
    send_records(shard);
  }
}

Status Loader::finish() {
  send_all();
  wait_until_idle();
  return failure();
}

// Has every shard make room for its part of the keys of the present database.
void Loader::make_room(uint64_t keys) {
  const uint64_t expected = std::min(keys, expected_keys_max_) / set_->size();
  for (size_t shard = 0; shard < set_->size(); ++shard) {
    set_->submit_change(
        shard, [expected, db = db_](Shard& here) { here.data().keyspace(db).reserve(expected); });
  }
}

void Loader::send_entries(size_t shard) {
  if (entries_[shard] == nullptr) return;
  wait_for_room(shard);
  const std::shared_ptr<Batch> batch = std::move(entries_[shard]);
  set_->submit_change(shard, [batch, shared = shared_, progress = progress_](Shard& here) {
    const uint64_t stored = store_entries(*batch, here.hold_here(), here.data(), *shared);
    progress->keys_loaded.fetch_add(stored, std::memory_order_relaxed);
    shared->done(here.id());
  });
}

// Stores the entries on their shard, up to the first error. Returns how many it stored.
uint64_t Loader::store_entries(const Batch& batch, const Hold& hold, ShardData& data,
                               Shared& shared) {
  const rdb::ReadOptions options = read_options(hold.set());
  // The keys of the next entries, whose buckets are on their way from memory.
  std::array<store::KeyRef, kEntriesAhead> keys;
  size_t seen = 0;
  std::string_view ahead = batch.text;
  const auto look_ahead = [&] {
    if (seen == batch.entries.size()) return;
    const Entry& entry = batch.entries[seen];
    const store::KeyRef key = data.ref(ahead.substr(0, entry.key_bytes));
    data.keyspace(entry.db).table().prefetch_bucket(key.hash);
    ahead.remove_prefix(entry.key_bytes + entry.value_bytes);
    keys[seen++ % kEntriesAhead] = key;
  };
  while (seen < std::min(kEntriesAhead, batch.entries.size()))
    look_ahead();

  uint64_t stored = 0;
  for (size_t at = 0; at < batch.entries.size(); ++at) {
    const Entry& entry = batch.entries[at];
    const store::KeyRef key = keys[at % kEntriesAhead];
    look_ahead();
    const std::string_view bytes(key.name.data() + key.name.size(), entry.value_bytes);
    Result<rdb::Value> value = rdb::read_value(entry.type, entry.dialect, bytes, options);
    if (!value.ok()) {
      shared.fail("key '" + std::string(key.name) + "', at offset " + std::to_string(entry.offset) +
                  ": " + std::string(value.error().message()));
      break;
    }
    if (value->is_empty()) continue;
    store::Keyspace& space = data.keyspace(entry.db);
    store::Entry* existing = space.find(key);
    if (existing != nullptr && batch.options.is_fresh) {
      shared.fail("the key '" + std::string(key.name) + "' occurs twice");
      break;
    }
    store::Entry* entry_there =
        value->is_string()
            ? space.put_string(key, existing, value->text(), entry.deadline_ms)
            : space.put_object(key, existing, value->type(), value->release(), entry.deadline_ms);
    set_access(hold, *entry_there, entry.idle_s, entry.frequency);
    ++stored;
  }
  return stored;
}

void Loader::send_records(size_t shard) {
  if (records_[shard] == nullptr) return;
  wait_for_room(shard);
  const std::shared_ptr<Records> batch = std::move(records_[shard]);
  set_->submit_change(shard, [batch, shared = shared_](Shard& here) {
    engine::CommandRunner runner(here.hold_here());
    std::vector<std::string_view> argv;
    std::string_view text = batch->text;
    for (const Records::Record& record : batch->records) {
      argv.clear();
      for (const size_t size : record.words) {
        argv.push_back(text.substr(0, size));
        text.remove_prefix(size);
      }
      if (const Status done = runner.run(record.db, argv); !done.ok()) {
        shared->fail("the record " + std::string(argv[0]) +
                     " of the append-only file: " + std::string(done.error().message()));
        break;
      }
    }
    shared->done(here.id());
  });
}

// ---- RDB.

Status Loader::load_rdb(const std::string& path, const LoadOptions& options,
                        std::optional<uint64_t>* rest_begin) {
  Result<std::unique_ptr<DiskFile>> file = disk_->open(path, Disk::Access::kRead);
  if (!file.ok()) return file.error();
  const Result<uint64_t> file_bytes = (*file)->size();
  if (!file_bytes.ok()) return file_bytes.error();
  expected_keys_max_ = *file_bytes / kFileBytesPerKey;
  rdb::FileReader reader(options.checks_sum);
  std::string piece(kReadBytes, '\0');
  uint64_t offset = 0;
  const uint64_t loaded_before = progress_->bytes_loaded;
  while (!reader.has_ended()) {
    const Result<size_t> count = (*file)->read(offset, piece.data(), piece.size());
    if (!count.ok()) return count.error();
    if (*count == 0) break;
    offset += *count;
    reader.feed(std::string_view(piece).substr(0, *count));
    for (;;) {
      Result<std::optional<rdb::FileEvent>> event = reader.next();
      if (!event.ok()) return Error::text(path + ": " + std::string(event.error().message()));
      if (!*event) break;
      progress_->bytes_loaded.store(loaded_before + reader.offset(), std::memory_order_relaxed);
      if (Status taken = take_event(**event, reader, options, path); !taken.ok()) return taken;
      if (reader.has_ended()) break;
    }
    if (Status failed = failure(); !failed.ok())
      return Error::text(path + ": " + std::string(failed.error().message()));
    if (options.goes_on && !options.goes_on()) return Error::text(path + ": given up");
  }
  if (Status whole = reader.finish(); !whole.ok())
    return Error::text(path + ": " + std::string(whole.error().message()));
  progress_->bytes_loaded.store(loaded_before + reader.offset(), std::memory_order_relaxed);
  if (rest_begin != nullptr) *rest_begin = reader.offset();
  if (Status done = finish(); !done.ok())
    return Error::text(path + ": " + std::string(done.error().message()));
  return {};
}

Status Loader::take_event(const rdb::FileEvent& event, const rdb::FileReader& reader,
                          const LoadOptions& options, const std::string& path) {
  if (const auto* entry = std::get_if<rdb::FileEntry>(&event))
    return take_entry(*entry, reader, options);
  if (const auto* select = std::get_if<rdb::FileSelectDb>(&event)) {
    if (select->db >= static_cast<uint64_t>(set_->options().databases)) {
      return Error::text("FATAL: Data file " + path +
                         " was created with a server configured to handle more than " +
                         std::to_string(set_->options().databases) + " databases");
    }
    db_ = DbIndex{static_cast<uint32_t>(select->db)};
  } else if (const auto* size = std::get_if<rdb::FileResizeDb>(&event)) {
    make_room(size->keys);
  } else if (const auto* function = std::get_if<rdb::FileFunction>(&event)) {
    return run_held({{"FUNCTION", "LOAD", "REPLACE", std::string(function->code)}});
  } else if (const auto* aux = std::get_if<rdb::FileAux>(&event)) {
    if (aux->name == "repl-id") replid_ = aux->value;
    if (aux->name == "repl-offset") {
      if (const auto number = parse_int64(aux->value); number && *number >= 0)
        stream_ = LoadedStream{.replid = replid_, .offset = static_cast<uint64_t>(*number)};
    }
  }
  return {};
}

Status Loader::take_entry(const rdb::FileEntry& entry, const rdb::FileReader& reader,
                          const LoadOptions& options) {
  if (entry.type == rdb::Type::kModule2) {
    return Error::text("the key '" + std::string(entry.key) +
                       "' is of a module; kvstash loads no modules");
  }
  if (options.drops_expired && entry.deadline_ms &&
      *entry.deadline_ms <= set_->clock().wall_now_us() / 1000) {
    progress_->keys_expired.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  const size_t shard = set_->shard_of(entry.key);
  std::unique_ptr<Batch>& batch = entries_[shard];
  if (batch == nullptr) {
    batch = std::make_unique<Batch>();
    batch->text.reserve(kBatchBytes);
    batch->entries.reserve(kBatchElements);
    batch->options = {.drops_expired = options.drops_expired, .is_fresh = options.is_fresh};
  }
  batch->text.append(entry.key).append(entry.value);
  batch->entries.push_back({.db = db_,
                            .type = entry.type,
                            .dialect = reader.dialect(),
                            .key_bytes = entry.key.size(),
                            .value_bytes = entry.value.size(),
                            .deadline_ms = entry.deadline_ms,
                            .idle_s = entry.idle_s,
                            .frequency = entry.frequency,
                            .offset = entry.value_offset});
  if (options.after_key) options.after_key();
  if (batch->text.size() >= kBatchBytes || batch->entries.size() >= kBatchElements)
    send_entries(shard);
  return {};
}

// ---- Records.

Status Loader::load_records(const std::string& path, uint64_t begin, uint64_t end) {
  Result<std::unique_ptr<DiskFile>> file = disk_->open(path, Disk::Access::kRead);
  if (!file.ok()) return file.error();
  db_ = DbIndex{};
  const uint64_t loaded_before = progress_->bytes_loaded;
  const Status read = read_increment(
      **file, begin, end,
      [&](std::span<const std::string_view> argv, const RecordPlace& place) -> Status {
        if (Status failed = failure(); !failed.ok()) return failed;
        progress_->bytes_loaded.store(loaded_before + place.end_offset - begin,
                                      std::memory_order_relaxed);
        return take_record(argv);
      });
  if (!read.ok()) return Error::text(path + ": " + std::string(read.error().message()));
  progress_->bytes_loaded.store(loaded_before + end - begin, std::memory_order_relaxed);
  if (Status done = finish(); !done.ok())
    return Error::text(path + ": " + std::string(done.error().message()));
  return {};
}

Status Loader::take_record(std::span<const std::string_view> argv) {
  if (equals_ignore_case(argv[0], "select") && argv.size() == 2) {
    const auto db = parse_int64(argv[1]);
    if (!db || *db < 0 || *db >= set_->options().databases)
      return Error::text("SELECT of the database " + std::string(argv[1]) + ", which is not there");
    db_ = DbIndex{static_cast<uint32_t>(*db)};
    return {};
  }
  // Clients are not served meanwhile, so what belongs to one unit needs no hold of its own.
  if (argv.size() == 1 &&
      (equals_ignore_case(argv[0], "multi") || equals_ignore_case(argv[0], "exec")))
    return {};
  const engine::Command* command = set_->commands().lookup_own(argv);
  if (command == nullptr)
    return Error::text("unknown command '" + std::string(argv[0]) + "' in the append-only file");
  engine::Reach reach;
  reach.add(*command, argv, set_->at(0));
  std::optional<size_t> only;
  bool needs_all = reach.needs_all() || command->spec->scope != engine::Scope::kKeys;
  for (const size_t shard : reach.shards()) {
    if (only && *only != shard) needs_all = true;
    only = shard;
  }
  if (set_->size() == 1) {
    needs_all = false;
    only = 0;
  }
  if (needs_all || !only) {
    std::vector<std::string> words(argv.begin(), argv.end());
    return run_held({std::move(words)});
  }
  std::unique_ptr<Records>& batch = records_[*only];
  if (batch == nullptr) batch = std::make_unique<Records>();
  Records::Record& record = batch->records.emplace_back(Records::Record{.db = db_, .words = {}});
  for (const std::string_view word : argv) {
    record.words.push_back(word.size());
    batch->text += word;
  }
  if (batch->text.size() >= kBatchBytes || batch->records.size() >= kBatchElements)
    send_records(*only);
  return {};
}

// Runs records while all shards are held, behind everything that was sent before.
Status Loader::run_held(std::vector<std::vector<std::string>> records) {
  if (Status done = finish(); !done.ok()) return done;
  shared_->under_way[0].fetch_add(1);
  const auto run = [shared = shared_, db = db_, records = std::move(records)](const Hold& hold) {
    engine::CommandRunner runner(hold);
    for (const std::vector<std::string>& words : records) {
      const std::vector<std::string_view> argv(words.begin(), words.end());
      if (const Status done = runner.run(db, argv); !done.ok())
        shared->fail("the record " + words[0] + ": " + std::string(done.error().message()));
    }
    shared->done(0);
  };
  set_->submit(0, [run](Shard& first) { first.traffic().hold_all(run); });
  return finish();
}

}  // namespace kvstash::persist
