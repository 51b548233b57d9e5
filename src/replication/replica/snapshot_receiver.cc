#include "replication/replica/snapshot_receiver.h"

#include "base/numbers.h"

#include <utility>
#include <variant>

namespace kvstash::replication {
namespace {

namespace rdb = persist::rdb;

Error damaged(const Error& why) {
  return Error::text("The snapshot of the primary is damaged: " + std::string(why.message()));
}

}  // namespace

Result<std::unique_ptr<SnapshotReceiver>> SnapshotReceiver::create(Disk& disk, std::string path,
                                                                   bool checks_sum) {
  Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kReplace);
  if (!file.ok()) {
    return Error::text("Opening the temp file needed for MASTER <-> REPLICA synchronization: " +
                       std::string(file.error().message()));
  }
  return std::make_unique<SnapshotReceiver>(disk, std::move(path), *std::move(file), checks_sum);
}

SnapshotReceiver::~SnapshotReceiver() {
  static_cast<void>(disk_->remove(path_).ok());  // The next one replaces it.
}

Status SnapshotReceiver::take(std::string_view bytes) {
  if (Status written = write_all(*file_, bytes); !written.ok()) {
    return Error::text(
        "Write error writing to the DB dump file needed for MASTER <-> REPLICA synchronization: " +
        std::string(written.error().message()));
  }
  bytes_ += bytes.size();
  if (reader_.has_ended()) return {};  // What follows the end is nobody's.
  reader_.feed(bytes);
  return look_through();
}

Status SnapshotReceiver::look_through() {
  while (!reader_.has_ended()) {
    const Result<std::optional<rdb::FileEvent>> event = reader_.next();
    if (!event.ok()) return damaged(event.error());
    if (!*event) return {};
    if (std::holds_alternative<rdb::FileEntry>(**event)) ++content_.keys;
    const auto* aux = std::get_if<rdb::FileAux>(&**event);
    if (aux != nullptr && aux->name == "repl-stream-db")
      content_.stream_db = parse_uint64(aux->value);
  }
  return {};
}

Status SnapshotReceiver::finish() {
  if (Status whole = reader_.finish(); !whole.ok()) return damaged(whole.error());
  const std::unique_ptr<DiskFile> file = std::move(file_);
  return file->close();
}

}  // namespace kvstash::replication
