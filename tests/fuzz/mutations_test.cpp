// mutations_test.cpp -- every fuzz target over damaged forms of what peers really send.
//
// Not a search as libFuzzer's: it keeps the targets compiling and catches the crude defects in every run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "wire/page_selector.hpp"
#include "wire/pipeline.hpp"
#include "wire/pull.hpp"

void fuzz_pull_request(turso::ByteView bytes);
void fuzz_pull_stream(turso::ByteView bytes);
void fuzz_page_selector(turso::ByteView bytes);
void fuzz_pipeline_request(turso::ByteView bytes);
void fuzz_pipeline_response(turso::ByteView bytes);
void fuzz_remote_url(turso::ByteView bytes);

namespace turso {
namespace {

using Target = void (*)(ByteView);

int rounds() { return std::getenv("TURSO_SYNC_LONG") != nullptr ? 200'000 : 3'000; }

// One to four small damages: a byte changed, bytes removed, doubled or inserted, the end cut off.
Bytes mutated(Bytes bytes, std::mt19937_64& random) {
  for (std::uint64_t damages = 1 + random() % 4; damages > 0; --damages) {
    std::size_t at = bytes.empty() ? 0 : random() % bytes.size();
    auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    auto count = static_cast<std::ptrdiff_t>(std::min<std::size_t>(1 + random() % 8, bytes.size() - at));
    switch (random() % 6) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1u << (random() % 8));
        break;
      case 2: bytes.erase(here, here + count); break;
      case 3: {
        Bytes copy(here, here + count);
        bytes.insert(here, copy.begin(), copy.end());
        break;
      }
      case 4: bytes.insert(here, static_cast<std::uint8_t>(random())); break;
      default: bytes.resize(at); break;
    }
  }
  return bytes;
}

void run(Target target, const std::vector<Bytes>& corpus) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  target({});
  for (const Bytes& sample : corpus) ASSERT_NO_THROW(target(sample));
  for (int round = 0; round < rounds(); ++round) {
    Bytes damaged = mutated(corpus[random() % corpus.size()], random);
    ASSERT_NO_THROW(target(damaged)) << to_hex(ByteView(damaged).first(std::min<std::size_t>(damaged.size(), 2000)));
  }
}

Bytes page_stream() {
  Bytes body;
  wire::PullHeader header{"lineage:8", 3, true, false, {}, {}, wire::RemoteProtocol::kPages};
  Bytes message = wire::encode_pull_header(header);
  body.push_back(static_cast<std::uint8_t>(message.size()));
  append(body, message);
  for (std::uint8_t id = 0; id < 3; ++id) wire::append_page_message(body, id, Bytes(limits::kSyncPageSize, id));
  return body;
}

TEST(Mutations, PullRequest) {
  wire::PullRequest all{wire::PageEncoding::kZstd,        "s", "c", 30'000, {1, 2, 3}, "SELECT 1",
                        wire::StreamKind::kMvccLogicalLog};
  run(fuzz_pull_request, {wire::encode_pull_request(all), {0x1a, 0x01, 0x38}});
}

TEST(Mutations, PullStream) {
  Bytes small = {0x05, 0x0a, 0x01, 0x30, 0x1a, 0x00};
  run(fuzz_pull_stream, {small, page_stream(), {0x07, 0x0a, 0x01, 0x38, 0x10, 0x08, 0x1a, 0x00, 0x00}});
}

TEST(Mutations, PageSelector) {
  std::vector<std::uint32_t> dense;
  for (std::uint32_t id = 0; id < 10'000; id += 2) dense.push_back(id);
  run(fuzz_page_selector, {wire::encode_page_range(0, 49), wire::encode_page_range(60'000, 400'000),
                           wire::encode_page_list({1, 3, 65536, 200'000}), wire::encode_page_list(dense)});
}

TEST(Mutations, PipelineRequest) {
  wire::Batch batch;
  batch.steps.push_back({std::nullopt, {"BEGIN IMMEDIATE", {}, {}, false}});
  batch.steps.push_back(
      {wire::Condition::all({wire::Condition::ok(0), wire::Condition::negate({})}),
       {"INSERT INTO t VALUES (?, ?, ?, ?, ?)", {{}, 7, 1.5, "a/\"\n", Bytes{0, 255}}, {{":a", -1}}, true}});
  wire::PipelineRequest request{
      "b", {batch, wire::SqlStatement{"q", {}, {}, true}, wire::CloseRequest{}, wire::OtherRequest{"sequence"}}};
  run(fuzz_pipeline_request, {to_bytes(wire::encode_pipeline_request(request))});
}

TEST(Mutations, PipelineResponse) {
  wire::BatchResult batch;
  batch.step_results = {wire::StatementResult{{{"a", "TEXT"}}, {{"x"}, {2.5}}, 1, 7}, std::nullopt};
  batch.step_errors = {std::nullopt, wire::SqlError{"no such table: t", "EXECUTE_ERROR"}};
  wire::PipelineResponse response{std::nullopt,
                                  {batch, wire::StatementResult{}, wire::CloseResult{}, wire::SqlError{"m", "C"}}};
  run(fuzz_pipeline_response, {to_bytes(wire::encode_pipeline_response(response))});
}

TEST(Mutations, RemoteUrl) {
  run(fuzz_remote_url, {to_bytes("libsql://db.example.com/db/name/"), to_bytes("http://u:p@[::1]:80?q#f")});
}

}  // namespace
}  // namespace turso
