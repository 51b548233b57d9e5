#include "scripting/declared_keys.h"

#include "scripting/script_flags.h"

#include <doctest/doctest.h>

#include <string_view>

namespace kvstash::scripting {

using engine::EngineOptions;
using engine::ScriptKeys;

TEST_CASE("a script keeps to its keys only where that is promised, and it has some") {
  const EngineOptions any;
  EngineOptions declared;
  declared.script_keys = ScriptKeys::kDeclared;
  CHECK(!keeps_to_its_keys(0, true, any));
  CHECK(!keeps_to_its_keys(kUndeclared, true, any));
  CHECK(keeps_to_its_keys(kDeclaredKeys, true, any));
  CHECK(keeps_to_its_keys(0, true, declared));
  CHECK(keeps_to_its_keys(kUndeclared, true, declared));
  CHECK(!keeps_to_its_keys(kDeclaredKeys, false, declared));
  CHECK(!keeps_to_its_keys(kDeclaredKeys | kAllowCrossSlotKeys, true, declared));
}

TEST_CASE("declared keys stand for their slots") {
  CHECK(DeclaredKeys().are_all());
  CHECK(DeclaredKeys().include("anything"));
  const std::string_view names[] = {"{t}1", "a", "{t}2"};
  const DeclaredKeys keys{names};
  CHECK(!keys.are_all());
  CHECK(keys.include("a"));
  CHECK(keys.include("{t}3"));
  CHECK(keys.include("t"));
  CHECK(!keys.include("b"));
}

}  // namespace kvstash::scripting
