#include "net/name_lookup.h"

#include "net/address.h"
#include "net/loop.h"

#include <uv.h>

#include <memory>
#include <utility>

namespace kvstash::net {

struct NameLookup::Request {
  uv_getaddrinfo_t handle;  // handle.data points back at this Request.
  NameLookup* owner;        // Null: nobody waits for the answer any more.
  std::string name;

  static void on_found(uv_getaddrinfo_t* handle, int status, addrinfo* found) {
    const std::unique_ptr<Request> self(static_cast<Request*>(handle->data));
    std::string ip;
    if (status == 0 && found != nullptr) ip = Address::of(*found->ai_addr).host();
    uv_freeaddrinfo(found);
    if (self->owner == nullptr) return;
    self->owner->requests_.erase(self.get());
    self->owner->found_(self->name, ip);
  }
};

NameLookup::NameLookup(Loop& loop, Found found) : loop_(&loop), found_(std::move(found)) {}

NameLookup::~NameLookup() {
  for (Request* request : requests_) {
    request->owner = nullptr;
    // A look-up that has begun cannot be cancelled; its callback comes all the same.
    uv_cancel(reinterpret_cast<uv_req_t*>(&request->handle));
  }
}

bool NameLookup::start(const std::string& name) {
  auto request = std::make_unique<Request>();
  request->handle.data = request.get();
  request->owner = this;
  request->name = name;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  if (uv_getaddrinfo(&loop_->raw(), &request->handle, Request::on_found, name.c_str(), nullptr,
                     &hints) != 0)
    return false;
  requests_.insert(request.release());
  return true;
}

}  // namespace kvstash::net
