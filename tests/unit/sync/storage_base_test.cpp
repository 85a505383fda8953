// storage_base_test.cpp -- P-base and its stamp: made, redone from any state, and every damage of it noticed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "support/storage_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::test {
namespace {

using sync::BaseFile;

constexpr std::uint32_t kPageSize = 1024;

// A replica two revisions old, with something of its own in the log.
struct Scene {
  TempDir dir;
  Random random{42};
  Remote remote{dir.path("remote.db"), kPageSize};
  Replica replica{dir.path("p.db"), kPageSize};

  Scene() {
    EXPECT_TRUE(remote
                    .exec("CREATE TABLE t0(id INTEGER PRIMARY KEY, a TEXT, b BLOB, c);"
                          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400)"
                          "INSERT INTO t0 SELECT i, 'row ' || i, zeroblob(40), i FROM n")
                    .has_value());
    remote.publish_revision();
    EXPECT_TRUE(replica.bootstrap(remote, random).has_value());
    replica.connect();
    replica.local("INSERT INTO t0(a) VALUES('mine')");
    EXPECT_TRUE(remote.exec("UPDATE t0 SET c = c + 1 WHERE id < 30; INSERT INTO t0(a) VALUES('theirs')").has_value());
    remote.publish_revision();
    Status pulled = replica.pull(remote, random);
    EXPECT_TRUE(pulled.has_value()) << pulled.error().message;
  }

  std::string revision() const { return *sync::read_live_identity(replica.files)->revision; }
  std::string check() { return replica.check(remote, dir.path("scratch.db")); }
  std::string content() { return replica.check_content(remote, dir.path("scratch.db")); }
  Bytes bytes(const std::string& path) { return read_file(path, 1 << 24).value(); }
  void put(const std::string& path, const Bytes& content) {
    File file = File::open(path, File::Mode::kTruncateReadWrite).value();
    ASSERT_TRUE(file.write_at(0, content).has_value());
  }
  std::string refusal() {
    auto base = BaseFile::open(replica.files, kPageSize, revision());
    if (base.has_value()) return "ok";
    EXPECT_EQ(base.error().kind, ErrorKind::kCorrupt);
    EXPECT_EQ(base.error().condition, "base_lost");
    return base.error().message;
  }
};

TEST(BaseFile, IsTheRemoteByteForByteWithNothingAppended) {
  Scene scene;
  ASSERT_EQ(scene.check(), "");
  Bytes expected;
  for (const Bytes& page : scene.remote.image(scene.revision())) append(expected, page);
  EXPECT_EQ(scene.bytes(scene.replica.files.base), expected);
}

TEST(BaseFile, HasTheFormatOfItsComment) {
  Scene scene;
  Bytes info = scene.bytes(scene.replica.files.base_info);
  const Image& image = scene.remote.image(scene.revision());
  ASSERT_EQ(info.size(), 4096 + 8 * image.size());
  EXPECT_EQ(as_text(ByteView(info).first(8)), "TSYBAS01");
  EXPECT_EQ(load_u32_le(&info[8]), kPageSize);
  EXPECT_EQ(load_u32_le(&info[12]), image.size());
  EXPECT_EQ(load_u64_le(&info[16]), *sync::read_live_identity(scene.replica.files)->changes_ident);
  EXPECT_EQ(load_u16_le(&info[24]), scene.revision().size());
  EXPECT_EQ(as_text(ByteView(info).subspan(26, scene.revision().size())), scene.revision());
  EXPECT_EQ(load_u64_le(&info[4088]), xxh64(ByteView(info).first(4088)));
  for (std::size_t i = 0; i < image.size(); ++i) EXPECT_EQ(load_u64_le(&info[4096 + 8 * i]), xxh64(image[i], i + 1));
}

TEST(BaseFile, IsLostWhenItIsOfAnotherRevision) {
  Scene scene;
  auto base = BaseFile::open(scene.replica.files, kPageSize, "lineage:99");
  ASSERT_FALSE(base.has_value());
  EXPECT_EQ(base.error().condition, "base_lost");
  EXPECT_NE(base.error().message.find("revision lineage:2, the database is at lineage:99"), std::string::npos);
}

TEST(BaseFile, IsLostWhenAnythingOfItsShapeIsWrong) {
  Scene scene;
  const std::string base = scene.replica.files.base;
  const std::string info = scene.replica.files.base_info;
  const Bytes base_bytes = scene.bytes(base);
  const Bytes info_bytes = scene.bytes(info);
  auto restore = [&] { scene.put(base, base_bytes), scene.put(info, info_bytes); };
  EXPECT_EQ(scene.refusal(), "ok");

  std::filesystem::remove(base);
  EXPECT_NE(scene.refusal(), "ok");
  restore();
  std::filesystem::remove(info);
  EXPECT_NE(scene.refusal(), "ok");
  restore();
  std::filesystem::resize_file(base, base_bytes.size() - 1);
  EXPECT_NE(scene.refusal(), "ok");
  std::filesystem::resize_file(base, base_bytes.size() + kPageSize);
  EXPECT_NE(scene.refusal(), "ok") << "nothing may be appended";
  restore();
  for (std::uintmax_t size : {0u, 100u, 4095u, 4096u, 4100u}) {
    std::filesystem::resize_file(info, size);
    EXPECT_NE(scene.refusal(), "ok") << size;
    restore();
  }
  for (std::size_t at = 0; at < 4096; at += 37) {
    Bytes flipped = info_bytes;
    flipped[at] ^= 0x10;
    scene.put(info, flipped);
    EXPECT_NE(scene.refusal(), "ok") << at;
  }
  restore();
  EXPECT_EQ(scene.refusal(), "ok");
}

TEST(BaseFile, AFlippedBitIsFoundWhenThePageIsRead) {
  Scene scene;
  Bytes bytes = scene.bytes(scene.replica.files.base);
  bytes[3 * kPageSize + 77] ^= 4;
  scene.put(scene.replica.files.base, bytes);
  BaseFile base = BaseFile::open(scene.replica.files, kPageSize, scene.revision()).value();
  Bytes page(kPageSize);
  EXPECT_TRUE(base.read_page(3, page).has_value());
  auto read = base.read_page(4, page);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().condition, "base_lost");
  EXPECT_FALSE(base.verify().has_value());
}

// R35: a damaged base never reaches P; a complete download heals it and local changes survive.
TEST(BaseFile, DamageIsRefusedOrHealedAndNeverPublished) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Scene scene;
    Random random(seed);
    scene.replica.local("INSERT INTO t0(a) VALUES('pending')");
    scene.replica.local("UPDATE t0 SET a = a || '!' WHERE id % 40 = 3");
    ASSERT_TRUE(scene.remote.exec("UPDATE t0 SET c = c * 2 WHERE id % 50 = 1").has_value());
    scene.remote.publish_revision();
    const std::string path = below(random, 4) == 0 ? scene.replica.files.base_info : scene.replica.files.base;
    Bytes bytes = scene.bytes(path);
    switch (below(random, 3)) {
      case 0: bytes.resize(below(random, bytes.size())); break;
      case 1:
        for (int i = 0; i < 200; ++i) bytes[below(random, bytes.size())] ^= 1;
        break;
      default: std::filesystem::remove(path); bytes.clear();
    }
    if (!bytes.empty()) scene.put(path, bytes);
    std::string before = dump(scene.replica.app);

    Status pulled = scene.replica.pull(scene.remote, scene.random);
    if (!pulled.has_value()) {
      EXPECT_EQ(pulled.error().condition, "base_lost") << pulled.error().message;
      EXPECT_EQ(dump(scene.replica.app), before);
      ASSERT_EQ(scene.content(), "") << "P untouched";
      ASSERT_TRUE(scene.replica.download(scene.remote, scene.random, true).has_value());
      auto healed = scene.replica.apply(scene.remote);
      ASSERT_TRUE(healed.has_value()) << healed.error().message;
      ASSERT_EQ(healed->published.outcome, sync::Published::Outcome::kCommitted);
      ASSERT_EQ(scene.check(), "") << "healed";
    } else {
      ASSERT_EQ(scene.content(), "") << "the damage was in pages that nobody needed";
    }
    EXPECT_EQ(scene.replica.app.query_int("SELECT count(*) FROM t0 WHERE a LIKE 'pending%'").value(), 1);
  }
}

// R30: a redo that stopped anywhere, torn pages included, is finished by doing it again.
TEST(Redo, MayBeRepeatedFromAnyState) {
  Scene scene;
  // Grows, then shrinks, so that both files change their size both ways.
  for (const char* change :
       {"INSERT INTO t0(a, b) SELECT a, zeroblob(3000) FROM t0 LIMIT 60", "DELETE FROM t0 WHERE id > 200; VACUUM"}) {
    ASSERT_TRUE(scene.remote.exec(change).has_value());
    scene.remote.publish_revision();
    const Bytes old_base = scene.bytes(scene.replica.files.base);
    const Bytes old_info = scene.bytes(scene.replica.files.base_info);
    ASSERT_TRUE(scene.replica.download(scene.remote, scene.random).has_value());
    const Bytes download = scene.bytes(scene.replica.files.changes);
    ASSERT_TRUE(scene.replica.apply(scene.remote).value().redo_done);
    ASSERT_EQ(scene.check(), "");
    const Bytes new_base = scene.bytes(scene.replica.files.base);
    const Bytes new_info = scene.bytes(scene.replica.files.base_info);
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(concat("seed ", seed));
      Random random(seed);
      // Any mixture of old and new sectors at any length in between, and a torn header in every second case.
      auto mixture = [&](const Bytes& before, const Bytes& after, bool keep_header) {
        Bytes mixed = before;
        mixed.resize(std::max(before.size(), after.size()));
        for (std::size_t at = keep_header ? 4096 : 0; at < after.size(); at += 512)
          if (below(random, 2) == 0)
            std::copy(after.begin() + static_cast<std::ptrdiff_t>(at),
                      after.begin() + static_cast<std::ptrdiff_t>(std::min(at + 512, after.size())),
                      mixed.begin() + static_cast<std::ptrdiff_t>(at));
        return mixed;
      };
      scene.put(scene.replica.files.base, mixture(old_base, new_base, false));
      scene.put(scene.replica.files.base_info, mixture(old_info, new_info, below(random, 2) == 0));
      scene.put(scene.replica.files.changes, download);
      auto recovered = sync::recover_replica(scene.replica.files, kPageSize);
      ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
      ASSERT_TRUE(recovered->redo_done);
      ASSERT_EQ(scene.bytes(scene.replica.files.base), new_base);
      ASSERT_EQ(scene.bytes(scene.replica.files.base_info), new_info);
    }
  }
}

// A download whose page went bad between publish and redo: the base cannot be finished, P is what it should be.
TEST(Redo, WithADamagedDownloadLosesTheBaseOnly) {
  Scene scene;
  ASSERT_TRUE(scene.remote.exec("UPDATE t0 SET a = 'later' WHERE id < 300").has_value());
  scene.remote.publish_revision();
  const Bytes old_base = scene.bytes(scene.replica.files.base);
  const Bytes old_info = scene.bytes(scene.replica.files.base_info);
  ASSERT_TRUE(scene.replica.download(scene.remote, scene.random).has_value());
  Bytes download = scene.bytes(scene.replica.files.changes);
  ASSERT_TRUE(scene.replica.apply(scene.remote).has_value());
  download[4096 + 5 * kPageSize] ^= 1;
  scene.put(scene.replica.files.base, old_base);
  scene.put(scene.replica.files.base_info, old_info);
  scene.put(scene.replica.files.changes, download);
  auto recovered = sync::recover_replica(scene.replica.files, kPageSize);
  ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
  EXPECT_TRUE(recovered->base_lost);
  EXPECT_FALSE(file_exists(scene.replica.files.changes));
  EXPECT_NE(scene.refusal(), "ok");
  EXPECT_EQ(scene.content(), "");
}

}  // namespace
}  // namespace turso::test
