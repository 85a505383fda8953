#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "base/varint.hpp"
#include "unit/wire/hex.hpp"
#include "wire/pull.hpp"

namespace turso::wire {
namespace {

using testing::HasSubstr;

Bytes image(std::uint8_t fill) { return Bytes(limits::kSyncPageSize, fill); }

Bytes framed(const PullHeader& header) {
  Bytes message = encode_pull_header(header);
  Bytes out;
  append_protobuf_varint(out, message.size());
  append(out, message);
  return out;
}

PullHeader raw_header(std::uint64_t db_size) {
  PullHeader header;
  header.server_revision = "8";
  header.db_size = db_size;
  header.raw_encoding = true;
  return header;
}

// A decoder that notes what it hands out.
struct Listener {
  std::vector<PullHeader> headers;
  std::vector<std::pair<std::uint64_t, Bytes>> pages;
  Status after_header;
  PullStreamDecoder decoder{[this](const PullHeader& header) {
                              headers.push_back(header);
                              return after_header;
                            },
                            [this](std::uint64_t id, ByteView page) {
                              pages.emplace_back(id, Bytes(page.begin(), page.end()));
                              return ok();
                            }};
};

std::string error_of(const Bytes& body) {
  Listener listener;
  Status fed = listener.decoder.feed(body);
  if (!fed) return fed.error().kind == ErrorKind::kProtocol ? fed.error().message : "of another kind";
  Status finished = listener.decoder.finish();
  if (!finished) return finished.error().kind == ErrorKind::kProtocol ? finished.error().message : "of another kind";
  return "no error";
}

TEST(PullStream, ReadsTheAnswerOfAnEmptyDatabase) {
  Listener listener;
  ASSERT_TRUE(listener.decoder.feed(from_hex("05 0a0130 1a00")).has_value());
  ASSERT_TRUE(listener.decoder.finish().has_value());
  ASSERT_EQ(listener.headers.size(), 1u);
  EXPECT_EQ(listener.headers[0].server_revision, "0");
  EXPECT_TRUE(listener.pages.empty());
}

TEST(PullStream, TakesPiecesOfAnySize) {
  Bytes body = framed(raw_header(3));
  append_page_message(body, 0, image(1));
  append_page_message(body, 2, image(2));
  append_page_message(body, 1, image(3));
  for (std::size_t piece_bytes : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{4096},
                                  std::size_t{4101}, body.size()}) {
    Listener listener;
    for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
      ByteView piece = ByteView(body).subspan(at, std::min(piece_bytes, body.size() - at));
      ASSERT_TRUE(listener.decoder.feed(piece).has_value());
    }
    ASSERT_TRUE(listener.decoder.finish().has_value());
    std::vector<std::pair<std::uint64_t, Bytes>> expected = {{0, image(1)}, {2, image(2)}, {1, image(3)}};
    EXPECT_EQ(listener.pages, expected) << "in pieces of " << piece_bytes;
    EXPECT_EQ(listener.headers.size(), 1u);
  }
}

TEST(PullStream, HandsTheHeaderOutAsSoonAsItIsWhole) {
  Listener listener;
  Bytes header = framed(raw_header(0));
  ASSERT_TRUE(listener.decoder.feed(ByteView(header).first(header.size() - 1)).has_value());
  EXPECT_FALSE(listener.decoder.has_header());
  ASSERT_TRUE(listener.decoder.feed(ByteView(header).last(1)).has_value());
  EXPECT_TRUE(listener.decoder.has_header());
}

TEST(PullStream, AHeaderMayBeAllDefaults) { EXPECT_EQ(error_of(from_hex("00")), "no error"); }

TEST(PullStream, AHeaderWithoutEncodingIsFineUntilAPageFollows) {
  PullHeader header = raw_header(1);
  header.raw_encoding = false;
  Bytes body = framed(header);
  EXPECT_EQ(error_of(body), "no error");
  append_page_message(body, 0, image(1));
  EXPECT_THAT(error_of(body), HasSubstr("announces no encoding"));
}

TEST(PullStream, RefusesTwoEncodingsAndZstd) {
  PullHeader header = raw_header(1);
  header.zstd_encoding = true;
  Bytes both = framed(header);
  append_page_message(both, 0, image(1));
  EXPECT_THAT(error_of(both), HasSubstr("two encodings"));
  header.raw_encoding = false;
  Bytes zstd = framed(header);
  append_page_message(zstd, 0, image(1));
  EXPECT_THAT(error_of(zstd), HasSubstr("zstd"));
}

TEST(PullStream, RefusesAPageOfAnEmptyDatabase) {
  Bytes body = framed(raw_header(0));
  append_page_message(body, 0, image(1));
  EXPECT_THAT(error_of(body), HasSubstr("0 pages"));
}

TEST(PullStream, RefusesAnotherPageSizeNamingBoth) {
  Bytes body = framed(raw_header(1));
  append_page_message(body, 5, Bytes(512));
  EXPECT_EQ(error_of(body), "pull: page 5 is 512 bytes, expected 4096");
}

TEST(PullStream, LetsTheEngineReportALogicalLogAndNeverReadsItsBytesAsLengths) {
  PullHeader header = raw_header(0);
  header.stream_kind = StreamKind::kMvccLogicalLog;
  header.protocol = RemoteProtocol::kMvccLogical;
  Bytes body = framed(header);
  Listener listener;
  ASSERT_TRUE(listener.decoder.feed(body).has_value());
  EXPECT_EQ(listener.headers.at(0).protocol, RemoteProtocol::kMvccLogical);
  append(body, from_hex("324c4d4c ffffffffffffffffffff"));
  EXPECT_EQ(error_of(body), "pull: the body is a logical log, expected pages");
}

TEST(PullStream, StopsAtTheErrorOfACallback) {
  Listener listener;
  listener.after_header = Error{ErrorKind::kError, "enough"};
  Bytes body = framed(raw_header(1));
  append_page_message(body, 0, image(1));
  Status fed = listener.decoder.feed(body);
  ASSERT_FALSE(fed.has_value());
  EXPECT_EQ(fed.error().message, "enough");
  EXPECT_TRUE(listener.pages.empty());
}

TEST(PullStream, RefusesLengthsBeyondTheLimitBeforeTheBytesCome) {
  Bytes body;
  append_protobuf_varint(body, limits::kMessageBytesMax + 1);
  EXPECT_EQ(error_of(body), "pull: a message of 65537 bytes, expected at most 65536");
  body.clear();
  append_protobuf_varint(body, limits::kMessageBytesMax);
  EXPECT_THAT(error_of(body), HasSubstr("ends inside a message"));
}

TEST(PullStream, ReadsLengthsOfNineBytesAndNoLonger) {
  EXPECT_EQ(error_of(from_hex("85 80 80 80 80 80 80 80 00 0a0130 1a00")), "no error");
  EXPECT_EQ(error_of(from_hex("85 80 80 80 80 80 80 80 80 00 0a0130 1a00")),
            "pull: the length of a message takes more than 9 bytes");
  EXPECT_EQ(error_of(from_hex("ff ff ff ff ff ff ff ff ff")), "pull: the length of a message takes more than 9 bytes");
}

TEST(PullStream, AnEndBeforeOrInsideAMessageIsAnError) {
  EXPECT_EQ(error_of({}), "pull: the body ends before its header");
  EXPECT_EQ(error_of(from_hex("05 0a01")), "pull: the body ends inside a message, 3 bytes into it");
  EXPECT_EQ(error_of(from_hex("05 0a0130 1a00 83")),
            "pull: a page follows a header that announces a database of 0 pages");
  Bytes body = framed(raw_header(1));
  body.push_back(0x83);
  EXPECT_EQ(error_of(body), "pull: the body ends inside a message, 1 bytes into it");
}

}  // namespace
}  // namespace turso::wire
