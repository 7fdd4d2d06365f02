// SPDX-License-Identifier: Apache-2.0
#include "signatures/batch.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>

namespace telefence {
namespace {

const std::vector<std::string> kLines = {R"({"op":"add","kind":"domain","value":"a.example"})",
                                         R"({"op":"remove","kind":"number","value":"+8613800000000"})"};

std::string refusal(std::string_view id, std::string_view header, std::string_view body) {
  const Result<Batch> batch = read_batch(id, {header, body, ""});
  return batch.ok() ? "" : batch.error().message;
}

std::string zstd(const std::string& plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

TEST(Batch, PackedBatchIsReadBack) {
  const Result<PackedBatch> packed = pack_batch(7, 1795300200123, "centre", std::string(64, 'a'), kLines);
  ASSERT_TRUE(packed.ok());
  EXPECT_TRUE(packed.value().body.starts_with("\x28\xB5\x2F\xFD"));
  const Result<Batch> batch = read_batch("7-0", {packed.value().header, packed.value().body, std::string(16, '1') + " " + std::string(128, '2') + "\n"});
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  EXPECT_EQ(batch.value().sequence, 7u);
  EXPECT_EQ(batch.value().timestamp_ms, 1795300200123);
  EXPECT_EQ(batch.value().publisher, "centre");
  EXPECT_EQ(batch.value().previous, std::string(64, 'a'));
  EXPECT_EQ(batch.value().hash, batch_hash(packed.value().header, packed.value().body));
  ASSERT_EQ(batch.value().signatures.size(), 1u);
  EXPECT_EQ(batch.value().signatures[0].key_id, std::string(16, '1'));
  EXPECT_EQ(batch.value().plain, plain_body(kLines));
  ASSERT_EQ(batch.value().changes.size(), 2u);
  EXPECT_EQ(batch.value().changes[0].signature.where, "log:7:1");
  EXPECT_EQ(batch.value().changes[0].signature.source, "centre");
}

// A body with this window. A text that is told to be long: zstd makes the window no larger than what comes.
std::string zstd_with_window(int log, const std::string& plain) {
  const std::unique_ptr<ZSTD_CCtx, void (*)(ZSTD_CCtx*)> packer(ZSTD_createCCtx(), [](ZSTD_CCtx* one) { ZSTD_freeCCtx(one); });
  ZSTD_CCtx_setParameter(packer.get(), ZSTD_c_windowLog, log);
  ZSTD_CCtx_setParameter(packer.get(), ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  ZSTD_inBuffer input{plain.data(), plain.size(), 0};
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  // Two steps: in one zstd sees how short it is.
  ZSTD_compressStream2(packer.get(), &output, &input, ZSTD_e_flush);
  EXPECT_EQ(ZSTD_compressStream2(packer.get(), &output, &input, ZSTD_e_end), 0u);
  out.resize(output.pos);
  return out;
}

TEST(Batch, ABodyThatAsksForMoreMemoryThanTheLargestTakesIsRefusedAndTheNextOneIsTaken) {
  for (const int log : {23, 24, 27, 23}) {
    const Result<std::string> body = unpack_body(zstd_with_window(log, "some text\n"));
    if (log <= 23)
      EXPECT_EQ(body.ok() ? body.value() : body.error().message, "some text\n");
    else
      EXPECT_TRUE(!body.ok() && body.error().message.starts_with("the body asks for more than 8 MiB of memory to unpack")) << log;
  }
}

TEST(Batch, ABodyThatFillsItsLastPieceIsWhole) {
  for (const std::size_t size : {std::size_t{128} << 10, (std::size_t{128} << 10) - 1, std::size_t{4} << 20}) {
    const Result<std::string> body = unpack_body(zstd(std::string(size, 'x')));
    EXPECT_EQ(body.ok() ? std::to_string(body.value().size()) : body.error().message, std::to_string(size));
  }
}

TEST(Batch, PlainLinesAndIsoTimeAreTaken) {
  const Result<Batch> batch =
      read_batch("1-0", {R"({"seq":1,"ts":"1970-01-01T00:00:01Z","n":2})", kLines[0] + "\r\n\n" + kLines[1], ""});
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  EXPECT_EQ(batch.value().timestamp_ms, 1000);
  EXPECT_EQ(batch.value().changes.size(), 2u);
  EXPECT_TRUE(batch.value().signatures.empty());
}

TEST(Batch, ABadLineIsAComplaintAndTheRestApplies) {
  const Result<Batch> batch =
      read_batch("3-0", {R"({"seq":3,"n":3})", kLines[0] + "\nnonsense\n" + kLines[1] + "\n", ""});
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch.value().changes.size(), 2u);
  ASSERT_EQ(batch.value().complaints.size(), 1u);
  EXPECT_EQ(batch.value().complaints[0].where, "log:3:2");
  EXPECT_EQ(batch.value().complaints[0].value, "nonsense");
}

TEST(Batch, AWrongFrameRefusesTheWholeBatch) {
  EXPECT_NE(refusal("1795300200123-5", R"({"seq":1,"n":1})", kLines[0]), "");
  EXPECT_NE(refusal("0-0", R"({"seq":0,"n":1})", kLines[0]), "");
  EXPECT_EQ(refusal("2-0", R"({"seq":1,"n":1})", kLines[0]), "header: 'seq' is 1, the entry's id says 2");
  EXPECT_EQ(refusal("1-0", R"({"seq":1,"n":2})", kLines[0]), "the header tells 2 changes, the body has 1");
  EXPECT_EQ(refusal("1-0", "", kLines[0]), "the header is not a JSON object");
  EXPECT_NE(refusal("1-0", R"({"seq":"1","n":1})", kLines[0]), "");
  EXPECT_NE(refusal("1-0", R"({"seq":1})", kLines[0]), "");
  EXPECT_NE(refusal("1-0", R"({"seq":1,"n":1,"ts":"yesterday"})", kLines[0]), "");
  for (const char* ts : {"-1", "7258118400001", "9223372036854775807"})
    EXPECT_NE(refusal("1-0", R"({"seq":1,"n":1,"ts":)" + std::string(ts) + "}", kLines[0]).find("between 1970 and 2200"), std::string::npos) << ts;
  EXPECT_NE(refusal("1-0", R"({"seq":1,"n":1,"publisher":5})", kLines[0]), "");
  EXPECT_EQ(refusal("1-0", R"({"seq":1,"n":1})", std::string(70'000, 'x')), "the batch is larger than 64 KiB");
}

TEST(Batch, MoreThanAThousandLinesAreRefused) {
  std::string body;
  for (int i = 0; i < 1001; ++i) body += kLines[0] + "\n";
  EXPECT_EQ(refusal("1-0", R"({"seq":1,"n":1001})", zstd(body)), "more than 1000 changes in one batch");
}

TEST(Batch, ABodyThatUnpacksToTooMuchIsRefused) {
  const std::string bomb = zstd(std::string(100u << 20, ' '));
  ASSERT_LT(bomb.size(), kMaxBatchBytes);
  EXPECT_EQ(refusal("1-0", R"({"seq":1,"n":1})", bomb), "the body is larger than 4 MiB unpacked");
}

TEST(Batch, EveryCutAndEveryChangedByteOfAPackedBodyIsSurvived) {
  const PackedBatch packed = pack_batch(1, 1, "p", "", kLines).value();
  for (std::size_t cut = 0; cut < packed.body.size(); ++cut)
    EXPECT_NE(refusal("1-0", packed.header, packed.body.substr(0, cut)), "") << cut;
  for (std::size_t i = 0; i < packed.body.size(); ++i) {
    std::string changed = packed.body;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    (void)refusal("1-0", packed.header, changed);
  }
  for (std::size_t cut = 0; cut < packed.header.size(); ++cut)
    EXPECT_NE(refusal("1-0", packed.header.substr(0, cut), packed.body), "") << cut;
}

TEST(Batch, TooLargeABatchIsNotPacked) {
  std::vector<std::string> lines;
  unsigned random = 1;
  for (int i = 0; i < 1000; ++i) {
    std::string noise;
    for (int j = 0; j < 300; ++j)
      noise += static_cast<char>('!' + (random = random * 1664525u + 1013904223u) / 65536 % 90);
    lines.push_back(noise);
  }
  EXPECT_FALSE(pack_batch(1, 1, "p", "", lines).ok());
}

}  // namespace
}  // namespace telefence
