// Publish/subscribe: PUBLISH, SUBSCRIBE and their variants, and PUBSUB, which reports on channels.
//
// The rows are in pubsub_table.cc. A publication runs on the shard that owns its channel. A
// subscription to a channel asks that shard to count it, and one to a pattern asks all shards. See
// engine/pubsub/pubsub.h.
#pragma once

#include "base/result.h"

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

Status publish(Call& call);
Status spublish(Call& call);

// Defined in subscribe.cc.
Status subscribe(Call& call);
Status psubscribe(Call& call);
Status ssubscribe(Call& call);
Status unsubscribe(Call& call);
Status punsubscribe(Call& call);
Status sunsubscribe(Call& call);

Status pubsub_channels(Call& call);
Status pubsub_help(Call& call);
Status pubsub_numpat(Call& call);
Status pubsub_numsub(Call& call);
Status pubsub_shardchannels(Call& call);
Status pubsub_shardnumsub(Call& call);

}  // namespace kvstash::commands
