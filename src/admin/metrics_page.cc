#include "admin/metrics_page.h"

#include "admin/http_server.h"
#include "admin/metrics_text.h"
#include "base/clock.h"
#include "base/threads.h"
#include "net/loop.h"
#include "net/timer.h"
#include "net/wake.h"

#include <chrono>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

namespace kvstash::admin {
namespace {

constexpr int64_t kProbeTimeoutNs = 1'000'000'000;
constexpr int64_t kScrapeTimeoutNs = 9'000'000'000;  // Less than the HTTP server's timeout.
constexpr std::chrono::milliseconds kPatiencePeriod{50};

HttpResponse text_response(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

}  // namespace

// What other threads leave for the page. `wake` is set while the page's loop runs.
struct MetricsPage::Inbox {
  std::mutex lock;  // Held to move a snapshot, and to ring `wake`.
  std::optional<Snapshot> snapshot;
  bool stops = false;
  net::Wake* wake = nullptr;

  void deliver(Snapshot fresh) {
    const std::lock_guard guard(lock);
    snapshot = std::move(fresh);
    if (wake != nullptr) wake->ring();
  }
  void stop() {
    const std::lock_guard guard(lock);
    stops = true;
    if (wake != nullptr) wake->ring();
  }
};

// Runs on the page's own thread: takes requests, asks for a snapshot, and answers all waiting
// requests.
class MetricsPage::Desk {
 public:
  Desk(net::Loop& loop, Inbox& inbox, std::function<void()> ask)
      : inbox_(inbox),
        ask_(std::move(ask)),
        patience_(loop, [this] { give_up(); }),
        wake_(loop, [this] { look_into_inbox(); }) {
    const std::lock_guard guard(inbox_.lock);
    inbox_.wake = &wake_;
  }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  ~Desk() {
    const std::lock_guard guard(inbox_.lock);
    inbox_.wake = nullptr;
  }

  bool stops() const { return stops_; }

  void take(const HttpRequest& request, const HttpResponder& responder) {
    const std::string_view path = request.path;
    if (path == "/metrics") {
      wait({.responder = responder, .page = Waiting::Page::kMetrics});
    } else if (path == "/health") {
      wait({.responder = responder, .page = Waiting::Page::kHealth});
    } else if (path == "/ready") {
      wait({.responder = responder, .page = Waiting::Page::kReady});
    } else {
      responder.respond(text_response(404, "Not found: try /metrics, /health or /ready\n"));
    }
  }

 private:
  struct Waiting {
    enum class Page : uint8_t { kMetrics, kHealth, kReady };
    HttpResponder responder;
    Page page;
    int64_t since_ns = 0;
  };

  void wait(Waiting waiting) {
    waiting.since_ns = monotonic_ns();
    waiting_.push_back(waiting);
    if (!patience_.is_running()) patience_.start_repeating(kPatiencePeriod);
    if (std::exchange(is_asking_, true)) return;
    ask_();
  }

  void look_into_inbox() {
    std::optional<Snapshot> snapshot;
    {
      const std::lock_guard guard(inbox_.lock);
      snapshot = std::exchange(inbox_.snapshot, std::nullopt);
      stops_ = inbox_.stops;
    }
    if (!snapshot) return;
    is_asking_ = false;
    patience_.stop();
    const std::vector<Waiting> all = std::exchange(waiting_, {});
    for (const Waiting& waiting : all)
      answer(waiting, *snapshot);
  }

  static HttpResponse ready_response(const Snapshot& snapshot) {
    if (!snapshot.is_serving) return text_response(503, "shutting down\n");
    if (snapshot.process.persist.is_loading) return text_response(503, "loading\n");
    return text_response(200, "OK\n");
  }

  static void answer(const Waiting& waiting, const Snapshot& snapshot) {
    switch (waiting.page) {
      case Waiting::Page::kMetrics:
        waiting.responder.respond(
            {.content_type = std::string(kMetricsContentType), .body = metrics_text(snapshot)});
        break;
      case Waiting::Page::kHealth:
        waiting.responder.respond(text_response(200, "OK\n"));
        break;
      case Waiting::Page::kReady:
        waiting.responder.respond(ready_response(snapshot));
        break;
    }
  }

  // Answers requests that have waited too long with a 503, because a shard does not answer.
  void give_up() {
    const int64_t now_ns = monotonic_ns();
    std::erase_if(waiting_, [&](const Waiting& waiting) {
      const bool is_scrape = waiting.page == Waiting::Page::kMetrics;
      if (now_ns - waiting.since_ns < (is_scrape ? kScrapeTimeoutNs : kProbeTimeoutNs))
        return false;
      waiting.responder.respond(text_response(503, "a shard does not answer\n"));
      return true;
    });
    if (waiting_.empty()) patience_.stop();
  }

  Inbox& inbox_;
  std::function<void()> ask_;
  std::vector<Waiting> waiting_;  // Bounded by the number of connections of the HTTP server.
  bool is_asking_ = false;
  bool stops_ = false;
  net::Timer patience_;
  net::Wake wake_;
};

MetricsPage::MetricsPage(MetricsOptions options, Collect collect)
    : options_(std::move(options)),
      collect_(std::move(collect)),
      inbox_(std::make_shared<Inbox>()) {}

MetricsPage::~MetricsPage() {
  if (!thread_.joinable()) return;
  inbox_->stop();
  thread_.join();
}

Status MetricsPage::start() {
  // Shared, because the thread may still be in set_value() when this function returns.
  auto started = std::make_shared<std::promise<Result<uint16_t>>>();
  std::future<Result<uint16_t>> outcome = started->get_future();
  thread_ = start_thread("kv-metrics", [this, started] {
    run([started](Status status, uint16_t port) {
      started->set_value(status.ok() ? Result<uint16_t>(port) : Result<uint16_t>(status.error()));
    });
  });
  const Result<uint16_t> port = outcome.get();
  if (!port.ok()) {
    thread_.join();
    return Error::text("Failed listening on metrics port " + std::to_string(options_.port) + ": " +
                       std::string(port.error().message()));
  }
  port_ = *port;
  return {};
}

// Runs on the thread. All objects on the loop are destroyed before the loop is.
void MetricsPage::run(std::function<void(Status, uint16_t)> started) {
  net::Loop loop;
  {
    Desk desk(loop, *inbox_, [this] {
      collect_([inbox = inbox_](Snapshot snapshot) { inbox->deliver(std::move(snapshot)); });
    });
    const Result<std::unique_ptr<HttpServer>> server =
        HttpServer::open(loop, {.listen = {.bind = options_.bind, .port = options_.port}},
                         [&desk](const HttpRequest& request, const HttpResponder& responder) {
                           desk.take(request, responder);
                         });
    if (!server.ok()) {
      started(server.error(), 0);
    } else {
      started({}, (*server)->port());
      while (!desk.stops())
        loop.run_once();
    }
  }
  loop.close();
}

}  // namespace kvstash::admin
