// EffectSink: where committed changes go. The engine calls it without knowing who listens.
// One sink object per shard, called only by who holds that shard's thread of execution.
#pragma once

#include "engine/key.h"

#include <span>
#include <string_view>

namespace kvstash::engine {

class EffectSink {
 public:
  virtual ~EffectSink() = default;

  // `argv` is the canonical command for a change already applied to `db`. The views die when the
  // call returns.
  virtual void on_write(DbIndex db, std::span<const std::string_view> argv) = 0;

  // Everything written between these two is one unit (MULTI ... EXEC where it is more than one). A
  // unit that is never ended, of a script that SHUTDOWN NOSAVE cut off, does not join the log.
  virtual void begin_unit() = 0;
  virtual void end_unit() = 0;

  // The end of a turn: what was written joins the log, before any reply leaves. While a script runs
  // for too long it is called in the middle of a unit as well: then for what stands before that.
  virtual void flush() = 0;
};

}  // namespace kvstash::engine
