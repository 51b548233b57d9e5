#include "commands/client/client_line.h"

#include "engine/client/session.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::commands {
namespace {

using engine::Session;

std::string field(const std::string& line, const std::string& name) {
  const size_t at = (" " + line).find(" " + name + "=");
  if (at == std::string::npos) return "absent";
  const size_t from = at + name.size() + 1;
  return line.substr(from, line.find_first_of(" \n", from) - from);
}

TEST_CASE("the fields stand in the order of Redis 7.2") {
  Session session;
  session.info.id = 3;
  session.info.address = "127.0.0.1:1";
  session.info.fd = 9;
  const std::string line = client_line(session, 0);
  std::string names;
  for (size_t at = 0; at < line.size(); at = line.find_first_of(" \n", at) + 1)
    names += line.substr(at, line.find('=', at) - at) + " ";
  CHECK(names ==
        "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem "
        "multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver ");
  CHECK(line.starts_with("id=3 addr=127.0.0.1:1 laddr= fd=9 name= "));
  CHECK(line.ends_with("\n"));
}

TEST_CASE("a fresh connection is plain") {
  const Session session;
  const std::string line = client_line(session, 0);
  CHECK(field(line, "flags") == "N");
  CHECK(field(line, "multi") == "-1");
  CHECK(field(line, "cmd") == "NULL");
  CHECK(field(line, "events") == "r");
  CHECK(field(line, "resp") == "2");
  CHECK(field(line, "redir") == "-1");
  CHECK(field(line, "user") == "default");
}

TEST_CASE("flags and numbers follow the connection") {
  Session session;
  session.info.created_ms = 1000;
  session.info.active_ms = 4000;
  session.info.is_unix_socket = true;
  session.is_monitor = true;
  session.multi.is_active = true;
  session.no_evict = true;
  session.caller.no_touch = true;
  session.caller.resp = resp::RespVersion::k3;
  session.caller.db = engine::DbIndex{5};
  session.stop(engine::kStopClosing);
  session.replies.begin().append("12345");
  session.replies.end(false);
  const std::string line = client_line(session, 9999);
  CHECK(field(line, "flags") == "OxcUeT");
  CHECK(field(line, "age") == "8");
  CHECK(field(line, "idle") == "5");
  CHECK(field(line, "multi") == "0");
  CHECK(field(line, "db") == "5");
  CHECK(field(line, "resp") == "3");
  CHECK(field(line, "obl") == "5");
  CHECK(field(line, "events") == "rw");
}

TEST_CASE("of what a client does not read, all past the first 16 KiB stands in omem") {
  Session session;
  session.replies.begin().append(std::string(40'000, 'x'));
  session.replies.end(false);
  const std::string line = client_line(session, 0);
  CHECK(field(line, "obl") == "16384");
  CHECK(field(line, "oll") == "2");
  CHECK(field(line, "omem") == "23616");
}

}  // namespace
}  // namespace kvstash::commands
