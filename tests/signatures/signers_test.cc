// SPDX-License-Identifier: Apache-2.0
#include "signatures/signers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <span>

#include "signatures/batch.h"
#include "signatures/edge_feed.h"

namespace telefence {
namespace {

using Lines = std::vector<std::string>;

std::string text_of(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const std::string& file, const std::string& text) { std::ofstream(file) << text; }

SigningKey made(const TestFolder& folder, const std::string& name) {
  SigningKey key = make_signing_key(name, "2026-11-26T08:00:00.000Z by a@b");
  EXPECT_TRUE(write_key_files(folder / name, key).ok());
  return key;
}

Batch batch_of(const Lines& lines, std::initializer_list<const SigningKey*> keys, const std::vector<BatchSignature>& approvals = {},
               std::int64_t timestamp_ms = 1'000'000) {
  const PackedBatch packed = pack_batch(1, timestamp_ms, "centre", "", lines).value();
  std::string signatures;
  for (const SigningKey* key : keys) signatures += to_line(sign_batch(*key, batch_hash(packed.header, packed.body)));
  for (const BatchSignature& approval : approvals) signatures += to_line(approval);
  const Result<Batch> read = read_batch("1-0", {packed.header, packed.body, signatures});
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
  return read.value();
}

std::string reason_of(const Signers& signers, const Batch& batch) {
  const auto refused = signers.refuse(batch);
  return refused ? std::string(refusal_name(refused->reason)) : "";
}

// The part of a secret's digits that a freed string would keep whole, never as it is in memory that is searched: masked.
struct MaskedDigits {
  static constexpr std::size_t kFrom = 24, kCount = 40;
  static constexpr unsigned char kMask = 0x55;
  std::array<unsigned char, kCount> bytes{};

  explicit MaskedDigits(const std::string& file) {
    static char text[4096];  // not in the heap
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t size = ::read(descriptor, text, sizeof text);
    close(descriptor);
    const std::string_view all(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    const std::size_t at = all.find("secret: ");
    EXPECT_NE(at, std::string_view::npos);
    for (std::size_t i = 0; i < kCount; ++i) bytes[i] = static_cast<unsigned char>(all[at + 8 + kFrom + i]) ^ kMask;
    std::fill(std::begin(text), std::end(text), '\0');
  }

  bool are_in_heap() const {
    std::ifstream maps("/proc/self/maps");
    std::string line;
    while (std::getline(maps, line)) {
      // Memory from malloc: the heap, and what stands in for it where that could not grow.
      const bool is_memory = line.ends_with("[heap]") || (line.find(" rw-p 00000000 00:00 0 ") != line.npos && line.find('[') == line.npos);
      if (!is_memory) continue;
      std::size_t used = 0;
      const auto begin = std::stoull(line, &used, 16), end = std::stoull(line.substr(used + 1), nullptr, 16);
      const std::span<const unsigned char> heap(reinterpret_cast<const unsigned char*>(begin), end - begin);
      const auto found = std::search(heap.begin(), heap.end(), bytes.begin(), bytes.end(),
                                     [](unsigned char seen, unsigned char masked) { return seen == (masked ^ kMask); });
      if (found != heap.end()) return true;
    }
    return false;
  }
};

TEST(KeyFile, NothingOfASecretStaysInMemoryThatWasGivenBack) {
  const TestFolder folder;
  {
    const SigningKey key = made(folder, "centre");
    EXPECT_TRUE(read_signing_key(folder / "centre.key").ok());
  }
  const MaskedDigits digits(folder / "centre.key");
  EXPECT_FALSE(digits.are_in_heap());
  const std::string kept = text_of(folder / "centre.key");
  EXPECT_TRUE(digits.are_in_heap()) << "the search finds nothing, so it proves nothing: " << kept.size();
}

TEST(KeyFile, APairIsReadBackAndNeverOverwritten) {
  const TestFolder folder;
  const SigningKey key = made(folder, "centre");
  struct stat status{};
  ASSERT_EQ(stat((folder / "centre.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const Result<SigningKey> secret = read_signing_key(folder / "centre.key");
  ASSERT_TRUE(secret.ok()) << secret.error().message;
  const Result<PublicKey> open = read_public_key(folder / "centre.pub");
  ASSERT_TRUE(open.ok()) << open.error().message;
  EXPECT_EQ(open.value().id, key.id());
  EXPECT_EQ(secret.value().id(), key.id());
  EXPECT_EQ(open.value().name, "centre");
  EXPECT_TRUE(ed25519_verify(open.value().key, secret.value().sign("x"), "x"));
  EXPECT_EQ(text_of(folder / "centre.pub").find("secret"), std::string::npos);

  const std::string before = text_of(folder / "centre.key");
  const Result<void> again = write_key_files(folder / "centre", make_signing_key("centre", ""));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kUsage);
  EXPECT_EQ(text_of(folder / "centre.key"), before);
  // Half a pair is as good as a whole one.
  std::filesystem::remove(folder / "centre.pub");
  EXPECT_FALSE(write_key_files(folder / "centre", make_signing_key("centre", "")).ok());
  EXPECT_EQ(text_of(folder / "centre.key"), before);
}

TEST(KeyFile, DamagedAndForeignFilesAreRefusedWithTheReason) {
  const TestFolder folder;
  made(folder, "centre");
  const std::string good = text_of(folder / "centre.pub");
  const auto mistake = [&](const std::string& text) {
    write(folder / "x.pub", text);
    const Result<PublicKey> key = read_public_key(folder / "x.pub");
    return key.ok() ? std::string() : key.error().message.substr((folder / "x.pub").size());
  };
  EXPECT_EQ(mistake(good), "");
  EXPECT_EQ(mistake("# with a comment\n" + good).find(": this is no key of telefence"), 0u);
  EXPECT_EQ(mistake(good + "# a comment\n"), "");
  EXPECT_EQ(mistake(text_of(folder / "centre.key")), ": this is a secret key; name the file that ends with .pub");
  std::string flipped = good;
  flipped[good.find("public: ") + 9] ^= 1;
  EXPECT_NE(mistake(flipped), "");
  EXPECT_EQ(mistake(good + "colour: red\n"), ": unknown word 'colour'");
  EXPECT_EQ(mistake(good + good.substr(good.find("public: "))), ": 'public' is there twice");
  EXPECT_FALSE(read_signing_key(folder / "centre.pub").ok());
  ASSERT_EQ(chmod((folder / "centre.key").c_str(), 0640), 0);
  const Result<SigningKey> seen_by_others = read_signing_key(folder / "centre.key");
  ASSERT_FALSE(seen_by_others.ok());
  EXPECT_EQ(seen_by_others.error().code, ErrorCode::kEnvironment);
}

class SignersTest : public testing::Test {
 protected:
  SignersTest() : city_(made(folder_, "city")), vendor_(made(folder_, "vendor")), stranger_(make_signing_key("stranger", "")) {
    trust_.signers = {{folder_ / "city.pub", {}, {}, {}, true}, {folder_ / "vendor.pub", {"vendor-a"}, {"domain"}, {"add"}, true}};
  }
  Signers signers() {
    Result<Signers> loaded = Signers::load(trust_);
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
    return std::move(loaded.value());
  }

  TestFolder folder_;
  SigningKey city_, vendor_, stranger_;
  TrustOptions trust_;
  const Lines line_{add_domain("bad.example")};
};

TEST_F(SignersTest, OnlyASignatureOfAKnownKeyOverTheseBytesIsTaken) {
  const Signers known = signers();
  EXPECT_EQ(reason_of(known, batch_of(line_, {&city_})), "");
  EXPECT_EQ(reason_of(known, batch_of(line_, {})), "unsigned");
  EXPECT_EQ(reason_of(known, batch_of(line_, {&stranger_})), "unknown_signer");
  EXPECT_EQ(reason_of(known, batch_of(line_, {&stranger_, &city_})), "");
  Batch changed = batch_of(line_, {&city_});
  changed.signatures[0].value[5] ^= 1;
  EXPECT_EQ(reason_of(known, changed), "wrong_signature");
  // A forged line beside a good one spoils it: somebody tampers.
  Batch both = batch_of(line_, {&city_, &vendor_});
  both.signatures[1].value[0] ^= 1;
  EXPECT_EQ(reason_of(known, both), "wrong_signature");
  // The signature of another batch.
  Batch moved = batch_of(line_, {&city_});
  moved.signatures = batch_of({add_domain("good.example")}, {&city_}).signatures;
  EXPECT_EQ(reason_of(known, moved), "wrong_signature");
}

TEST_F(SignersTest, ASignerChangesOnlyWhatIsHis) {
  const Signers known = signers();
  const std::string his = R"(,"source":"vendor-a")";
  EXPECT_EQ(reason_of(known, batch_of({add_domain("bad.example", his)}, {&vendor_})), "");
  EXPECT_EQ(reason_of(known, batch_of({add_domain("bad.example", R"(,"source":"city")")}, {&vendor_})), "not_allowed");
  EXPECT_EQ(reason_of(known, batch_of(line_, {&vendor_})), "not_allowed");  // of the publisher, who is not vendor-a
  EXPECT_EQ(reason_of(known, batch_of({R"({"op":"add","kind":"number","value":"13800138000","source":"vendor-a"})"}, {&vendor_})), "not_allowed");
  EXPECT_EQ(reason_of(known, batch_of({R"({"op":"add","kind":"ip","value":"192.0.2.1","source":"vendor-a"})"}, {&vendor_})), "not_allowed");
  EXPECT_EQ(reason_of(known, batch_of({R"({"op":"allow","kind":"domain","value":"x.example","source":"vendor-a"})"}, {&vendor_})), "not_allowed");
  EXPECT_EQ(reason_of(known, batch_of({R"({"op":"remove","kind":"domain","value":"x.example","source":"vendor-a"})"}, {&vendor_})), "not_allowed");
  const Signers removing = [&] {
    trust_.signers[1].operations = {"remove"};
    return signers();
  }();
  EXPECT_EQ(reason_of(removing, batch_of({R"({"op":"remove","kind":"domain","value":"x.example","source":"vendor-a"})"}, {&vendor_})), "");
  EXPECT_EQ(reason_of(removing, batch_of({R"({"op":"remove","kind":"domain","value":"x.example"})"}, {&vendor_})), "not_allowed") << "of all sources";
  EXPECT_EQ(reason_of(removing, batch_of({R"({"op":"remove","kind":"domain","value":"x.example"})"}, {&city_})), "");
  // One change of a thousand that is not his, and the batch is refused whole.
  Lines many;
  for (int i = 0; i < 999; ++i) many.push_back(add_domain("n" + std::to_string(i) + ".example", his));
  many.push_back(line_[0]);
  EXPECT_EQ(reason_of(known, batch_of(many, {&vendor_})), "not_allowed");
  EXPECT_EQ(reason_of(known, batch_of(many, {&vendor_, &city_})), "");
}

TEST_F(SignersTest, AWideEntryNeedsTwoWhoMayBeWide) {
  const Signers known = signers();
  const std::string his = R"(,"source":"vendor-a")";
  for (const std::string value : {"com", "*.com", ".com.", "中国"}) {
    const Lines lines{add_domain(value, his)};
    EXPECT_EQ(reason_of(known, batch_of(lines, {&city_})), "needs_second") << value;
    EXPECT_EQ(reason_of(known, batch_of(lines, {&city_, &city_})), "needs_second") << value;
    EXPECT_EQ(reason_of(known, batch_of(lines, {&city_, &stranger_})), "needs_second") << value;
    EXPECT_EQ(reason_of(known, batch_of(lines, {&city_, &vendor_})), "") << value;
  }
  const auto number = [](const std::string& value, const std::string& more = "") {
    return Lines{R"({"op":"add","kind":"number","value":")" + value + "\"" + more + "}"};
  };
  EXPECT_EQ(reason_of(known, batch_of(number("+86170*"), {&city_})), "needs_second");
  EXPECT_EQ(reason_of(known, batch_of(number("170*"), {&city_})), "needs_second");
  EXPECT_EQ(reason_of(known, batch_of(number("0086 170", R"(,"match":"prefix")"), {&city_})), "needs_second");
  // Too short to be numbers: prefixes all the same.
  for (const char* value : {"+8617", "+861", "17", "13", "+1"})
    EXPECT_EQ(reason_of(known, batch_of(number(value, R"(,"match":"prefix")"), {&city_})), "needs_second") << value;
  EXPECT_EQ(reason_of(known, batch_of(number("+8617012*"), {&city_})), "");
  EXPECT_EQ(reason_of(known, batch_of(number("95588"), {&city_})), "");  // one number, not a prefix
  // The vendor signs, too, but numbers are not his.
  EXPECT_EQ(reason_of(known, batch_of(number("+86170*"), {&city_, &vendor_})), "needs_second");
  EXPECT_EQ(reason_of(known, batch_of({R"({"op":"remove","kind":"number","value":"+86170*"})"}, {&city_})), "");
  trust_.wide.number_digits = 5;
  EXPECT_EQ(reason_of(signers(), batch_of(number("+86170*"), {&city_})), "");
  trust_.signers[0].may_be_wide = false;
  EXPECT_EQ(reason_of(signers(), batch_of({add_domain("com", his)}, {&city_, &vendor_})), "needs_second");
}

TEST_F(SignersTest, APatternThatHitsManyEverydayMessagesNeedsTwo) {
  trust_.signers[1].sources = trust_.signers[1].kinds = {};
  const Signers known = signers();
  const auto pattern = [](const std::string& more, const char* op = "add", const char* kind = "pattern") {
    return Lines{R"({"op":")" + std::string(op) + R"(","kind":")" + kind + "\"," + more + "}"};
  };
  // Each in 2 to 4 of a hundred everyday messages.
  const std::string wide[] = {R"("all":["验证码"],"none":["支付宝","银行","您","的","登录","注册","分钟"])", R"("value":"验证码")", R"("value":"验证.","match":"regex")", R"("all":["验证码"])"};
  for (const std::string& more : wide) {
    EXPECT_EQ(reason_of(known, batch_of(pattern(more), {&city_})), "needs_second") << more;
    EXPECT_EQ(reason_of(known, batch_of(pattern(more), {&city_, &vendor_})), "") << more;
    EXPECT_EQ(reason_of(known, batch_of({pattern(R"("value":"安全账户转账")")[0], pattern(more)[0]}, {&city_})), "needs_second") << "among others " << more;
    EXPECT_EQ(reason_of(known, batch_of(pattern(more, "allow"), {&city_})), "") << more;
    EXPECT_EQ(reason_of(known, batch_of(pattern(more, "remove"), {&city_})), "") << more;
  }
  for (const char* more : {R"("value":"安全账户转账")", R"("value":"安全账户.{0,20}转账","match":"regex")", R"("value":"(","match":"regex")"})
    EXPECT_EQ(reason_of(known, batch_of(pattern(more), {&city_})), "") << more;
  EXPECT_EQ(reason_of(known, batch_of(pattern(R"("value":"[.]com/.*[?]","match":"regex")", "add", "url"), {&city_})), "needs_second");
  EXPECT_EQ(reason_of(known, batch_of(pattern(R"("value":"pay-back.example/claim","match":"regex")", "add", "url"), {&city_})), "");
  trust_.wide.pattern_percent = 5;
  EXPECT_EQ(reason_of(signers(), batch_of(pattern(wide[0]), {&city_})), "");
  trust_.wide.pattern_percent = 1;
  trust_.signers[1].may_be_wide = false;
  EXPECT_EQ(reason_of(signers(), batch_of(pattern(wide[0]), {&city_, &vendor_})), "needs_second");
}

TEST_F(SignersTest, AnApprovalCountsForTheseLinesInItsTimeOnly) {
  const Signers known = signers();
  const Lines wide{add_domain("com", R"(,"source":"vendor-a")")};
  const auto approval = [&](const Lines& lines, std::int64_t until_s) { return approve_body(vendor_, plain_body(lines), until_s); };
  EXPECT_EQ(reason_of(known, batch_of(wide, {&city_}, {approval(wide, 2000)})), "");
  EXPECT_EQ(reason_of(known, batch_of(wide, {&city_}, {approval(wide, 1000)})), "");               // the very second
  EXPECT_EQ(reason_of(known, batch_of(wide, {&city_}, {approval(wide, 999)})), "needs_second");    // over
  EXPECT_EQ(reason_of(known, batch_of(wide, {&city_}, {approval(line_, 2000)})), "wrong_signature");
  EXPECT_EQ(reason_of(known, batch_of(wide, {}, {approval(wide, 2000)})), "unsigned");              // nobody signed the whole
  // A signature over the whole can't be passed off as an approval, nor the other way round.
  BatchSignature disguised = approval(wide, 2000);
  disguised.until_s = 0;
  EXPECT_EQ(reason_of(known, batch_of(wide, {&city_}, {disguised})), "wrong_signature");
}

TEST_F(SignersTest, AcceptingUnsignedBatchesStillRefusesForgedOnes) {
  trust_.accept_unsigned = true;
  const Signers known = signers();
  EXPECT_EQ(reason_of(known, batch_of(line_, {})), "");
  EXPECT_EQ(reason_of(known, batch_of(line_, {&stranger_})), "");
  Batch changed = batch_of(line_, {&city_});
  changed.signatures[0].value[5] ^= 1;
  EXPECT_EQ(reason_of(known, changed), "wrong_signature");
  EXPECT_EQ(reason_of(known, batch_of(line_, {&vendor_})), "not_allowed");
}

TEST_F(SignersTest, AKeyNamedTwiceIsAMistake) {
  trust_.signers.push_back(trust_.signers[0]);
  EXPECT_FALSE(Signers::load(trust_).ok());
  trust_.signers = {{folder_ / "nobody.pub", {}, {}, {}, false}};
  EXPECT_FALSE(Signers::load(trust_).ok());
}

TEST(BatchSignature, OnlyItsFormIsRead) {
  const SigningKey key = make_signing_key("k", "");
  const std::string line = to_line(sign_batch(key, "abc"));
  const std::string approval = to_line(approve_body(key, "abc\n", 7));
  ASSERT_TRUE(parse_signatures("").ok());
  ASSERT_EQ(parse_signatures(line + approval).value().size(), 2u);
  EXPECT_EQ(parse_signatures(approval).value()[0].until_s, 7);
  EXPECT_TRUE(parse_signatures(line.substr(0, line.size() - 1)).ok());  // the last LF may be missing
  for (const std::string& wrong :
       {std::string("x"), std::string("\n"), line + "\n", line.substr(1), "g" + line.substr(1), line.substr(0, 100),
        line.substr(0, line.size() - 1) + " ", line.substr(0, line.size() - 1) + " 0", line.substr(0, line.size() - 1) + " -5",
        line.substr(0, line.size() - 1) + " 5x", line + line + line + line + line})
    EXPECT_FALSE(parse_signatures(wrong).ok()) << wrong;
}

TEST(BatchSignature, HasRoomInTheLargestBatch) {
  const SigningKey key = make_signing_key("k", "");
  std::string lines;
  for (std::size_t i = 0; i < kMaxSignatures; ++i) lines += to_line(approve_body(key, "abc\n", 9'999'999'999));
  EXPECT_LE(lines.size(), kSignatureRoom);
}

}  // namespace
}  // namespace telefence
