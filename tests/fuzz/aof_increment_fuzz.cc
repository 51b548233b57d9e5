// Property: however an append-only file comes in pieces, the reader sees the same records and the
// same end; where it says that the file is sound, the file can be cut, and is whole then; and no
// damage to blocks of ours makes it hand out a record that was not written.
//
// Input: the first byte chooses the size of the pieces and whether the rest is a whole file, or
// what stands behind a header of ours, or patches to a file of ours: pairs of a place and a byte.
#include "base/ensure.h"
#include "support/aof_files.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;
using Kind = IncrementStep::Kind;

// A file of ours, with its units.
std::string written_file() {
  IncrementWriter writer(increment_header(1000));
  std::string file(writer.take());
  writer.clear();
  for (const char* value : {"1", "2", "3"}) {
    writer.add_timestamp(1700000000);
    writer.add_records(as_resp({"SET", "a", value}));
    writer.begin_unit();
    writer.add_records(as_resp({"MULTI"}) + as_resp({"SET", "b", value}));
    file += writer.take();
    writer.clear();
    writer.add_aof_only(as_resp({"SET", "c", value}));
    writer.add_stream_only(14);
    writer.add_records(as_resp({"EXEC"}));
    writer.end_unit();
    file += writer.take();
    writer.clear();
    writer.set_synced(writer.lsn());
  }
  return file;
}

void check_pieces(const std::string& file, size_t piece) {
  const ReadFile whole = read_pieces(file, file.size());
  const ReadFile parts = read_pieces(file, piece);
  ensure(whole.records == parts.records && whole.end.kind == parts.end.kind);
  ensure(whole.end.error == parts.end.error && whole.sound_bytes == parts.sound_bytes);
  ensure(whole.synced == parts.synced && whole.sound_bytes <= file.size());
  const ReadFile cut = read_pieces(file.substr(0, whole.sound_bytes), piece);
  ensure(whole.sound_bytes == 0 || cut.end.kind == Kind::kEnd);
  ensure(cut.sound_bytes == whole.sound_bytes && cut.sound_lsn == whole.sound_lsn);
  ensure(cut.units.size() <= whole.units.size());
  ensure(std::equal(cut.units.begin(), cut.units.end(), whole.units.begin()));
}

void check_patches(std::string_view patches) {
  static const std::string kFile = written_file();
  static const std::vector<std::string> kUnits = read_pieces(kFile, kFile.size()).units;
  static const size_t kHeaderBytes = print_increment_header(increment_header()).size();
  std::string file = kFile;
  for (size_t i = 0; i + 3 <= patches.size(); i += 3) {
    const size_t place = static_cast<unsigned char>(patches[i]) * size_t{256} +
                         static_cast<unsigned char>(patches[i + 1]);
    file[kHeaderBytes + place % (file.size() - kHeaderBytes)] = patches[i + 2];
  }
  const ReadFile read = read_pieces(file, file.size());
  check_pieces(file, 7);
  // With patches enough one can write any record over the line of a block, as Redis might.
  if (read.is_foreign_at_end) return;
  ensure(read.units.size() <= kUnits.size());
  ensure(std::equal(read.units.begin(), read.units.end(), kUnits.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = 1 + data[0] / 4;
  switch (data[0] % 4) {
    case 0:
    case 1:
      check_pieces(std::string(bytes), piece);
      break;
    case 2:
      check_pieces(print_increment_header(increment_header()) + std::string(bytes), piece);
      break;
    default:
      check_patches(bytes);
  }
  return 0;
}
