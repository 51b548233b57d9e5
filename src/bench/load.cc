#include "bench/load.h"

#include "base/clock.h"
#include "bench/command_template.h"
#include "bench/reply_counter.h"
#include "net/fd.h"
#include "net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace kvstash::bench {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;
constexpr size_t kEventsMax = 256;

struct Client {
  net::Fd fd;
  std::string out;       // The batch that is being sent.
  size_t written = 0;    // Bytes of the batch that have been sent.
  uint64_t waiting = 0;  // Replies still to come.
  int64_t sent_at_ns = 0;
  ReplyCounter replies;
  bool watches_write = false;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Returns random letters, the same in every run: they compress little and are no number.
std::string payload_of(uint64_t bytes) {
  Random random(bytes);
  std::string payload(bytes, ' ');
  for (char& c : payload)
    c = static_cast<char>('a' + random.below(26));
  return payload;
}

Result<net::Fd> connect_to(const LoadOptions& options) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1)
    return Error::text("'" + options.host + "' is not an IPv4 address");
  net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return net::system_error("socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return net::system_error("connect", errno);
  net::set_no_delay(fd.get());
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) return net::system_error("fcntl", errno);
  return fd;
}

// One run, from connecting to the last reply.
class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options), numbers_(options.keys, options.seed), buffer_(kReadBytes) {}

  Result<LoadReport> run();

 private:
  Status prepare();
  void send_batch(Client& client);
  Status flush(Client& client);
  Status read_replies(Client& client);
  Status turn();
  bool is_over() const;
  void watch(Client& client, bool write);

  const LoadOptions& options_;
  NumberSource numbers_;
  std::vector<CommandTemplate> templates_;
  size_t next_template_ = 0;
  net::Fd epoll_;
  std::vector<Client> clients_;
  std::vector<char> buffer_;

  int64_t start_ns_ = 0;
  int64_t now_ns_ = 0;
  uint64_t sent_ = 0;
  uint64_t answered_ = 0;
  LoadReport report_;
};

Status Load::prepare() {
  const std::string payload = payload_of(options_.data_bytes);
  for (const std::string& line : options_.commands) {
    Result<CommandTemplate> made = CommandTemplate::parse(line, payload);
    if (!made.ok()) return made.error();
    templates_.push_back(*std::move(made));
  }
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.is_open()) return net::system_error("epoll_create1", errno);
  clients_.resize(options_.clients);  // Not resized afterwards: epoll knows the clients' addresses.
  for (Client& client : clients_) {
    Result<net::Fd> fd = connect_to(options_);
    if (!fd.ok()) return fd.error();
    client.fd = *std::move(fd);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd.get(), &event) != 0)
      return net::system_error("epoll_ctl", errno);
  }
  return {};
}

Result<LoadReport> Load::run() {
  if (Status prepared = prepare(); !prepared.ok()) return prepared.error();
  const double cpu_before = cpu_seconds();
  start_ns_ = now_ns_ = monotonic_ns();
  for (Client& client : clients_) {
    send_batch(client);
    if (Status flushed = flush(client); !flushed.ok()) return flushed.error();
  }
  while (answered_ < sent_) {
    if (Status done = turn(); !done.ok()) return done.error();
  }
  report_.ops = answered_;
  report_.seconds = static_cast<double>(now_ns_ - start_ns_) / 1e9;
  report_.cpu_seconds = cpu_seconds() - cpu_before;
  for (const Client& client : clients_) {
    report_.errors += client.replies.errors();
    if (report_.first_error.empty()) report_.first_error = client.replies.first_error();
  }
  return std::move(report_);
}

// Waits for replies, and sends the next batch to clients that have all their replies.
Status Load::turn() {
  std::array<epoll_event, kEventsMax> events;
  constexpr auto kWait = std::chrono::duration_cast<std::chrono::milliseconds>(kSilenceMax);
  const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(kWait.count()));
  if (ready < 0 && errno != EINTR) return net::system_error("epoll_wait", errno);
  if (ready == 0) return Error::literal("the server has fallen silent");
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    Client& client = *static_cast<Client*>(event.data.ptr);
    if ((event.events & EPOLLIN) != 0 || (event.events & (EPOLLHUP | EPOLLERR)) != 0) {
      if (Status read = read_replies(client); !read.ok()) return read;
    }
    if (Status flushed = flush(client); !flushed.ok()) return flushed;
  }
  return {};
}

Status Load::read_replies(Client& client) {
  const ssize_t got = ::read(client.fd.get(), buffer_.data(), buffer_.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got < 0) return net::system_error("read", errno);
  if (got == 0) return Error::literal("the server has closed a connection");
  const size_t replies = client.replies.feed({buffer_.data(), static_cast<size_t>(got)});
  if (client.replies.is_malformed() || replies > client.waiting)
    return Error::literal("the server has sent what is not a reply");
  client.waiting -= replies;
  answered_ += replies;
  if (client.waiting != 0 || replies == 0) return {};
  now_ns_ = monotonic_ns();
  report_.batches.add(static_cast<uint64_t>(now_ns_ - client.sent_at_ns));
  if (!is_over()) send_batch(client);
  return {};
}

bool Load::is_over() const {
  if (options_.count != 0) return sent_ >= options_.count;
  return now_ns_ - start_ns_ >= std::chrono::nanoseconds(options_.duration).count();
}

void Load::send_batch(Client& client) {
  uint64_t commands = options_.pipeline;
  if (options_.count != 0) commands = std::min(commands, options_.count - sent_);
  client.out.clear();
  client.written = 0;
  for (uint64_t i = 0; i < commands; ++i) {
    templates_[next_template_].append_to(client.out, numbers_);
    next_template_ = next_template_ + 1 == templates_.size() ? 0 : next_template_ + 1;
  }
  client.sent_at_ns = now_ns_;
  client.waiting = commands;
  sent_ += commands;
}

Status Load::flush(Client& client) {
  while (client.written < client.out.size()) {
    const ssize_t wrote = ::send(client.fd.get(), client.out.data() + client.written,
                                 client.out.size() - client.written, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) {
      watch(client, true);
      return {};
    }
    if (wrote < 0) return net::system_error("write", errno);
    client.written += static_cast<size_t>(wrote);
  }
  watch(client, false);
  return {};
}

void Load::watch(Client& client, bool write) {
  if (client.watches_write == write) return;
  client.watches_write = write;
  epoll_event event{.events = EPOLLIN | (write ? uint32_t{EPOLLOUT} : 0u),
                    .data = {.ptr = &client}};
  ensure(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.fd.get(), &event) == 0);
}

}  // namespace

Result<LoadReport> run_load(const LoadOptions& options) {
  return Load(options).run();
}

}  // namespace kvstash::bench
