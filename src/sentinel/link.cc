#include "sentinel/link.h"

#include "base/ensure.h"

namespace kvstash::sentinel {

Link& Links::add(Moment now) {
  Link& link = links_.emplace_back();
  link.message_at = now;
  link.ping_waits_since = now;  // An instance that never answers is down after the usual time.
  link.answered_well_at = now;
  link.answered_at = now;
  return link;
}

bool Links::release(Link& link) {
  ensure(link.users > 0);
  if (--link.users > 0) return false;
  ensure(!link.commands && !link.messages);
  links_.remove_if([&](const Link& other) { return &other == &link; });
  return true;
}

LinkId Links::open_commands(Link& link) {
  ensure(!link.commands);
  link.commands = static_cast<LinkId>(++last_id_);
  by_id_.emplace(*link.commands, &link);
  return *link.commands;
}

LinkId Links::open_messages(Link& link) {
  ensure(!link.messages);
  link.messages = static_cast<LinkId>(++last_id_);
  by_id_.emplace(*link.messages, &link);
  return *link.messages;
}

Link* Links::find(LinkId id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

}  // namespace kvstash::sentinel
