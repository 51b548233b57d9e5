#include "persist/check/check_aof.h"

#include "sim/sim_disk.h"
#include "support/aof_files.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;

namespace {

struct Checked {
  int code = 0;
  std::string text;
};

Checked check(SimDisk& disk, const CheckAofRequest& request, bool says_yes = true) {
  Checked out;
  const CheckConsole console{.print = [&out](std::string_view text) { out.text += text; },
                             .confirm = [says_yes] { return says_yes; }};
  out.code = check_aof(disk, request, console);
  return out;
}

bool has(const Checked& checked, std::string_view text) {
  return checked.text.find(text) != std::string::npos;
}

std::string our_file() {
  IncrementWriter writer(increment_header(1000));
  writer.add_timestamp(100);
  writer.add_records(as_resp({"SET", "a", "1"}));
  writer.add_timestamp(200);
  writer.add_records(as_resp({"SET", "b", "2"}));
  return std::string(writer.take());
}

}  // namespace

TEST_CASE("a file of Redis's before 7.0 is reported as redis-check-aof reports it") {
  SimDisk disk;
  disk.put("f", as_resp({"SET", "a", "1"}));
  Checked checked = check(disk, {.path = "f"});
  CHECK(checked.code == 0);
  CHECK(checked.text ==
        "Start checking Old-Style AOF\n"
        "AOF analyzed: filename=f, size=27, ok_up_to=27, ok_up_to_line=8, diff=0\n"
        "AOF f is valid\n");
  disk.put("f", as_resp({"SET", "a", "1"}) + "*1\r\n$4\r\nPI");
  checked = check(disk, {.path = "f"});
  CHECK(checked.code == 1);
  CHECK(checked.text ==
        "Start checking Old-Style AOF\n"
        "0x              23: Expected to read 6 bytes, got 2 bytes\n"
        "AOF analyzed: filename=f, size=37, ok_up_to=27, ok_up_to_line=10, diff=10\n"
        "AOF f is not valid. Use the --fix option to try fixing it.\n");
  disk.put("f", "xyz");
  CHECK(has(check(disk, {.path = "f"}), "AOF f format error\n"));
  disk.put("f", as_resp({"MULTI"}) + as_resp({"MULTI"}));
  CHECK(has(check(disk, {.path = "f"}),
            "0x              17: Unexpected MULTI in AOF f\n"
            "AOF analyzed: filename=f, size=30, ok_up_to=0, ok_up_to_line=7, diff=30\n"));
  disk.put("f", "");
  CHECK(check(disk, {.path = "f"}).text == "Start checking Old-Style AOF\nAOF f is empty\n");
}

TEST_CASE("a file is cut when the user says so, and only then") {
  SimDisk disk;
  disk.put("f", as_resp({"PING"}) + "*1\r\n");
  const Checked refused = check(disk, {.path = "f", .fix = true}, false);
  CHECK(refused.code == 1);
  CHECK(has(refused,
            "This will shrink the AOF f from 18 bytes, with 4 bytes, to 14 bytes\n"
            "Continue? [y/N]: Aborting...\n"));
  CHECK(disk.content("f")->size() == 18);
  const Checked fixed = check(disk, {.path = "f", .fix = true});
  CHECK(fixed.code == 0);
  CHECK(has(fixed, "Successfully truncated AOF f\n"));
  CHECK(disk.content("f") == as_resp({"PING"}));
  disk.crash();
  CHECK(disk.content("f") == as_resp({"PING"}));
}

TEST_CASE("of the files of a manifest only the last is cut") {
  SimDisk disk;
  disk.put("d/m", "file x seq 1 type i\nfile y seq 2 type i\n");
  disk.put("d/x", as_resp({"PING"}) + "*1\r\n");
  disk.put("d/y", our_file());
  const Checked checked = check(disk, {.path = "d/m", .fix = true});
  CHECK(checked.code == 1);
  CHECK(has(checked, "Failed to truncate AOF x because it is not the last file\n"));
  disk.put("d/x", as_resp({"PING"}));
  disk.put("d/y", our_file() + "#BLOCK:");
  CHECK(check(disk, {.path = "d/m", .fix = true}).code == 0);
  CHECK(disk.content("d/y") == our_file());
  CHECK(has(check(disk, {.path = "d/m"}),
            "INCR AOF y is valid\nAll AOF files and manifest are valid\n"));
}

TEST_CASE("of a file only what the manifest says is checked, and it has to be there") {
  SimDisk disk;
  const std::string ping = as_resp({"PING"});
  disk.put("d/m",
           "file x seq 1 type i bytes " + std::to_string(ping.size()) + "\nfile y seq 2 type i\n");
  disk.put("d/x", ping + "no record");
  disk.put("d/y", our_file());
  CHECK(check(disk, {.path = "d/m"}).code == 0);
  disk.put("d/m", "file x seq 1 type i bytes 15\nfile y seq 2 type i\n");
  disk.put("d/x", ping);
  const Checked checked = check(disk, {.path = "d/m"});
  CHECK(checked.code == 1);
  CHECK(has(checked, "AOF x is not valid: it has 14 bytes, and the manifest says 15.\n"));
  disk.put("d/x", "");
  CHECK(check(disk, {.path = "d/m"}).code == 1);
}

TEST_CASE("a manifest that is wrong, or names what is not there, is said to be") {
  SimDisk disk;
  disk.put("d/m", "file x seq 1\n");
  Checked checked = check(disk, {.path = "d/m"});
  CHECK(checked.code == 1);
  CHECK(has(checked, "Invalid AOF manifest file format\n"));
  disk.put("d/m", "# comment\nfile x seq 1 type i\n");
  checked = check(disk, {.path = "d/m"});
  CHECK(checked.code == 1);
  CHECK(has(checked, "Cannot open file d/x: No such file or directory, aborting...\n"));
}

TEST_CASE("a torn tail of ours and damage to what was durable are told apart") {
  SimDisk disk;
  std::string file = our_file();
  disk.put("f", file.substr(0, file.size() - 1));
  CHECK(has(check(disk, {.path = "f"}), "has a torn tail"));
  IncrementWriter writer(increment_header(1000));
  writer.add_records(as_resp({"SET", "a", "1"}));
  file = writer.take();
  writer.clear();
  const size_t damaged_at = file.size() - 3;
  writer.set_synced(writer.lsn());
  writer.add_records(as_resp({"SET", "b", "2"}));
  file += writer.take();
  file[damaged_at] = '9';
  disk.put("f", file);
  CHECK(has(check(disk, {.path = "f"}),
            "damaged at LSN 1000, and was on the disk up to LSN 1027 at least"));
}

TEST_CASE("a file is cut to a time") {
  SimDisk disk;
  disk.put("f", our_file());
  CHECK(has(check(disk, {.path = "f", .truncate_to = 200}),
            "Truncate nothing in AOF f to timestamp 200\n"));
  CHECK(has(check(disk, {.path = "f", .truncate_to = 99}),
            "AOF f has nothing before timestamp 99, aborting...\n"));
  CHECK(has(check(disk, {.path = "f", .truncate_to = 150}),
            "Successfully truncated AOF f to timestamp 150\n"));
  const ReadFile read = read_pieces(*disk.content("f"), 100);
  CHECK(read.end.kind == IncrementStep::Kind::kEnd);
  CHECK(read.units == std::vector<std::string>{"SET a 1"});
}

TEST_CASE("the report for scripts is one JSON object") {
  SimDisk disk;
  disk.put("f", our_file());
  const Checked checked = check(disk, {.path = "f", .as_json = true});
  CHECK(checked.code == 0);
  CHECK(checked.text.starts_with(
      R"({"valid":true,"error":"","files":[{"name":"f","role":"file","format":"kvstash")"));
  CHECK(has(checked, R"("lsn_begin":1000,"lsn_end":1054)"));
}
