#include "persist/migrate/move_link.h"

#include "base/log.h"
#include "resp/request_text.h"

#include <array>

namespace kvstash::persist {
namespace {

constexpr size_t kReadBytes = size_t{16} << 10;

// In Redis's words. The reason goes to the log.
Error io_error(std::string_view step, const Error& reason) {
  log(LogLevel::kVerbose, "MIGRATE failed", {{"reason", std::string(reason.message())}});
  return Error::text("IOERR error or timeout " + std::string(step));
}

void append(std::string& to, std::initializer_list<std::string_view> words) {
  resp::append_request(to, std::span<const std::string_view>(words.begin(), words.size()));
}

}  // namespace

// Redis notices only when it writes that nobody listens.
Status MoveLink::send(std::string_view commands, size_t& greetings) {
  std::string first;
  if (!dialed_.is_open()) {
    if (Status open = dialed_.connect(request_->host, request_->port, request_->timeout);
        !open.ok()) {
      return io_error(
          dialed_.was_refused() ? "writing to target instance" : "connecting to the client",
          open.error());
    }
    if (request_->user) {
      append(first, {"AUTH", *request_->user, *request_->password});
    } else if (request_->password) {
      append(first, {"AUTH", *request_->password});
    }
    append(first, {"SELECT", std::to_string(request_->db)});
    greetings = request_->password ? 2 : 1;
  }
  for (const std::string_view bytes : {std::string_view(first), commands}) {
    if (Status sent = dialed_.send(bytes, request_->timeout); !sent.ok())
      return io_error("writing to target instance", sent.error());
  }
  return {};
}

Status MoveLink::receive(resp::Reply& reply) {
  for (;;) {
    const resp::ReplyOutcome outcome = parser_.parse(unread_, reply);
    if (outcome.kind == resp::ReplyOutcome::Kind::kComplete) {
      unread_.erase(0, outcome.consumed);
      return {};
    }
    if (outcome.kind == resp::ReplyOutcome::Kind::kError)
      return io_error("reading to target instance", Error::text(std::string(outcome.error)));
    std::array<char, kReadBytes> bytes;
    const Result<size_t> received = dialed_.receive(bytes, request_->timeout);
    if (!received.ok() || *received == 0) {
      return io_error("reading to target instance",
                      received.ok() ? Error::literal("receive: closed") : received.error());
    }
    unread_.append(bytes.data(), *received);
  }
}

}  // namespace kvstash::persist
