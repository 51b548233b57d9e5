// Property: whatever a primary sends, and however the network cuts it up, the replica's end asks
// for actions in their order only: nothing of a snapshot outside of one, nothing of the stream
// before there is data that it goes on from, and nothing at all behind the end of a connection; and
// the reader of the stream gives units that are the bytes that came, in their order.
#include "base/ensure.h"
#include "persist/rdb/file_reader.h"
#include "replication/history.h"
#include "replication/link/replica_link.h"
#include "replication/stream/unit_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash::replication;

// What the shell of a link would do, as far as it can be checked.
class Shell {
 public:
  explicit Shell(bool has_data) : has_data_(has_data) {}

  void begin() { step(LinkStarts{}); }
  void receive(std::string_view bytes) {
    if (is_connected_) step(LinkReceived{bytes});
  }
  void wait(int64_t ms) {
    now_ms_ += ms;
    step(LinkTimer{});
  }
  bool is_connected() const { return is_connected_; }

 private:
  void step(const LinkEvent& event) {
    const std::vector<LinkAction> actions = link_.step(event, now_ms_);
    for (const LinkAction& action : actions)
      std::visit([this](const auto& what) { act(what); }, action);
    if (!answer_) return;
    const LinkEvent answer = *std::exchange(answer_, std::nullopt);
    step(answer);
  }

  void act(const DialPrimary&) {
    ensure(!is_connected_ && !has_snapshot_);
    is_connected_ = true;
    streams_ = false;
    reader_ = UnitReader(1 << 20);
    std::optional<StreamPlace> have;
    if (has_data_) have = StreamPlace{.replid = std::string(40, 'a'), .offset = 5};
    answer_ = LinkDialed{.have = have};
  }
  void act(const HangUp&) {
    ensure(is_connected_);
    is_connected_ = false;
  }
  void act(const SendToPrimary& action) { ensure(is_connected_ && !action.bytes.empty()); }
  void act(const SnapshotBegins&) {
    ensure(is_connected_ && !has_snapshot_ && !streams_);
    has_snapshot_ = true;
    file_ = kvstash::persist::rdb::FileReader();
    is_sound_ = true;
  }
  void act(const SnapshotBytes& action) {
    ensure(has_snapshot_ && !action.bytes.empty());
    if (!is_sound_ || file_.has_ended()) return;
    file_.feed(action.bytes);
    for (;;) {
      const auto event = file_.next();
      is_sound_ = event.ok();
      if (!event.ok() || !*event) return;
    }
  }
  void act(const SnapshotEnds&) {
    ensure(has_snapshot_);
    has_snapshot_ = false;
    if (is_sound_ && file_.finish().ok()) {
      has_data_ = streams_ = true;
      answer_ = SnapshotLoaded{};
    } else {
      answer_ = SnapshotRefused{"damaged"};
    }
  }
  void act(const SnapshotDropped&) { has_snapshot_ = false; }
  void act(const StreamContinues& action) {
    ensure(is_connected_ && has_data_ && is_replid(action.replid));
    streams_ = true;
  }
  void act(const TakeOverAnswered&) {}
  void act(const StreamBytes& action) {
    ensure(is_connected_ && !action.bytes.empty());
    if (!streams_ || is_damaged_) return;  // Behind a snapshot that was refused.
    given_ += action.bytes;
    reader_.feed(action.bytes);
    for (;;) {
      const auto unit = reader_.next();
      is_damaged_ = !unit.ok();
      if (!unit.ok() || !*unit) return;
      ensure(given_.starts_with((*unit)->bytes) && !(*unit)->bytes.empty());
      for (const StreamUnit::Record& record : (*unit)->records) {
        ensure(!record.empty());
        for (const std::string_view word : record) {
          ensure(word.data() >= (*unit)->bytes.data() &&
                 word.data() + word.size() <= (*unit)->bytes.data() + (*unit)->bytes.size());
        }
      }
      given_.erase(0, (*unit)->bytes.size());
    }
  }
  void act(const LinkTells& action) { ensure(!action.text.empty()); }

  ReplicaLink link_{LinkOptions{.password = "secret", .listening_port = 1, .version = "1"}};
  int64_t now_ms_ = 0;
  bool has_data_;
  bool is_connected_ = false;
  bool has_snapshot_ = false;
  bool streams_ = false;
  std::optional<LinkEvent> answer_;
  kvstash::persist::rdb::FileReader file_;
  bool is_sound_ = false;
  UnitReader reader_{1 << 20};
  bool is_damaged_ = false;
  std::string given_;  // Bytes of the stream that belong to no unit yet.
};

}  // namespace

// The first byte chooses whether there is data already, and the size of pieces; a piece that is
// lost to a closed connection stands for the time that passes until the next one.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Shell shell((data[0] & 1) != 0);
  const size_t piece = 1 + (data[0] >> 1) * size_t{3};
  shell.begin();
  while (!bytes.empty()) {
    const std::string copy(bytes.substr(0, piece));
    if (!shell.is_connected()) shell.wait(1100);
    shell.receive(copy);
    bytes.remove_prefix(copy.size());
  }
  shell.wait(70'000);
  return 0;
}
