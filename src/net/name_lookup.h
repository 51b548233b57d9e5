// NameLookup: finds the IP addresses of host names while its loop goes on.
//
// The system's resolver may take many seconds, so each name is looked up on a thread of libuv's
// pool, of which there are four; names beyond those wait. The owner bounds how many it asks for at
// once. Lives on its loop's thread. Look-ups that are under way when it is destroyed tell nobody,
// but the loop's close() waits for them.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>

namespace kvstash::net {

class Loop;

class NameLookup {
 public:
  // `ip` is the first address that the system names, in numbers; empty: there is none. It runs on
  // the loop's thread, never inside start().
  using Found = std::function<void(const std::string& name, const std::string& ip)>;

  NameLookup(Loop& loop, Found found);
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;
  ~NameLookup();

  // False: the look-up could not begin, and nothing will be told of it.
  bool start(const std::string& name);

 private:
  struct Request;

  Loop* loop_;
  Found found_;
  std::unordered_set<Request*> requests_;  // libuv owns them until their callbacks.
};

}  // namespace kvstash::net
