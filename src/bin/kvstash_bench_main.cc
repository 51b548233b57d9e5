// kvstash-bench: the load generator as a program.
#include "bench/load.h"
#include "bench/options.h"
#include "bench/report.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

int fail(std::string_view message) {
  std::fprintf(stderr, "kvstash-bench: %.*s\n", static_cast<int>(message.size()), message.data());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace kvstash;
  const std::vector<std::string_view> args(argv + 1, argv + argc);
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    std::printf("%s", bench::load_usage().c_str());
    return 0;
  }
  const Result<bench::LoadOptions> options = bench::parse_load_options(args);
  if (!options.ok()) return fail(options.error().message());
  const Result<bench::LoadReport> report = bench::run_load(*options);
  if (!report.ok()) return fail(report.error().message());
  std::printf("%s\n", bench::report_json(*report).c_str());
  return 0;
}
