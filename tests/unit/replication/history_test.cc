#include "replication/history.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash::replication;

namespace {

const std::string kOld(40, 'a');
const std::string kNew(40, 'b');
const std::string kOther(40, 'c');

// A replica of kOld that became a primary at 100, and has recorded up to 150 since.
History renamed() {
  History history{.replid = kOld};
  history.rename(kNew, 100);
  return history;
}
constexpr StreamRange kRange{.begin = 40, .end = 150};

Resumes resumes(const std::string& replid, uint64_t offset) {
  return can_resume(renamed(), kRange, {.replid = replid, .offset = offset});
}

}  // namespace

TEST_CASE("a name is forty lower-case hexadecimal digits") {
  CHECK(is_replid("0123456789abcdef0123456789abcdef01234567"));
  CHECK_FALSE(is_replid("0123456789abcdef0123456789abcdef0123456"));
  CHECK_FALSE(is_replid("0123456789abcdef0123456789abcdef012345678"));
  CHECK_FALSE(is_replid("0123456789ABCDEF0123456789abcdef01234567"));
  CHECK_FALSE(is_replid("?"));
}

TEST_CASE("a replica resumes where the stream can still be told") {
  CHECK(resumes(kNew, 40) == Resumes::kYes);
  CHECK(resumes(kNew, 150) == Resumes::kYes);
  CHECK(resumes(kNew, 39) == Resumes::kTooOld);
  CHECK(resumes(kNew, 151) == Resumes::kAhead);
  CHECK(resumes(kOther, 120) == Resumes::kOtherHistory);
}

TEST_CASE("the second name holds up to the renaming") {
  CHECK(resumes(kOld, 40) == Resumes::kYes);
  CHECK(resumes(kOld, 100) == Resumes::kYes);
  CHECK(resumes(kOld, 101) == Resumes::kBehindSecond);
  CHECK(resumes(kOld, 39) == Resumes::kTooOld);
}

TEST_CASE("without a second name nothing resumes by an empty one") {
  const History history{.replid = kNew};
  CHECK(can_resume(history, kRange, {.replid = "", .offset = 50}) == Resumes::kOtherHistory);
  CHECK(can_resume(history, kRange, {.replid = no_replid(), .offset = 50}) ==
        Resumes::kOtherHistory);
}

TEST_CASE("who takes the whole history of another node forgets its own") {
  History history = renamed();
  history.replace(kOther);
  CHECK(history.replid == kOther);
  CHECK(history.second_replid.empty());
}

TEST_CASE("the log says why a replica cannot resume") {
  const auto sentence = [](const std::string& replid, uint64_t offset) {
    const Resumption asked{.replid = replid, .offset = offset};
    return why_not(can_resume(renamed(), kRange, asked), renamed(), asked, "1.2.3.4:5");
  };
  CHECK(sentence(kNew, 50).empty());
  CHECK(sentence(kOther, 50) ==
        "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '" +
            kOther + "', my replication IDs are '" + kNew + "' and '" + kOld + "')");
  CHECK(sentence(kOld, 120) ==
        "Partial resynchronization not accepted: Requested offset for second ID was 121, but I can "
        "reply up to 101");
  CHECK(sentence(kNew, 10) ==
        "Unable to partial resync with replica 1.2.3.4:5 for lack of backlog (Replica request was: "
        "11).");
  CHECK(sentence(kNew, 200).find("greater than the primary's") != std::string::npos);
}
