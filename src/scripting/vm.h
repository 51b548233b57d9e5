// Vm: a Lua state in which scripts of one shard run: the sandbox, the compiled functions, and the
// rules under which they are called.
//
// Each shard has one for EVAL and one for functions, used by the thread that runs the shard's
// commands. Scripts share the state but cannot change what is shared. Memory is bounded by a
// ceiling (kBytesMax), depth by Lua's own limits and check_depth(). tick() bounds time: a library
// must load within kLoadingMsMax; a script that runs for longer than busy-reply-threshold lets its
// shards answer other clients now and then (engine/traffic/busy_turns.cc), and ends when it is
// killed.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "engine/client/session.h"
#include "engine/command/command_spec.h"
#include "resp/reply_buffer.h"
#include "resp/reply_writer.h"
#include "scripting/cjson_library.h"
#include "scripting/lua.h"
#include "scripting/lua_heap.h"
#include "scripting/math_library.h"
#include "scripting/run.h"
#include "scripting/slow_scripts.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::scripting {

struct RegisteredFunction;

enum class VmKind : uint8_t { kEval, kFunctions };

// Buffers that redis.call reuses.
struct CallScratch {
  std::vector<std::string_view> args;
  std::vector<std::array<char, kDoubleCharsMax>> numbers;
  std::vector<engine::KeyAt> keys;  // The keys of the command that redis.call runs.
  resp::ReplyBuffer out;
  std::string error;
  engine::Session session;  // The session that commands of scripts see.
};

class Vm {
 public:
  // The memory that the scripts of one Vm may take.
  static constexpr size_t kBytesMax = size_t{256} << 20;
  // How many instructions run between two looks at the time.
  static constexpr int kInstructionsPerTick = 10'000;
  static constexpr int64_t kLoadingMsMax = 500;

  // `clock` is the node's, and outlives the Vm.
  Vm(VmKind kind, std::string_view redis_version, const Clock& clock);
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  static Vm& of(lua_State* L) { return *static_cast<Vm*>(LuaHeap::owner_of(L)); }

  lua_State* state() const { return heap_.state(); }
  VmKind kind() const { return kind_; }
  size_t bytes() const { return heap_.bytes(); }  // May be called by any thread.
  Run* run() const { return run_; }               // Null while no script runs.
  CallScratch& scratch() { return scratch_; }

  // Compiles the text and returns a reference to the function. Error: Lua's message, without an
  // error code.
  Result<int> compile(std::string_view text, const char* chunk_name);
  // Pops the function on top of the stack and returns a reference to it.
  int keep();
  void forget(int reference);

  // Calls a function and writes its reply, or the error that it ended with. Error: the reply is too
  // large, and the caller must take back what was written.
  Status call(Run& run, int reference, std::span<const std::string_view> keys,
              std::span<const std::string_view> args);

  // Runs the text of a library, with the globals for loading. The functions that it registers are
  // added to `registered`; the caller owns their references, also after an error. The error has its
  // code first.
  Status load(std::string_view text, const char* chunk_name,
              std::vector<RegisteredFunction>& registered);
  // The functions registered so far; null while no library is being loaded.
  std::vector<RegisteredFunction>* registered() const { return registered_; }

  // These two implement guard.h. tick() is called between two instructions or commands: it may
  // serve clients, and may raise an error.
  void tick(lua_State* L);
  void check_depth(lua_State* L) const;
  // Notes that the script is about to write for the first time. Raises an error if the script has
  // been killed.
  void begin_writing(lua_State* L);
  bool is_ending() const { return ends_because_ != nullptr; }

 private:
  void write_failure(Run& run);
  void collect_some(bool is_full);
  void begin_time();
  void end_time();
  void look_at_time(lua_State* L);
  void become_slow();
  [[noreturn]] void end_run(lua_State* L, const char* why);

  VmKind kind_;
  const Clock* clock_;
  ScriptRandom random_;
  LuaHeap heap_;
  CjsonOptions* cjson_ = nullptr;  // Lives in the Lua heap.
  uint64_t cjson_version_ = 0;     // Version of SharedCjsonOptions.
  Run* run_ = nullptr;
  CallScratch scratch_;
  std::vector<RegisteredFunction>* registered_ = nullptr;
  uintptr_t stack_base_ = 0;
  int64_t began_ns_ = 0;
  int64_t next_look_ns_ = 0;            // When a slow run serves clients next.
  std::unique_ptr<SlowScript> slow_;    // Null while the run is not slow.
  const char* ends_because_ = nullptr;  // If not null, every instruction raises this.
  uint32_t runs_ = 0;
  size_t kept_bytes_ = 0;  // Size after the last full collection.
};

}  // namespace kvstash::scripting
