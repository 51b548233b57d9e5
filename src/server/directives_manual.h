// The text of conf/kvstash.conf, written from the table of directives.
//
// Every directive stands there once, with what it does, why one would change it, and its default.
// So the file is a manual, and starting the server with it has the same effect as starting without
// a file. A unit test keeps the file in the tree equal to this text.
#pragma once

#include <string>

namespace kvstash::server {

std::string manual_text();

}  // namespace kvstash::server
