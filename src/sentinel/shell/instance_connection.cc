#include "sentinel/shell/instance_connection.h"

#include "net/address.h"
#include "net/socket.h"
#include "resp/request_text.h"

#include <string_view>
#include <utility>

namespace kvstash::sentinel {
namespace {

constexpr size_t kReadBytes = 16 * 1024;
// Reads in a turn of the loop; what the other side has beyond that waits for the next one.
constexpr int kReadsPerTurn = 4;

// No reply that a sentinel asks for has a tenth of these.
constexpr resp::ReplyLimits kLimits{
    .bulk_bytes_max = kReplyBytesMax, .items_max = 1024, .depth_max = 8};

}  // namespace

Result<std::unique_ptr<InstanceConnection>> InstanceConnection::open(net::Loop& loop, LinkId link,
                                                                     const net::DialTarget& target,
                                                                     const net::TlsContext* tls,
                                                                     const Tell& tell) {
  Result<net::Fd> fd = net::begin_connect(target);
  if (!fd.ok()) return fd.error();
  net::Transport transport = tls == nullptr ? net::Transport::plain(fd->release())
                                            : net::Transport::tls(fd->release(), *tls);
  auto connection =
      std::make_unique<InstanceConnection>(Passkey{}, loop, link, std::move(transport), tell);
  if (!connection->poll_.ok()) return Error::literal("the loop cannot watch one more socket");
  connection->update_interest();
  return connection;
}

InstanceConnection::InstanceConnection(Passkey, net::Loop& loop, LinkId link,
                                       net::Transport transport, const Tell& tell)
    : link_(link),
      tell_(&tell),
      transport_(std::move(transport)),
      poll_(loop, transport_.fd(), &InstanceConnection::on_ready, this),
      parser_(kLimits) {}

bool InstanceConnection::send(std::span<const std::string> argv) {
  const std::vector<std::string_view> words(argv.begin(), argv.end());
  if (unsent_.size() + resp::request_bytes(words) > kUnsentBytesMax) return false;
  resp::append_request(unsent_, words);
  update_interest();
  return true;
}

void InstanceConnection::on_ready(void* context, net::Readiness ready) {
  auto& self = *static_cast<InstanceConnection*>(context);
  std::vector<Event> news;
  const Status done = self.progress(ready, news);
  if (done.ok()) {
    self.update_interest();
  } else {
    news.push_back(LinkClosed{.link = self.link_, .reason = std::string(done.error().message())});
  }
  if (!news.empty()) (*self.tell_)(std::move(news));  // May destroy `self`.
}

Status InstanceConnection::progress(net::Readiness ready, std::vector<Event>& news) {
  if (!is_open_) {
    if (Status done = establish(ready, news); !done.ok() || !is_open_) return done;
    ready = {.readable = true, .writable = true};  // The handshake used up what was reported.
  }
  const net::Readiness todo = transport_.meaning(ready);
  if (todo.writable) {
    if (Status done = write(); !done.ok()) return done;
  }
  return todo.readable ? read(news) : Status();
}

Status InstanceConnection::establish(net::Readiness ready, std::vector<Event>& news) {
  if (!is_connected_) {
    if (!ready.writable && !ready.hung_up) return {};
    if (Status failed = net::pending_error(transport_.fd()); !failed.ok()) return failed;
    is_connected_ = true;
  }
  switch (transport_.handshake().state) {
    case net::IoState::kWouldBlock:
      return {};
    case net::IoState::kClosed:
      return Error::literal("Server closed the connection");
    case net::IoState::kFailed:
      return Error::text(transport_.error());
    case net::IoState::kDone:
      break;
  }
  is_open_ = true;
  news.push_back(LinkOpened{.link = link_, .local_ip = net::local_address(transport_.fd()).host()});
  return {};
}

Status InstanceConnection::write() {
  while (!unsent_.empty()) {
    const net::IoResult put = transport_.write(unsent_);
    if (put.state == net::IoState::kWouldBlock) return {};
    if (put.state != net::IoState::kDone) return Error::text(transport_.error());
    unsent_.erase(0, put.bytes);
  }
  return {};
}

Status InstanceConnection::read(std::vector<Event>& news) {
  // Bytes that TLS holds back beyond the last read come with the next event; the answer to the next
  // PING is one.
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    const size_t had = unread_.size();
    unread_.resize(had + kReadBytes);
    const net::IoResult got = transport_.read({unread_.data() + had, kReadBytes});
    unread_.resize(had + (got.state == net::IoState::kDone ? got.bytes : 0));
    if (got.state == net::IoState::kWouldBlock) return {};
    if (got.state == net::IoState::kClosed) return Error::literal("Server closed the connection");
    if (got.state == net::IoState::kFailed) return Error::text(transport_.error());
    if (Status taken = take_replies(news); !taken.ok()) return taken;
  }
  return {};
}

Status InstanceConnection::take_replies(std::vector<Event>& news) {
  std::string_view rest = unread_;
  for (;;) {
    resp::Reply reply;
    const resp::ReplyOutcome outcome = parser_.parse(rest, reply);
    if (outcome.kind == resp::ReplyOutcome::Kind::kError)
      return Error::text("Protocol error: " + std::string(outcome.error));
    if (outcome.kind == resp::ReplyOutcome::Kind::kIncomplete) break;
    rest.remove_prefix(outcome.consumed);
    news.push_back(ReplyReceived{.link = link_, .reply = std::move(reply)});
  }
  unread_.erase(0, unread_.size() - rest.size());
  if (unread_.size() > kReplyBytesMax) return Error::literal("Protocol error: too long a reply");
  return {};
}

void InstanceConnection::update_interest() {
  if (!is_connected_) {
    poll_.watch(false, true);
    return;
  }
  const net::Readiness wanted =
      transport_.interest({.readable = true, .writable = !unsent_.empty()});
  poll_.watch(wanted.readable, wanted.writable);
}

}  // namespace kvstash::sentinel
