// What a server may answer instead of the protocol: a typed error that names the URL, what was found and what was
// expected; the replica stays what it was, and the next good pull repairs everything.
#include "unit/sync/engine_support.hpp"

namespace turso::sync::test {
namespace {

using testing::HasSubstr;

struct BadAnswer {
  std::string name;
  int status;
  Bytes body;
  ErrorKind kind;
  std::string message;
};

std::vector<BadAnswer> bad_answers() {
  std::vector<BadAnswer> answers;
  answers.push_back(
      {"500", 500, to_bytes("Internal Server Error: boom"), ErrorKind::kServer, "status=500, body=Internal"});
  answers.push_back({"401", 401, to_bytes("no token"), ErrorKind::kAuth, "status=401"});
  answers.push_back({"404", 404, to_bytes("Not Found"), ErrorKind::kServer, "status=404"});
  answers.push_back({"html", 200, to_bytes("<!DOCTYPE html><html><body>Sign in to the hotel network</body></html>"),
                     ErrorKind::kProtocol, "the answer is HTML"});
  answers.push_back({"nothing", 200, {}, ErrorKind::kProtocol, "before its header"});

  Bytes cut = framed(header_of("r1", 1));
  wire::append_page_message(cut, 0, Bytes(4096, 1));
  cut.resize(cut.size() - 100);
  answers.push_back({"cut", 200, cut, ErrorKind::kProtocol, "page 1 does not begin"});
  answers.back().message = "";  // the end of the stream is found first or the page is: both are right

  Bytes huge = framed(header_of("r1", 1));
  append_protobuf_varint(huge, 3'000'000'000U);
  answers.push_back({"3 GB message", 200, huge, ErrorKind::kProtocol, "3000000000"});

  Bytes big_page = framed(header_of("r1", 1));
  wire::append_page_message(big_page, 0, Bytes(8192, 1));
  answers.push_back({"page of 8192 bytes", 200, big_page, ErrorKind::kProtocol, "8192"});

  Bytes big_page_size = framed(header_of("r1", 1));
  Bytes page(4096, 0);
  std::string_view magic("SQLite format 3\0", 16);
  std::copy(magic.begin(), magic.end(), page.begin());
  store_u16_be(page.data() + 16, 8192);
  wire::append_page_message(big_page_size, 0, page);
  answers.push_back({"page size 8192", 200, big_page_size, ErrorKind::kProtocol, "pages of 8192 bytes, expected 4096"});

  Bytes beyond = framed(header_of("r1", 1));
  wire::append_page_message(beyond, 7, Bytes(4096, 1));
  answers.push_back({"page beyond the end", 200, beyond, ErrorKind::kProtocol, "page 8 of a database of 1 pages"});

  wire::PullHeader mvcc = header_of("r1", 1);
  mvcc.protocol = wire::RemoteProtocol::kMvccLogical;
  answers.push_back({"mvcc", 200, framed(mvcc), ErrorKind::kProtocol, "the remote database is in MVCC mode"});

  wire::PullHeader nameless = header_of("r1", 1);
  nameless.server_revision.clear();
  answers.push_back({"no revision", 200, framed(nameless), ErrorKind::kProtocol, "has no revision"});

  answers.push_back({"missing pages", 200, framed(header_of("r1", 3)), ErrorKind::kProtocol, ""});
  return answers;
}

TEST(EngineBadInput, ABootstrapLeavesNothingBehind) {
  for (const BadAnswer& bad : bad_answers()) {
    SCOPED_TRACE(bad.name);
    Device device;
    auto done = device.create([&](IoItem& item) { answer(item, bad.status, bad.body, 13); });
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, bad.kind) << done.error().message;
    EXPECT_THAT(done.error().message, HasSubstr(bad.message));
    EXPECT_FALSE(file_exists(device.config.path));
    EXPECT_FALSE(file_exists(device.config.path + "-changes"));
    EXPECT_FALSE(file_exists(device.config.path + "-changes.tmp"));
  }
}

TEST(EngineBadInput, ABootstrapNamesTheUrl) {
  Device device;
  auto done = device.create([](IoItem& item) { answer(item, 503, as_bytes("busy")); });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().http_status, 503);
  EXPECT_THAT(done.error().message, HasSubstr("http://remote/pull-updates"));
}

TEST(EngineBadInput, AFailedBootstrapCanBeTriedAgainOnTheSameHandle) {
  Remote remote;
  remote.sql("CREATE TABLE t(x); INSERT INTO t VALUES (3)");
  Device device;
  ASSERT_FALSE(device.create([](IoItem& item) { ASSERT_TRUE(item.poison("connection refused")); }).has_value());
  ASSERT_TRUE(device.create(remote.host()).has_value());
  EXPECT_EQ(device.query("SELECT x FROM t"), "3");
}

TEST(EngineBadInput, APullLeavesTheReplicaUsableAndTheNextGoodOneRepairs) {
  for (const BadAnswer& bad : bad_answers()) {
    SCOPED_TRACE(bad.name);
    if (bad.name == "missing pages") continue;  // not wrong in a pull: no page has changed
    Remote remote;
    remote.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,'a')");
    Device device;
    ASSERT_TRUE(device.create(remote.host()).has_value());
    device.sql("INSERT INTO t VALUES (2,'local')");
    std::string revision = device.stats().revision;

    auto pulled = device.pull([&](IoItem& item) { answer(item, bad.status, bad.body, 13); });
    ASSERT_FALSE(pulled.has_value());
    EXPECT_EQ(pulled.error().kind, bad.kind) << pulled.error().message;
    EXPECT_EQ(device.stats().revision, revision);
    device.sql("INSERT INTO t VALUES (3,'offline')");

    remote.sql("UPDATE t SET v='b' WHERE id=1");
    auto good = device.pull(remote.host());
    ASSERT_TRUE(good.has_value()) << good.error().message;
    EXPECT_TRUE(*good);
    EXPECT_EQ(device.query("SELECT id, v FROM t ORDER BY id"), "1,b;2,local;3,offline");
  }
}

TEST(EngineBadInput, APoisonedPushLeavesEverythingPending) {
  Remote remote;
  remote.sql("CREATE TABLE t(x)");
  Device device;
  ASSERT_TRUE(device.create(remote.host()).has_value());
  device.sql("INSERT INTO t VALUES (1)");
  auto before = device.stats().cdc_operations;
  auto pushed = device.push([](IoItem& item) { ASSERT_TRUE(item.poison("connection reset")); });
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().kind, ErrorKind::kNetwork);
  EXPECT_EQ(device.stats().cdc_operations, before);
}

TEST(EngineBadInput, APushAnsweredWithHtmlIsAProtocolError) {
  Remote remote;
  remote.sql("CREATE TABLE t(x)");
  Device device;
  ASSERT_TRUE(device.create(remote.host()).has_value());
  device.sql("INSERT INTO t VALUES (1)");
  auto pushed = device.push([](IoItem& item) { answer(item, 200, as_bytes("<html>sign in</html>")); });
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().kind, ErrorKind::kProtocol);
  EXPECT_THAT(pushed.error().message, HasSubstr("http://remote/v2/pipeline"));
}

}  // namespace
}  // namespace turso::sync::test
