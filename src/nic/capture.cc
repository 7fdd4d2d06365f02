// SPDX-License-Identifier: Apache-2.0
#include "nic/capture.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.h"
#include "packed/unpacker.h"

namespace telefence {
namespace {

constexpr std::size_t kBuffers = 10 * kBurstFrames;  // a burst, its replies (Burst::kReplies), and room to spare, beside what is held
constexpr std::uint64_t kBurstGap = 1'000'000;  // ns
constexpr std::size_t kHeadroom = 256;
constexpr std::size_t kLongest = 65536 + 64;  // an IP packet of the greatest length and its link header
constexpr std::size_t kTailroom = 2048;
constexpr std::size_t kBufferBytes = kHeadroom + kLongest + kTailroom;
constexpr int kLongestInOutput = 262144;  // the greatest that readers of pcap files accept
constexpr std::uint64_t kSecond = 1'000'000'000;

// https://www.tcpdump.org/linktypes.html
LinkType link_type(int datalink) {
  switch (datalink) {
    case DLT_EN10MB: return LinkType::kEthernet;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6: return LinkType::kRawIp;
    case DLT_LINUX_SLL: return LinkType::kLinuxCooked;
    case DLT_LINUX_SLL2: return LinkType::kLinuxCooked2;
    case DLT_NULL:
    case DLT_LOOP: return LinkType::kLoopback;
    case DLT_PPP:
    case DLT_PPP_SERIAL:
    case DLT_C_HDLC: return LinkType::kPpp;
    case DLT_IEEE802_11: return LinkType::kWlan;
    case DLT_IEEE802_11_RADIO: return LinkType::kRadiotap;
    case DLT_NFLOG: return LinkType::kNflog;
    default: return LinkType::kUnknown;
  }
}

std::string reason_of(const char* message, const std::string& path) {
  std::string reason = message;
  const std::string place = path + ": ";
  if (reason.starts_with(place)) reason.erase(0, place.size());
  // libpcap reads only files whose interfaces are alike.
  if (reason.find("of the first interface") != std::string::npos) reason += " (`editcap -F pcap IN OUT` makes a file that can be read)";
  return reason;
}

// A stream over a file descriptor, which it takes, that reads gzip and zstd as what they hold, and everything else as it is.
std::FILE* unpacking_stream(int file) {
  auto unpacker = std::make_unique<Unpacker>(source_of(file), UnpackLimits{});
  cookie_io_functions_t functions{};
  functions.read = [](void* cookie, char* bytes, std::size_t size) -> ssize_t {
    const Result<std::size_t> count = static_cast<Unpacker*>(cookie)->read({bytes, size});
    return count ? static_cast<ssize_t>(count.value()) : -1;
  };
  functions.close = [](void* cookie) {
    delete static_cast<Unpacker*>(cookie);
    return 0;
  };
  std::FILE* stream = fopencookie(unpacker.get(), "r", functions);
  if (stream != nullptr) (void)unpacker.release();
  return stream;
}

}  // namespace

struct Capture::Files {
  pcap_t* input = nullptr;
  pcap_t* output_format = nullptr;
  pcap_dumper_t* output = nullptr;
  std::string output_path;

  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    if (output != nullptr) pcap_dump_close(output);
    if (output_format != nullptr) pcap_close(output_format);
    if (input != nullptr) pcap_close(input);
  }

  Result<void> open_input(const std::string& path) {
    const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &read_) != 0)
      return Error{errno == ENOENT ? ErrorCode::kInvalid : ErrorCode::kEnvironment, path + ": cannot be opened: " + std::strerror(errno)};
    std::FILE* stream = unpacking_stream(file);
    if (stream == nullptr) return Error{ErrorCode::kFailed, path + ": cannot be opened: out of memory"};
    char message[PCAP_ERRBUF_SIZE] = "";
    input = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, message);
    if (input == nullptr) {
      std::fclose(stream);
      return Error{ErrorCode::kInvalid,
                   path + ": is not a capture that can be read (pcap or pcapng, also packed with gzip or zstd): " + reason_of(message, path)};
    }
    return {};
  }

  // Opening it for writing would empty it before the first packet is read.
  bool is_input(const std::string& path) const {
    struct stat written {};
    return stat(path.c_str(), &written) == 0 && S_ISREG(written.st_mode) && read_.st_dev == written.st_dev &&
           read_.st_ino == written.st_ino;
  }

  Result<void> open_output(const std::string& path) {
    if (is_input(path)) return Error{ErrorCode::kUsage, path + ": is the input: give another name for the output"};
    output_path = path;
    output_format =
        pcap_open_dead_with_tstamp_precision(pcap_datalink(input), kLongestInOutput, PCAP_TSTAMP_PRECISION_NANO);
    output = output_format == nullptr ? nullptr : pcap_dump_open(output_format, path.c_str());
    if (output == nullptr) {
      const char* why = output_format == nullptr ? "out of memory" : pcap_geterr(output_format);
      return Error{ErrorCode::kEnvironment, path + ": cannot be written: " + reason_of(why, path)};
    }
    return {};
  }

 private:
  struct stat read_ {};
};

Capture::Capture(std::string input, std::unique_ptr<Files> files, std::size_t buffers)
    : input_(std::move(input)),
      buffers_(buffers),
      files_(std::move(files)),
      link_(link_type(pcap_datalink(files_->input))),
      memory_(new std::uint8_t[buffers_ * kBufferBytes]),  // not cleared: pages never used are never there
      originals_(buffers_) {
  free_.reserve(buffers_);
  for (std::uint32_t i = static_cast<std::uint32_t>(buffers_); i-- > 0;) free_.push_back(i);
}

Capture::~Capture() = default;

Result<std::unique_ptr<Capture>> Capture::open(const std::string& input, const std::string& output, std::size_t held) {
  auto files = std::make_unique<Files>();
  if (Result<void> opened = files->open_input(input); !opened) return opened.error();
  if (!output.empty()) {
    if (Result<void> opened = files->open_output(output); !opened) return opened.error();
  }
  return std::unique_ptr<Capture>(new Capture(input, std::move(files), kBuffers + held));
}

bool Capture::use_buffer(Frame& frame) {
  if (free_.empty()) return false;
  const std::uint32_t index = free_.back();
  free_.pop_back();
  originals_[index] = {};
  frame = Frame{};
  frame.data = memory_.get() + index * kBufferBytes + kHeadroom;
  frame.headroom = kHeadroom;
  frame.link = link_;
  frame.owner = &originals_[index];
  return true;
}

bool Capture::next_frame(Frame& frame) {
  pcap_pkthdr* header = nullptr;
  const unsigned char* bytes = nullptr;
  const int got = pcap_next_ex(files_->input, &header, &bytes);
  if (got != 1) {
    has_ended_ = true;
    if (got == PCAP_ERROR) {
      error_ = Error{ErrorCode::kInvalid, input_ + ": cannot be read further than frame " +
                                             std::to_string(counts_.received) + ": " +
                                             reason_of(pcap_geterr(files_->input), input_)};
    }
    return false;
  }
  const std::size_t kept = std::min<std::size_t>(header->caplen, kLongest);
  std::memcpy(frame.data, bytes, kept);
  frame.length = static_cast<std::uint32_t>(kept);
  frame.tailroom = static_cast<std::uint16_t>(std::min<std::size_t>(kLongest + kTailroom - kept, 65535));
  frame.truncated = kept < header->len;
  frame.may_lack_checksum = true;  // a capture of a sender shows what it left to its NIC
  // With nanosecond precision tv_usec holds nanoseconds.
  frame.time_ns = static_cast<std::uint64_t>(header->ts.tv_sec) * kSecond +
                  static_cast<std::uint64_t>(header->ts.tv_usec);
  frame.number = ++counts_.received;
  *static_cast<Original*>(frame.owner) = {frame.length, std::max(header->len, frame.length)};
  return true;
}

std::size_t Capture::receive(std::span<Frame> frames) {
  std::size_t count = 0;
  if (next_.data != nullptr && !frames.empty()) take_over(frames[count++], next_);
  while (!has_ended_ && count < frames.size() && use_buffer(next_)) {
    if (!next_frame(next_)) {
      release({&next_, 1});
      break;
    }
    if (count != 0 && next_.time_ns > last_time_ns_ + kBurstGap) break;
    take_over(frames[count++], next_);
  }
  return count;
}

void Capture::take_over(Frame& frame, Frame& read) {
  last_time_ns_ = read.time_ns;
  frame = std::exchange(read, Frame{});
}

std::size_t Capture::transmit(std::span<Frame> frames) {
  for (const Frame& frame : frames) {
    ++counts_.transmitted;
    if (files_->output == nullptr) continue;
    const Original& original = *static_cast<const Original*>(frame.owner);
    pcap_pkthdr header{};
    header.ts.tv_sec = static_cast<time_t>(frame.time_ns / kSecond);
    header.ts.tv_usec = static_cast<suseconds_t>(frame.time_ns % kSecond);
    header.caplen = frame.length;
    header.len = frame.length + (original.on_wire - original.captured);  // what the capture cut is still missing
    pcap_dump(reinterpret_cast<unsigned char*>(files_->output), &header, frame.data);
  }
  release(frames);
  return frames.size();
}

bool Capture::take(Frame& frame) {
  if (!use_buffer(frame)) return false;
  frame.tailroom = 65535;
  frame.time_ns = last_time_ns_;
  return true;
}

void Capture::release(std::span<Frame> frames) {
  for (Frame& frame : frames) {
    DCHECK(free_.size() < buffers_);
    free_.push_back(static_cast<std::uint32_t>(static_cast<Original*>(frame.owner) - originals_.data()));
    frame = Frame{};
  }
}

Result<void> Capture::close() {
  if (files_->output != nullptr && (pcap_dump_flush(files_->output) != 0 || std::ferror(pcap_dump_file(files_->output)) != 0)) {
    return Error{ErrorCode::kEnvironment,
                 files_->output_path + ": could not be written to its end: " + std::strerror(errno)};
  }
  if (error_) return *error_;
  return {};
}

}  // namespace telefence
