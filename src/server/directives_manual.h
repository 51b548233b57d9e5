// The text of conf/kvstash.conf, written from the table of directives.
//
// Every directive stands there once, with what it does, why one would change it, and its default;
// so the file is a manual, and starting with it is the same as starting with nothing. A unit test
// keeps the file in the tree equal to this text.
#pragma once

#include <string>

namespace kvstash::server {

std::string manual_text();

}  // namespace kvstash::server
