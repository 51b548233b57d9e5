// What a user of the C library does, against the port in argv[1]: replies of every kind, a deep
// pipeline and binary values. Prints what went wrong and ends with status 1.
#include <hiredis/hiredis.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;
using Context = std::unique_ptr<redisContext, FreeContext>;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::exit(1);
}

Reply next_reply(redisContext& context) {
  void* reply = nullptr;
  require(redisGetReply(&context, &reply) == REDIS_OK, "a reply comes");
  return Reply(static_cast<redisReply*>(reply));
}

Reply call(redisContext& context, const char* command) {
  require(redisAppendCommand(&context, command) == REDIS_OK, "a command is sent");
  return next_reply(context);
}

std::string_view text(const Reply& reply) {
  return {reply->str, reply->len};
}

void every_kind_of_reply(redisContext& context) {
  require(call(context, "FLUSHALL")->type == REDIS_REPLY_STATUS, "a status");
  require(call(context, "INCR n")->integer == 1, "an integer");
  require(call(context, "GET none")->type == REDIS_REPLY_NIL, "a null");
  require(call(context, "GET")->type == REDIS_REPLY_ERROR, "an error");
  require(call(context, "MGET n none n")->elements == 3, "an array");
}

void binary_values(redisContext& context) {
  std::string value(100'000, '\0');
  for (size_t i = 0; i < value.size(); ++i)
    value[i] = static_cast<char>(i);
  require(redisAppendCommand(&context, "SET %b %b", "k\0k", size_t{3}, value.data(),
                             value.size()) == REDIS_OK,
          "a binary command is sent");
  require(text(next_reply(context)) == "OK", "a binary value is stored");
  require(redisAppendCommand(&context, "GET %b", "k\0k", size_t{3}) == REDIS_OK, "GET is sent");
  require(text(next_reply(context)) == value, "a binary value comes back");
}

void a_deep_pipeline(redisContext& context) {
  constexpr int kDepth = 20'000;
  for (int i = 0; i < kDepth; ++i) {
    require(redisAppendCommand(&context, "INCR counter:%d", i % 10) == REDIS_OK, "INCR is sent");
  }
  for (int i = 0; i < kDepth; ++i) {
    require(next_reply(context)->integer == i / 10 + 1, "pipelined replies come in order");
  }
}

}  // namespace

int main(int argc, char** argv) {
  require(argc == 2, "usage: hiredis_client PORT");
  const Context context(redisConnect("127.0.0.1", std::atoi(argv[1])));
  require(context != nullptr && context->err == 0, "the connection opens");
  every_kind_of_reply(*context);
  binary_values(*context);
  a_deep_pipeline(*context);
  return 0;
}
