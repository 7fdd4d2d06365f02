// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "protocols/protocol.h"
#include "support/every_cut.h"

namespace telefence::http {
extern const Protocol kProtocol;
namespace {

// A segment with the requests found in it; events point into both.
class Extracted {
 public:
  explicit Extracted(std::string_view segment, Transport transport = Transport::kTcp)
      : bytes_(testing::bytes_of(segment)), payload_{bytes_, transport, 40000, 80} {
    events_.begin_frame(0, 0);
    step_ = kProtocol.extract(payload_, events_);
  }

  Progress progress() const { return step_.progress; }
  const Step& step() const { return step_; }
  std::size_t count() const { return events_.events().size(); }
  const Event& event(std::size_t index) const { return events_.events()[index]; }
  const UrlVisit& visit(std::size_t index = 0) const { return std::get<UrlVisit>(event(index).what); }
  std::string host(std::size_t index = 0) const { return std::string(visit(index).host); }
  std::string path(std::size_t index = 0) const { return std::string(visit(index).path); }

 private:
  std::vector<std::uint8_t> bytes_;
  Payload payload_;
  EventList events_;
  Step step_;
};

bool is_recognised(std::string_view segment, Transport transport = Transport::kTcp) {
  const auto bytes = testing::bytes_of(segment);
  return kProtocol.recognise({bytes, transport, 40000, 12345});
}

TEST(Http, RequestIsToldWithHostTargetAndMethod) {
  const Extracted found("GET /a/b?c=d HTTP/1.1\r\nUser-Agent: x\r\nHost: Shop.Example:8080\r\n\r\n");
  ASSERT_EQ(found.progress(), Progress::kDone);
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.visit().via, UrlVisit::Via::kHttp);
  EXPECT_EQ(found.host(), "Shop.Example");
  EXPECT_EQ(found.visit().uri, "/a/b?c=d");
  EXPECT_EQ(found.path(), "/a/b?c=d");
  EXPECT_EQ(found.visit().method, "GET");
}

TEST(Http, TailOfTheHeaderMayBeMissing) {
  const Extracted found("GET / HTTP/1.1\r\nHost: shop.example\r\nCookie: abc");
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.progress(), Progress::kDone);
  EXPECT_EQ(found.host(), "shop.example");
}

TEST(Http, HostLineCutNeedsMore) {
  for (std::string_view cut : {"GET / HTTP/1.1\r\nHost: shop.exam", "GET / HTTP/1.1\r\nHo", "GET / HTTP/1.1\r\n",
                               "GET / HTTP/1.1\r\nHost:\r\n", "GET /very/long", "POST http://a.example/long"}) {
    const Extracted found(cut);
    EXPECT_EQ(found.progress(), Progress::kNeedMore) << cut;
    EXPECT_EQ(found.count(), 0u) << cut;
    EXPECT_EQ(found.step().consumed, 0u) << cut;
  }
}

TEST(Http, WholeHeaderWithoutHostHasAnEmptyOne) {
  const Extracted found("GET / HTTP/1.0\r\nAccept: */*\r\n\r\n");
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.host(), "");
}

TEST(Http, AuthorityOfAnAbsoluteTargetWinsOverHost) {
  const Extracted found("GET http://user@evil.example:81/p?q HTTP/1.1\r\nHost: good.example\r\n\r\n");
  ASSERT_EQ(found.count(), 2u) << "what Host says is told as well";
  EXPECT_EQ(found.host(), "evil.example");
  EXPECT_EQ(found.visit().uri, "http://user@evil.example:81/p?q");
  EXPECT_EQ(found.path(), "/p?q");
}

TEST(Http, AbsoluteTargetWithoutPathAsksForTheRoot) {
  EXPECT_EQ(Extracted("GET http://a.example HTTP/1.1\r\n\r\n").path(), "/");
  EXPECT_EQ(Extracted("GET HTTPS://a.example?x=1 HTTP/1.1\r\n\r\n").path(), "/?x=1");
  EXPECT_EQ(Extracted("GET HTTPS://a.example?x=1 HTTP/1.1\r\n\r\n").host(), "a.example");
}

TEST(Http, ConnectNamesAnAuthority) {
  const Extracted found("CONNECT mail.example:25 HTTP/1.1\r\nHost: proxy.example\r\n\r\n");
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.host(), "mail.example");
  EXPECT_EQ(found.path(), "");
  EXPECT_EQ(found.visit().uri, "mail.example:25");
  EXPECT_EQ(Extracted("CONNECT mail.example:25 / HTTP/1.0\r\n\r\n").host(), "mail.example");
}

TEST(Http, AsteriskAsksForTheServerItself) {
  const Extracted found("OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n");
  EXPECT_EQ(found.host(), "a.example");
  EXPECT_EQ(found.path(), "*");
}

TEST(Http, PortIsCutFromNamesAndFromIpv6Literals) {
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n").host(), "[2001:db8::1]");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n").host(), "[2001:db8::1]");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: 192.0.2.1:80\r\n\r\n").host(), "192.0.2.1");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: a.example:\r\n\r\n").host(), "a.example");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: 2001:db8::1\r\n\r\n").host(), "2001:db8::1");
}

// nginx takes the host up to the first colon, whatever stands behind it.
TEST(Http, PortThatIsNoneDoesNotHideTheHost) {
  for (std::string_view port : {":80x", ":80:80", ":", ":x", "::", ":80 ", ":-1"}) {
    const std::string authority = "bad.example" + std::string(port);
    EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: " + authority + "\r\n\r\n").host(), "bad.example") << port;
    EXPECT_EQ(Extracted("GET http://" + authority + "/ HTTP/1.1\r\n\r\n").host(), "bad.example") << port;
  }
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80x\r\n\r\n").host(), "[2001:db8::1]");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: [2001:db8::1\r\n\r\n").host(), "[2001:db8::1");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: :80\r\n\r\n").host(), "");
}

TEST(Http, FirstOfSeveralHostLinesCounts) {
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: one.example\r\nHost: two.example\r\n\r\n").host(), "one.example");
}

TEST(Http, FoldedHostIsRead) {
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost:\r\n\tevil.example\r\n\r\n").host(), "evil.example");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nX: y\r\n Host: fake.example\r\nHost: real.example\r\n\r\n").host(),
            "real.example");
}

TEST(Http, LenientSyntaxOfServersIsUnderstood) {
  EXPECT_EQ(Extracted("GET / HTTP/1.1\nHost: a.example\n\n").host(), "a.example");
  EXPECT_EQ(Extracted("\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n").host(), "a.example");
  EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nhOST :   a.example \t\r\n\r\n").host(), "a.example");
  EXPECT_EQ(Extracted("GET   /x  HTTP/1.1\r\nHost: a.example\r\n\r\n").path(), "/x");
}

TEST(Http, VersionThatIsNoneDoesNotHideARequest) {
  for (std::string_view line : {"GET /x HTTP/1.", "GET /x HTTP/d.1", "GET /x HTTP/2.0", "GET /x http/1.1", "TRACE  /x ",
                                "HEAD /x HTTP/1.1 y", "CCM_POST /x HTTP/1."}) {
    const Extracted found(std::string(line) + "\nHost: a.example\n\n");
    ASSERT_EQ(found.count(), 1u) << line;
    EXPECT_EQ(found.host(), "a.example") << line;
    EXPECT_EQ(found.visit().uri, "/x") << line;
  }
  EXPECT_EQ(Extracted("PUT /HTTP/1.1\nHost: a.example\n\n").path(), "/HTTP/1.1");
  EXPECT_EQ(Extracted("GET http://a.example/x\r\n\r\n").host(), "a.example");  // HTTP/0.9 through a proxy
}

TEST(Http, SchemeInCapitalsWithALongVersionIsTold) {
  const Extracted host("GET HTTP://x/ HTTP/1.01\r\nHost: bad.example\r\n\r\n");
  ASSERT_EQ(host.count(), 2u);
  EXPECT_EQ(host.host(1), "bad.example");
  EXPECT_EQ(Extracted("GET HTTP://bad.example/ HTTP/1.01\r\n\r\n").host(), "bad.example");
  EXPECT_EQ(Extracted("GET ftp://bad.example/ HTTP/1.01\r\n\r\n").host(), "bad.example");
  EXPECT_EQ(Extracted("GET x+y://bad.example/ HTTP/2.0\r\n\r\n").host(), "bad.example");
  EXPECT_EQ(Extracted("GET Https://bad.example/\r\n\r\n").host(), "bad.example");
  EXPECT_EQ(Extracted("OPTIONS * HTTP/1.01\r\nHost: bad.example\r\n\r\n").host(), "bad.example");
  EXPECT_TRUE(is_recognised("GET HTTP://x.example/a/b"));
  EXPECT_FALSE(is_recognised("OPTIONS rtsp://a/b RTSP/1.0\r\n"));
  EXPECT_FALSE(is_recognised("SETUP rtsp://a/b RTSP/1.0\r\n"));
  EXPECT_FALSE(is_recognised("GET ://a/b HTTP/2.0\r\n"));
  EXPECT_FALSE(is_recognised("GET a://b\r\n"));
}

TEST(Http, RequestLineThatIsCutIsWaitedFor) {
  const std::string path = "/" + std::string(100, 'a');
  for (const std::string& line : {"GET  " + path, "GET \t " + path, "PROPFIND " + path, "M-SEARCH  " + path + "?x=%20", "BREW " + path + " ",
                                  "VERSION-CONTROL " + path + " HTTP/1", "PATCH  HTTP://a.example" + path}) {
    EXPECT_TRUE(is_recognised(line)) << line;
    EXPECT_EQ(Extracted(line).progress(), Progress::kNeedMore) << line;
    EXPECT_EQ(Extracted("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + line).progress(), Progress::kNeedMore) << line;
    EXPECT_EQ(Extracted(line + " HTTP/1.1\r\nHost: bad.example\r\n\r\n").count(), line.find("://") != line.npos ? 2u : 1u) << line;
  }
}

// Logs, listings, the commands of other protocols and what bodies hold.
TEST(Http, OtherTextIsNoRequest) {
  const std::string path = "/" + std::string(100, 'a');
  for (const std::string& text :
       {"ERROR " + path + " was not found", "error " + path, "Nov " + path, "GETTING " + std::string(80, 'x'), "ABC /" + std::string(70, '\0'),
        "PROPFIND /\x16\x03" + path, "RETR " + path + "\r\n", "STOR " + path + "\r\nSTOR " + path, "A " + path, "1234 " + path, "PUBLISH " + path.substr(0, 20),
        "INVITE sip:" + path, "SUBSCRIBE " + path + "\x01", "INFO " + path + " HTTP is down", "0032git-upload-pack " + path, "LONGEST-OF-ALL-METHODS-THAT-THERE-ARE " + path}) {
    EXPECT_FALSE(is_recognised(text)) << text;
    EXPECT_EQ(Extracted(text).count(), 0u) << text;
  }
}

TEST(Http, RequestBehindAProxyHeaderIsTold) {
  const std::string_view proxy = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n";
  const std::string all = std::string(proxy) + "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
  EXPECT_TRUE(is_recognised(all));
  const Extracted found(all);
  EXPECT_EQ(found.host(), "a.example");
  EXPECT_EQ(found.event(0).message.offset, proxy.size());
  EXPECT_EQ(found.event(0).message.length, all.size() - proxy.size());
  EXPECT_EQ(Extracted(std::string(proxy) + "GET / HTTP/1.1\r\nHo").step().consumed, proxy.size());
}

TEST(Http, PipelinedRequestsAreAllTold) {
  const std::string_view first = "POST /1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nGET /";
  const std::string all = std::string(first) + "GET /2 HTTP/1.1\r\nHost: b.example\r\n\r\n";
  const Extracted found(all);
  EXPECT_EQ(found.progress(), Progress::kDone);
  ASSERT_EQ(found.count(), 2u);
  EXPECT_EQ(found.event(0).message.length, first.size());
  EXPECT_EQ(found.event(1).message.offset, first.size());
  EXPECT_EQ(found.host(1), "b.example");
}

TEST(Http, RequestBehindAChunkedBodyIsTold) {
  const Extracted found(
      "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
      "A;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
  ASSERT_EQ(found.count(), 2u);
  EXPECT_EQ(found.host(1), "b.example");
}

// RFC 9112, 6.3: chunked when that is the last coding. node and others go by the length, or by none, otherwise.
TEST(Http, OnlyTheCodingChunkedMakesChunks) {
  const std::string next = "GET / HTTP/1.1\r\nHost: bad.example\r\n\r\n";
  for (std::string_view coding : {"", " ", " identity", " gzip", " chunked, identity", " chunked;q=1", " xchunked", " chunked x", "\r\n gzip"}) {
    const std::string start = "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding:" + std::string(coding) + "\r\n";
    const Extracted without(start + "\r\n" + next);
    ASSERT_EQ(without.count(), 2u) << coding;
    EXPECT_EQ(without.host(1), "bad.example") << coding;
    const Extracted counted(start + "Content-Length: 5\r\n\r\nhello" + next);
    ASSERT_EQ(counted.count(), 2u) << coding;
    EXPECT_EQ(counted.host(1), "bad.example") << coding;
  }
  const std::string body = "\r\n24\r\nGET / HTTP/1.1\r\nHost: in.example\r\n\r\n\r\n0\r\n\r\n";
  for (std::string_view coding : {"chunked", " Chunked ", "gzip, chunked", "gzip,chunked\t", "chunked,", "identity\r\nTransfer-Encoding: chunked",
                                  "chunked\r\nTransfer-Encoding:", "gzip,\r\n chunked"}) {
    const Extracted found("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nTransfer-Encoding:" + std::string(coding) + "\r\n" + body + next);
    ASSERT_EQ(found.count(), 2u) << coding;
    EXPECT_EQ(found.host(1), "bad.example") << coding;
  }
}

TEST(Http, RequestBehindASenselessLengthIsTold) {
  const Extracted found(
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: -1\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
  EXPECT_EQ(found.count(), 2u);
}

TEST(Http, BodyThatGoesOnEndsTheSegment) {
  const Extracted found("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 99999999999999999999\r\n\r\nabc");
  EXPECT_EQ(found.progress(), Progress::kDone);
  EXPECT_EQ(found.count(), 1u);
}

TEST(Http, SecondRequestCutIsWaitedFor) {
  const std::string_view first = "GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\n";
  const Extracted found(std::string(first) + "GET /2 HTTP/1.1\r\nHos");
  EXPECT_EQ(found.progress(), Progress::kNeedMore);
  EXPECT_EQ(found.count(), 1u);
  EXPECT_EQ(found.step().consumed, first.size());
}

TEST(Http, NothingAfterConnectIsARequest) {
  EXPECT_EQ(Extracted("CONNECT a:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n").count(), 1u);
}

TEST(Http, AllRequestsOfASegmentAreTold) {
  for (std::string_view filler : {"GET / HTTP/1.1\nHost:a\n\n", "GET /\nHost:a\n\n", "GET /\n\n", "GET /\nHost:a\nHost:b\n\n"}) {
    std::string many;
    while (many.size() < 1400) many += filler;
    const Extracted found(many + "GET / HTTP/1.1\r\nHost: bad.example\r\n\r\n");
    EXPECT_EQ(found.progress(), Progress::kDone) << filler;
    EXPECT_EQ(found.host(found.count() - 1), "bad.example") << filler;
  }
}

// However requests are pipelined, no burst of segments fills the list of its events: what is beside them is judged.
TEST(Http, NoBurstFillsTheListOfEvents) {
  for (std::string_view request : {"GET /\n\n", "GET /\nHost:a\n\n", "GET /\nHost:a\nHost:b\nHost:c\nHost:d\n\n", "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"}) {
    for (std::size_t size : {7u, 200u, 1460u, 21500u}) {
      std::string text;
      do text += request;
      while (text.size() + request.size() <= size);
      const auto bytes = testing::bytes_of(text);
      EventList events;
      for (std::uint16_t frame = 0; frame < kBurstFrames; ++frame) {  // each may be put together from many
        events.begin_frame(frame, 0);
        (void)kProtocol.extract({bytes, Transport::kTcp, 40000, 80}, events);
        EXPECT_FALSE(events.overflowed()) << request << size << " frame " << frame;
      }
      EXPECT_LT(events.events().size(), EventList::kMaxEvents) << request << size;
    }
  }
}

// More header lines than are put together: what was read is let go, and the Host is waited for.
TEST(Http, HostBehindALongHeaderIsWaitedFor) {
  const std::string line = "X: " + std::string(7900, 'a') + "\r\n";
  const std::string start = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n";
  const std::string shorter = start + line;
  EXPECT_EQ(Extracted(shorter).progress(), Progress::kNeedMore);
  EXPECT_EQ(Extracted(shorter).step().consumed, 0u);
  for (std::string_view tail : {"", "X: cut", "Host:\r\n", "Host: bad.ex"}) {
    const std::string longer = shorter + line;
    const Extracted found(longer + std::string(tail));
    EXPECT_EQ(found.progress(), Progress::kDone) << tail;
    EXPECT_EQ(found.count(), 0u) << tail;
    EXPECT_EQ(found.step().then, Then::kFields) << tail;
    EXPECT_EQ(found.step().consumed, longer.size()) << tail;
    const auto rest = testing::bytes_of("X: 1\r\nHost:\r\n bad.example\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
    EventList events;
    events.begin_frame(0, 0);
    (void)kProtocol.extract({rest, Transport::kTcp, 40000, 80, Payload::Begins::kFields, 0, found.step().need}, events);
    ASSERT_EQ(events.events().size(), 2u) << tail;
    EXPECT_EQ(std::get<UrlVisit>(events.events()[0].what).host, "bad.example") << tail;
    EXPECT_EQ(std::get<UrlVisit>(events.events()[1].what).host, "b.example") << tail;
  }
}

TEST(Http, RequestsAreRecognisedByContent) {
  EXPECT_TRUE(is_recognised("GET / HTTP/1.1\r\n"));
  EXPECT_TRUE(is_recognised("\r\nPROPFIND /x HTTP/1.0\r\n"));
  EXPECT_TRUE(is_recognised("GET /a/very/long/target/whose/end/is/elsewhere"));
  EXPECT_FALSE(is_recognised("GET / HTTP/1.1\r\n", Transport::kUdp));
  EXPECT_FALSE(is_recognised("HTTP/1.1 200 OK\r\n"));
  EXPECT_FALSE(is_recognised("INVITE sip:a@b SIP/2.0\r\n"));
  EXPECT_FALSE(is_recognised("OPTIONS sip:a@b SI"));
  EXPECT_FALSE(is_recognised("OPTIONS rtsp://a/b RTSP/1.0\r\n"));
  EXPECT_FALSE(is_recognised("MAIL FROM:<a@b>\r\n"));
  EXPECT_FALSE(is_recognised("PRI * HTTP/2.0\r\n"));
  EXPECT_FALSE(is_recognised("GET key\r\n"));  // Redis, in line
  EXPECT_FALSE(is_recognised("OPTIONS HTTP/1.1\r\n"));
  EXPECT_FALSE(is_recognised("\r\n"));
  EXPECT_FALSE(is_recognised(""));
}

TEST(Http, ResponsesAndOtherTextYieldNothing) {
  EXPECT_EQ(Extracted("HTTP/1.1 200 OK\r\nHost: a\r\n\r\n").progress(), Progress::kDone);
  EXPECT_EQ(Extracted("220 mail.example ESMTP\r\n").progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted("").progress(), Progress::kNotMine);
}

TEST(HttpEveryCut, KeepsItsPromises) {
  const std::vector<testing::Sample> samples = {
      {"origin", testing::bytes_of("GET /a?b HTTP/1.1\r\nHost: shop.example:80\r\nA: b\r\n c\r\n\r\n")},
      {"absolute", testing::bytes_of("HEAD http://u@[::1]:8/x HTTP/1.0\nHost : a\n\n")},
      {"no path", testing::bytes_of("GET http://a.example?x HTTP/1.1\r\n\r\n")},
      {"connect", testing::bytes_of("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")},
      {"two", testing::bytes_of(
                  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: b\r\n\r\n")},
      {"chunked",
       testing::bytes_of("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                         "GET / HTTP/1.1\r\nHost: b\r\n\r\n")},
      {"no version", testing::bytes_of("POST /a HTTP/1.\nHost: a\n\n")},
      {"proxied", testing::bytes_of("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")},
      {"response", testing::bytes_of("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")},
  };
  for (const testing::Sample& sample : samples) testing::expect_promises_at_every_cut(kProtocol, sample);
}

TEST(Http, EachHostThatARequestNamesIsTold) {
  const Extracted found("GET /x HTTP/1.1\r\nHost: a.example\r\nhost: b.example:80\r\nHOST: A.example\r\nHost: c.example\r\n\r\n");
  ASSERT_EQ(found.count(), 3u);
  EXPECT_EQ(found.host(0), "a.example");
  EXPECT_EQ(found.host(1), "b.example");
  EXPECT_EQ(found.host(2), "c.example");
  EXPECT_EQ(found.path(2), "/x");
  EXPECT_TRUE(found.visit(0).is_ambiguous);
  EXPECT_FALSE(found.visit(1).is_ambiguous) << "one request, told once";
  EXPECT_EQ(found.event(0).message.length, found.event(2).message.length);
}

TEST(Http, AHostBesideAnAbsoluteTargetIsTold) {
  const Extracted other("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n");
  ASSERT_EQ(other.count(), 2u);
  EXPECT_EQ(other.host(0), "a.example");
  EXPECT_EQ(other.host(1), "b.example");
  const Extracted same("GET http://A.example:80/ HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_EQ(same.count(), 1u);
  EXPECT_FALSE(same.visit().is_ambiguous);
  const Extracted proxy("CONNECT a.example:443 HTTP/1.1\r\nHost: b.example\r\n\r\n");
  EXPECT_EQ(proxy.count(), 1u) << "it goes where the target says";
}

TEST(Http, OfTooManyHostsTheFirstAndTheLastAreTold) {
  std::string request = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 30; ++i) request += "Host: h" + std::to_string(i) + ".example\r\n";
  const Extracted found(request + "\r\n");
  ASSERT_EQ(found.count(), 9u);
  EXPECT_EQ(found.host(0), "h0.example");
  EXPECT_EQ(found.host(8), "h29.example");
}

// As many as there is room for beside all that a burst may hold; what is beyond is read with what follows.
TEST(Http, FurtherHostsAreBounded) {
  std::string request;
  for (int i = 0; i < 1100; ++i) request += "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nHost: c\r\nHost: d\r\n\r\n";
  const Extracted found(request);
  EXPECT_EQ(found.count(), 3584u);
  EXPECT_EQ(found.progress(), Progress::kNeedMore) << "the rest is read with what follows";
  const Extracted tiny("GET / HTTP/1.1\r\nHost:a\r\nHost:b.cn\r\n\r\n");
  ASSERT_EQ(tiny.count(), 2u);
  EXPECT_EQ(tiny.host(1), "b.cn");
}

}  // namespace
}  // namespace telefence::http
