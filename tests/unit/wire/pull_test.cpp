// The vectors in hexadecimal are what the official client and server put on the wire.
#include "wire/pull.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "unit/wire/hex.hpp"

namespace turso::wire {
namespace {

using testing::HasSubstr;

TEST(PullRequest, BootstrapIsZeroBytes) { EXPECT_EQ(encode_pull_request({}), Bytes()); }

TEST(PullRequest, IncrementalFromRevision8) {
  PullRequest request;
  request.client_revision = "8";
  EXPECT_EQ(encode_pull_request(request), from_hex("1a 01 38"));
}

TEST(PullRequest, EveryFieldHasItsNumber) {
  PullRequest request;
  request.encoding = PageEncoding::kZstd;
  request.server_revision = "s";
  request.client_revision = "c";
  request.long_poll_timeout_ms = 300;
  request.server_pages_selector = {0xfe, 0xff};
  request.server_query_selector = "q";
  request.stream_kind = StreamKind::kMvccLogicalLog;
  Bytes encoded = encode_pull_request(request);
  EXPECT_EQ(encoded, from_hex("0801 120173 1a0163 20ac02 2a02feff 3a0171 4001"));

  auto decoded = decode_pull_request(encoded);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->encoding, PageEncoding::kZstd);
  EXPECT_EQ(decoded->server_revision, "s");
  EXPECT_EQ(decoded->client_revision, "c");
  EXPECT_EQ(decoded->long_poll_timeout_ms, 300u);
  EXPECT_EQ(decoded->server_pages_selector, (Bytes{0xfe, 0xff}));
  EXPECT_EQ(decoded->server_query_selector, "q");
  EXPECT_EQ(decoded->stream_kind, StreamKind::kMvccLogicalLog);
}

TEST(PullRequest, ReadsOverReservedAndUnknownFields) {
  auto decoded = decode_pull_request(from_hex("32 0401020304 1a0138 f80601 fa0603616263"));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->client_revision, "8");
}

TEST(PullRequest, RefusesDamage) {
  for (auto damaged : {"1a 05 38", "1a", "08", "18 38", "0805", "4002", "1a 01 ff", "0b", "00 00"}) {
    auto decoded = decode_pull_request(from_hex(damaged));
    ASSERT_FALSE(decoded.has_value()) << damaged;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kProtocol);
  }
}

TEST(PullHeader, AnswerOfAnEmptyDatabase) {
  PullHeader header;
  header.server_revision = "0";
  header.raw_encoding = true;
  EXPECT_EQ(encode_pull_header(header), from_hex("0a0130 1a00"));
}

TEST(PullHeader, AnswerWithoutNews) {
  PullHeader header;
  header.server_revision = "8";
  header.db_size = 8;
  header.raw_encoding = true;
  EXPECT_EQ(encode_pull_header(header), from_hex("0a0138 1008 1a00"));
}

TEST(PullHeader, RoundTripsEveryField) {
  PullHeader header;
  header.server_revision = R"({"generation":999999999999999999,"wal_fragment_no":2})";
  header.db_size = 0x1'0000'0001;
  header.zstd_encoding = true;
  header.stream_kind = StreamKind::kMvccLogicalLog;
  header.apply_mode = ApplyMode::kReplaceBase;
  header.protocol = RemoteProtocol::kMvccLogical;
  auto decoded = decode_pull_header(encode_pull_header(header));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->server_revision, header.server_revision);
  EXPECT_EQ(decoded->db_size, header.db_size);
  EXPECT_FALSE(decoded->raw_encoding);
  EXPECT_TRUE(decoded->zstd_encoding);
  EXPECT_EQ(decoded->stream_kind, StreamKind::kMvccLogicalLog);
  EXPECT_EQ(decoded->apply_mode, ApplyMode::kReplaceBase);
  EXPECT_EQ(decoded->protocol, RemoteProtocol::kMvccLogical);
}

TEST(PullHeader, TakesTheHeaderOfALogicalLogApart) {
  // kind 1, a log of format "lml3" without ranges, protocol 2
  auto decoded = decode_pull_header(from_hex("0a0567313a6f35 2801 3a06 0a046c6d6c33 4002"));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->server_revision, "g1:o5");
  EXPECT_EQ(decoded->stream_kind, StreamKind::kMvccLogicalLog);
  EXPECT_EQ(decoded->protocol, RemoteProtocol::kMvccLogical);
}

TEST(PullHeader, UnknownKindsAreErrorsThatSayTheNumber) {
  auto kind = decode_pull_header(from_hex("2807"));
  ASSERT_FALSE(kind.has_value());
  EXPECT_EQ(kind.error().kind, ErrorKind::kProtocol);
  EXPECT_THAT(kind.error().message, HasSubstr("stream kind 7"));
  auto mode = decode_pull_header(from_hex("3009"));
  ASSERT_FALSE(mode.has_value());
  EXPECT_THAT(mode.error().message, HasSubstr("apply mode 9"));
}

TEST(PullHeader, UnknownProtocolIsPages) {
  auto decoded = decode_pull_header(from_hex("4063"));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->protocol, RemoteProtocol::kPages);
}

TEST(PullHeader, RefusesARevisionThatNoReplicaCouldStore) {
  PullHeader header;
  header.server_revision = std::string(limits::kRevisionBytesMax, 'r');
  EXPECT_TRUE(decode_pull_header(encode_pull_header(header)).has_value());
  header.server_revision += 'r';
  auto decoded = decode_pull_header(encode_pull_header(header));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_THAT(decoded.error().message, HasSubstr("1025 bytes, expected at most 1024"));
}

TEST(PageMessage, Page0OmitsItsId) {
  Bytes out;
  append_page_message(out, 0, Bytes(limits::kSyncPageSize, 7));
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 5), from_hex("83 20 12 80 20"));
  EXPECT_EQ(out.size(), 5 + limits::kSyncPageSize);
}

TEST(PageMessage, OtherPagesBeginWithTheirId) {
  Bytes out;
  append_page_message(out, 300, Bytes(limits::kSyncPageSize, 7));
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 8), from_hex("86 20 08 ac 02 12 80 20"));
  auto page = decode_page_message(ByteView(out).subspan(2));
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->page_id, 300u);
  EXPECT_EQ(Bytes(page->page.begin(), page->page.end()), Bytes(limits::kSyncPageSize, 7));
}

TEST(PageMessage, RefusesAnotherPageSizeNamingBoth) {
  Bytes out;
  append_page_message(out, 17, Bytes(4095));
  auto page = decode_page_message(ByteView(out).subspan(2));
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().kind, ErrorKind::kProtocol);
  EXPECT_EQ(page.error().message, "pull: page 17 is 4095 bytes, expected 4096");
}

TEST(PageMessage, RefusesAnIdThatSqliteHasNoPageFor) {
  Bytes out;
  append_page_message(out, 0xfffffffeu, Bytes(limits::kSyncPageSize));
  EXPECT_FALSE(decode_page_message(ByteView(out).subspan(2)).has_value());
}

}  // namespace
}  // namespace turso::wire
