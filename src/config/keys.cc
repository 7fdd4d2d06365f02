// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <algorithm>
#include <array>

namespace telefence {
namespace {

using Type = Key::Type;

constexpr std::int64_t kMaxUint32 = 0xffffffff;
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kMostMemory = 64 * 1024 * kMiB;

constexpr std::array kKeys = {
    Key{.path = "version", .type = Type::kInteger, .fallback = "1", .least = 1, .greatest = 1,
        .en = "Version of this file's format.", .zh = "配置文件格式版本。"},

    Key{.path = "node.id", .fallback = "edge", .en = "Name of this edge in records and in status.",
        .zh = "本节点名称，写入拦截记录和状态。"},
    Key{.path = "node.language", .type = Type::kWord, .fallback = "auto", .words = "auto|en|zh-CN", .live = true,
        .en = "Language of the built-in warning page and of the daemon's messages; auto: both on the page, messages by LANG.",
        .zh = "内置警示页和守护进程提示信息的语言；auto：警示页为双语，提示信息随 LANG。"},

    Key{.path = "mode", .type = Type::kWord, .fallback = "monitor", .words = "monitor|enforce", .live = true,
        .en = "monitor: nothing is touched, everything is recorded as would-be; enforce: verdicts are carried out.",
        .zh = "monitor：只监测不拦截，记录“本应拦截”；enforce：执行拦截。"},

    Key{.path = "ports[].name", .required = true, .en = "The name that wire, mirror, metrics and records use.",
        .zh = "端口名，供 wire、mirror、指标和记录使用。"},
    Key{.path = "ports[].device", .required = true,
        .en = "PCI address (0000:3b:00.0), kernel interface (ens1f0) or DPDK vdev (net_pcap0,rx_pcap=in.pcap).",
        .zh = "PCI 地址、内核网卡名或 DPDK vdev 字符串。"},
    Key{.path = "ports[].driver", .type = Type::kWord, .fallback = "af_packet", .words = "af_packet|af_xdp",
        .en = "How a kernel interface is driven; without meaning for PCI addresses and vdevs.",
        .zh = "内核网卡的驱动方式；对 PCI 地址和 vdev 无意义。"},
    Key{.path = "ports[].checksums", .type = Type::kWord, .fallback = "auto", .words = "auto|strict|lenient",
        .en = "lenient: a packet whose checksum is only begun counts as sound, as senders on this machine (veth, containers) and "
              "captures of them give it; strict: it counts as a decoy; auto: lenient for kernel interfaces and captures, strict for PCI.",
        .zh = "lenient：校验和仅完成一半的报文视为有效（本机发送方、容器、抓包常见）；strict：视为诱饵；auto：内核网卡和抓包为 lenient，PCI 网卡为 strict。"},

    Key{.path = "wire[]", .type = Type::kPairs, .fallback = "[]",
        .en = "In-line pairs, as [[access, core]]: what comes in on one port leaves by the other.",
        .zh = "串接端口对：一端收到的报文从另一端发出。"},
    Key{.path = "mirror[]", .type = Type::kTexts, .fallback = "[]",
        .en = "Ports that only listen to a copy of the traffic; without respond nothing can be blocked there.",
        .zh = "旁路镜像端口，只看；未设 respond 时无法拦截。"},
    Key{.path = "respond.port", .required = true,
        .en = "The port that copies of a mirror are answered by, at once: DNS answers, pages, resets to both ends. A port of its own, or a "
              "mirror that can send. `respond: PORT` says the same. What it can and can't do: operate.md, Mirror.",
        .zh = "对镜像流量抢先应答的端口：DNS 应答、网页、向双方发复位。可为独立端口，或可发送的镜像端口。也可只写 `respond: 端口`。能与不能见 operate.zh-CN.md“旁路镜像”。"},
    Key{.path = "respond.gateway",
        .en = "MAC address of a router that takes all answers, as \"02:00:00:00:00:01\"; none: each goes to the station that the "
              "copied frame came from or went to.",
        .zh = "接收全部应答的路由器 MAC 地址，如 \"02:00:00:00:00:01\"；缺省：发往镜像帧中的源或目的站点。"},
    Key{.path = "respond.vlan", .type = Type::kInteger, .least = 1, .greatest = 4094,
        .en = "802.1Q tag of answers; none: the tags of the copied frame, and to a gateway none at all.",
        .zh = "应答所带的 802.1Q 标签；缺省：同镜像帧，发往 gateway 时不带。"},

    Key{.path = "engine.workers", .type = Type::kCores, .fallback = "auto",
        .en = "CPU cores that run one worker each, as \"2-9,12\"; auto: one core that is not the control core.",
        .zh = "工作线程所用 CPU 核，如 \"2-9,12\"；auto 为一个非控制核。"},
    Key{.path = "engine.control_core", .type = Type::kInteger, .least = 0, .greatest = 1023,
        .en = "CPU core of everything that is not a worker; none: the lowest one.", .zh = "控制线程所用 CPU 核；缺省为最小的核。"},
    Key{.path = "engine.hugepages", .type = Type::kSize, .fallback = "auto", .words = "auto|off", .least = 16 * kMiB,
        .greatest = 1024 * 1024 * kMiB,
        .en = "auto: hugepages when the machine has them; off: none; a size, as 1GiB: that much of them.",
        .zh = "auto：有则使用大页；off：不用；或指定大小，如 1GiB。"},
    Key{.path = "engine.frames", .type = Type::kInteger, .fallback = "0", .least = 0, .greatest = 16'777'215,
        .en = "Packet buffers of 2 KiB; 0: from the number of ports, queues and workers.",
        .zh = "报文缓冲区个数（每个 2 KiB）；0 为自动。"},
    Key{.path = "engine.spread_tunnels", .type = Type::kWord, .fallback = "auto", .words = "auto|off",
        .en = "auto: with several workers, packets in tunnels are spread over them by the addresses inside; off: they stay where the NIC puts "
              "them.",
        .zh = "auto：有多个工作线程时，隧道内的报文按内层地址分给各线程；off：由网卡分配，不再调整。"},
    Key{.path = "engine.eal", .type = Type::kTexts, .fallback = "[]",
        .en = "Further arguments for DPDK's EAL, given last.", .zh = "附加的 DPDK EAL 参数。"},

    // Of each worker.
    Key{.path = "engine.spread.messages", .type = Type::kInteger, .fallback = "32768", .least = 64, .greatest = 1 << 22,
        .en = "Messages over several TCP segments (TLS, HTTP, DNS) that each worker puts together at a time; the oldest gives way.",
        .zh = "每个线程同时重组的跨 TCP 段消息数（TLS、HTTP、DNS）；满则淘汰最旧的。"},
    Key{.path = "engine.spread.memory", .type = Type::kSize, .fallback = "32MiB", .least = kMiB, .greatest = kMostMemory,
        .en = "Memory of each worker for their bytes.", .zh = "每个线程用于其字节的内存。"},
    Key{.path = "engine.spread.passed", .type = Type::kInteger, .fallback = "512", .least = 1, .greatest = 1 << 20,
        .en = "How many of them each worker keeps after they were let pass, until their sender goes on, so that a later copy with other "
              "bytes is judged, too. More than fit the processor's cache make every such message dearer.",
        .zh = "每个线程在放行后继续保留的此类消息数（直到发送方继续发送），以便审查内容不同的后到副本；超出处理器缓存会使每条此类消息更慢。"},
    Key{.path = "engine.spread.openings", .type = Type::kInteger, .fallback = "262144", .least = 4096, .greatest = 1 << 24,
        .en = "Connections opened in the last 60 s whose beginning each worker remembers, and as many HTTP connections whose next request "
              "it awaits (120 s), so that segments out of order and single octets are known; a power of two.",
        .zh = "每个线程记住的最近 60 秒内新建连接数，以及等待下一个请求（120 秒）的 HTTP 连接数（同样多），用于识别乱序报文段和单字节报文段；须为 2 的幂。"},
    Key{.path = "engine.spread.overlap", .type = Type::kWord, .fallback = "first", .words = "first|last",
        .en = "Which copy counts when bytes of a message that is not whole yet come again as other ones. Nothing of it is held back, "
              "so what the receiver takes can only be assumed. On shared connections (SMPP, SIP over TCP) the first always counts: "
              "later copies leave changed into it.",
        .zh = "未完整的消息中同一字节先后内容不同时以哪份为准；此类消息不扣留，接收方采用哪份只能推测。共享连接（SMPP、SIP over TCP）总以先到的为准：后到的会被改成相同内容再转发。"},

    Key{.path = "engine.streams.connections", .type = Type::kInteger, .fallback = "65536", .least = 64, .greatest = 1 << 24,
        .en = "Shared connections (SMPP, SIP over TCP) that each worker follows.", .zh = "每个线程跟踪的共享连接数（SMPP、SIP over TCP）。"},
    Key{.path = "engine.streams.busy", .type = Type::kInteger, .fallback = "8192", .least = 64, .greatest = 1 << 20,
        .en = "Directions of them that may have bytes on the way at a time.", .zh = "其中可同时有在途字节的方向数。"},
    Key{.path = "engine.streams.memory", .type = Type::kSize, .fallback = "64MiB", .least = kMiB, .greatest = kMostMemory,
        .en = "Memory of each worker for bytes on the way.", .zh = "每个线程用于在途字节的内存。"},
    Key{.path = "engine.streams.packets", .type = Type::kInteger, .fallback = "2048", .least = 64, .greatest = 1 << 20,
        .en = "Packets that each worker may hold until their message is decided, of all connections; each is one of engine.frames.",
        .zh = "每个线程可扣留待判的报文总数；每个占用 engine.frames 中的一个。"},

    Key{.path = "engine.hold.receiver_ms", .type = Type::kInteger, .fallback = "200", .least = 1, .greatest = 5000,
        .en = "Longest time in ms that the beginning of a message on a shared connection is held for the rest of it. Only its receiver "
              "waits, who can do nothing with half a message.",
        .zh = "共享连接上消息前半部分等待其余部分的最长毫秒数；只有接收方在等，半条消息对其无用。"},
    Key{.path = "engine.hold.sender_ms", .type = Type::kInteger, .fallback = "20", .least = 1, .greatest = 1000,
        .en = "The same in ms when the sender keeps the rest back until the beginning is confirmed, and so waits as well.",
        .zh = "发送方要等前半部分得到确认才发其余部分时的最长毫秒数（此时发送方也在等）。"},
    Key{.path = "engine.hold.hole_ms", .type = Type::kInteger, .fallback = "5000", .least = 100, .greatest = 60'000,
        .en = "Longest time in ms that segments of a shared connection are held behind a missing one; one second where its other direction "
              "is not seen.",
        .zh = "共享连接缺段时，其后报文段扣留的最长毫秒数；看不到反方向时为一秒。"},
    Key{.path = "engine.hold.memory", .type = Type::kSize, .fallback = "64KiB", .least = 4096, .greatest = 128 * 1024,
        .en = "Most bytes of one direction that are held; beyond it they leave undecided.",
        .zh = "单个方向最多扣留的字节数；超出则不待判定即转发。"},
    Key{.path = "engine.hold.packets", .type = Type::kInteger, .fallback = "256", .least = 4, .greatest = 65'536,
        .en = "Most packets of one direction that are held behind a missing segment; an eighth of `engine.streams.packets` at most.", .zh = "单个方向缺段时最多扣留的报文数；不超过 `engine.streams.packets` 的八分之一。"},

    Key{.path = "engine.fragments.packets", .type = Type::kInteger, .fallback = "4096", .least = 16, .greatest = 1 << 20,
        .en = "IP packets in fragments that each worker puts together at a time.", .zh = "每个线程同时重组的 IP 分片报文数。"},
    Key{.path = "engine.fragments.memory", .type = Type::kSize, .fallback = "8MiB", .least = kMiB, .greatest = kMostMemory,
        .en = "Memory of each worker for their bytes.", .zh = "每个线程用于其字节的内存。"},
    Key{.path = "engine.datagrams.connections", .type = Type::kInteger, .fallback = "32768", .least = 1024, .greatest = 1 << 22,
        .en = "QUIC connections with an unfinished hello that each worker keeps; a power of two.",
        .zh = "每个线程保留的握手未完整的 QUIC 连接数；须为 2 的幂。"},
    Key{.path = "engine.datagrams.memory", .type = Type::kSize, .fallback = "48MiB", .least = kMiB, .greatest = kMostMemory,
        .en = "Memory of each worker for their bytes.", .zh = "每个线程用于其字节的内存。"},
    Key{.path = "engine.datagrams.refused", .type = Type::kInteger, .fallback = "16384", .least = 1024, .greatest = 1 << 22,
        .en = "Refused QUIC connections that each worker remembers, to drop what still comes of them; a power of two.",
        .zh = "每个线程记住的已拒绝 QUIC 连接数，用于丢弃其后续报文；须为 2 的幂。"},
    Key{.path = "engine.sessions.entries", .type = Type::kInteger, .fallback = "65536", .least = 4096, .greatest = 1 << 24,
        .en = "Interceptions counted, connections closed and responses awaited that each worker remembers, of each kind; a power of two.",
        .zh = "每个线程记住的已计数拦截、已关闭连接、待改写应答的数量（每类）；须为 2 的幂。"},
    Key{.path = "engine.tunnels.returns", .type = Type::kInteger, .fallback = "32768", .least = 1024, .greatest = 1 << 22,
        .en = "Ways back into GTP-U, MPLS, L2TP and CAPWAP that each worker remembers; a power of two.",
        .zh = "每个线程记住的 GTP-U、MPLS、L2TP 和 CAPWAP 回程数；须为 2 的幂。"},

    Key{.path = "engine.overload.fragments", .type = Type::kWord, .fallback = "open", .words = "open|closed|never", .live = true,
        .en = "IP fragments when a worker falls behind, shed first; open: forwarded unread, closed: dropped, never: read all the same.",
        .zh = "工作线程过载时的 IP 分片，最先卸载；open：不检查直接转发，closed：丢弃，never：照常检查。"},
    Key{.path = "engine.overload.quic", .type = Type::kWord, .fallback = "open", .words = "open|closed|never", .live = true,
        .en = "The same for QUIC hellos, shed second; closed makes browsers fall back to TCP, which is read.",
        .zh = "QUIC 握手，其次卸载；closed 使浏览器退回可检查的 TCP。"},
    Key{.path = "engine.overload.spread", .type = Type::kWord, .fallback = "open", .words = "open|closed|never", .live = true,
        .en = "The same for messages that begin in one segment or datagram and end in another, shed third.",
        .zh = "跨多个报文段或数据报的消息，第三卸载。"},
    Key{.path = "engine.overload.texts", .type = Type::kWord, .fallback = "open", .words = "open|never", .live = true,
        .en = "The same for texts of short messages, shed fourth; their numbers are judged all the same.",
        .zh = "短信正文，第四卸载；号码照常判定。"},
    Key{.path = "engine.overload.names", .type = Type::kWord, .fallback = "open", .words = "open|closed|never", .live = true,
        .en = "The same for all other messages that lie whole in a packet (DNS, HTTP, TLS, SIP over UDP), shed last.",
        .zh = "其余完整位于一个报文中的消息（DNS、HTTP、TLS、SIP over UDP），最后卸载。"},

    Key{.path = "engine.bypass.automatic", .type = Type::kBool, .fallback = "true", .live = true,
        .en = "Bypass for a minute when packet buffers run out, or a worker stays behind though everything is shed.",
        .zh = "报文缓冲区耗尽，或卸载全部检查后工作线程仍过载时，自动旁路一分钟。"},
    Key{.path = "engine.bypass.heartbeat.command", .type = Type::kTexts, .fallback = "[]",
        .en = "Program with arguments that is run while all workers turn, so that a bypass NIC stays closed; no shell.",
        .zh = "所有工作线程正常时定期执行的程序及参数，使旁路网卡保持串接；不经 shell。"},
    Key{.path = "engine.bypass.heartbeat.file",
        .en = "The same by writing a line into a file that is there, as a kernel driver offers one.",
        .zh = "同上，改为向已有的文件（如驱动提供的文件）写入一行。"},
    Key{.path = "engine.bypass.heartbeat.every", .type = Type::kMilliseconds, .fallback = "500ms", .least = 50, .greatest = 60'000,
        .en = "How often; a third of the NIC's time-out is right. A program that takes longer is ended.",
        .zh = "间隔，宜为网卡超时的三分之一；程序超过此时间即被终止。"},

    Key{.path = "protocols.NAME.on", .type = Type::kBool, .fallback = "true", .live = true,
        .en = "Whether this protocol is read at all.", .zh = "是否检查该协议。"},
    Key{.path = "protocols.NAME.tcp_ports", .type = Type::kPorts, .least = 1, .greatest = 65535, .live = true,
        .en = "TCP ports on which it is expected, in place of its own list.", .zh = "该协议的 TCP 端口，替换默认值。"},
    Key{.path = "protocols.NAME.udp_ports", .type = Type::kPorts, .least = 1, .greatest = 65535, .live = true,
        .en = "UDP ports on which it is expected, in place of its own list.", .zh = "该协议的 UDP 端口，替换默认值。"},
    Key{.path = "protocols.NAME.action", .type = Type::kAction, .live = true,
        .en = "What is done when neither the signature nor its category says otherwise.",
        .zh = "策略与类别均未指定时采取的动作。"},
    Key{.path = "protocols.NAME.answer", .type = Type::kAnswer, .live = true,
        .en = "What the action answer replies.", .zh = "动作 answer 的应答方式。"},
    Key{.path = "protocols.NAME.codes.content", .type = Type::kInteger, .least = 0, .greatest = kMaxUint32, .live = true,
        .en = "Refusal code the sender sees when the text is why (action neutralise).",
        .zh = "因内容被拦截时返回发送方的错误码。"},
    Key{.path = "protocols.NAME.codes.calling", .type = Type::kInteger, .least = 0, .greatest = kMaxUint32, .live = true,
        .en = "The same when the calling number is why.", .zh = "因主叫号码被拦截时的错误码。"},
    Key{.path = "protocols.NAME.codes.called", .type = Type::kInteger, .least = 0, .greatest = kMaxUint32, .live = true,
        .en = "The same when the called number is why.", .zh = "因被叫号码被拦截时的错误码。"},

    Key{.path = "policy.home_country", .fallback = "86",
        .en = "E.164 country code that national numbers belong to, in quotes.", .zh = "本国国家码，需加引号。"},
    Key{.path = "policy.state_dir", .type = Type::kFile, .fallback = "/var/lib/telefence/policy",
        .en = "Folder for what is kept over a restart: lists as they were compiled, what the change log has put in force (so that a restart needs "
              "no Redis), the audit file. off: none, as where /var/lib/telefence is not there and nothing is named.",
        .zh = "重启后仍需的内容：编译后的名单、变更流已生效的内容（重启时无需 Redis）、审计文件。off 为不保存；未指定且 /var/lib/telefence 不存在时亦然。"},
    Key{.path = "policy.lists[].file", .type = Type::kFile, .live = true, .required = true,
        .en = "List file: one domain, URL or number per line, # comments.", .zh = "名单文件：每行一条，# 为注释。"},
    Key{.path = "policy.lists[].kind", .type = Type::kWord, .fallback = "domain", .words = "domain|url|number", .live = true,
        .en = "What the lines are.", .zh = "名单内容的类型。"},
    Key{.path = "policy.lists[].allow", .type = Type::kBool, .fallback = "false", .live = true,
        .en = "Lines are let through instead of blocked.", .zh = "白名单：放行而非拦截。"},
    Key{.path = "policy.lists[].exact", .type = Type::kBool, .fallback = "false", .live = true,
        .en = "Domains: only the name itself, not what is below it.", .zh = "域名：仅匹配本名，不含子域名。"},
    Key{.path = "policy.lists[].side", .type = Type::kWord, .fallback = "either", .words = "calling|called|either", .live = true,
        .en = "Numbers: whose number it has to be, the caller's or sender's, or that of who is called.",
        .zh = "号码：匹配主叫（发送方）、被叫，或任意一方。"},
    Key{.path = "policy.lists[].action", .type = Type::kAction, .live = true,
        .en = "What is done; else by category and tier.", .zh = "动作；缺省按类别和等级。"},
    Key{.path = "policy.lists[].category", .type = Type::kWord, .fallback = "other", .words = "CATEGORY", .live = true,
        .en = "Kind of fraud.", .zh = "涉诈类别。"},
    Key{.path = "policy.lists[].tier", .type = Type::kInteger, .fallback = "2", .least = 1, .greatest = 3, .live = true,
        .en = "1: certain and grave ... 3: weak.", .zh = "等级：1 高，2 中，3 低。"},
    Key{.path = "policy.lists[].shadow", .type = Type::kBool, .fallback = "false", .live = true,
        .en = "Recorded as would-be, never carried out.", .zh = "影子模式：只记录，不执行。"},
    Key{.path = "policy.protected", .type = Type::kFiles,
        .en = "Files of names that everybody needs, one a line: no list, log or push may block one of them, or what lies above it. none: "
              "protected-domains.txt beside this file, else the installed one; []: nothing is protected.",
        .zh = "人人都需要的域名（文件，每行一个）：任何名单、变更流、下发均不得拦截它们及其上级域名。缺省：本文件旁的 "
              "protected-domains.txt，否则为随安装提供的名单；[] 为不保护。"},
    Key{.path = "policy.shrink_limit", .type = Type::kInteger, .fallback = "50", .least = 0, .greatest = 100, .live = true,
        .en = "Percent of its entries that a list or pattern file may lose from one reload to the next; what loses more is held back. 100: no limit.",
        .zh = "重新加载时单个名单或文本特征文件最多可减少的条目百分比；超过则暂不采用。100：不限制。"},
    Key{.path = "policy.guard.action", .type = Type::kWord, .fallback = "warn", .words = "warn|roll_back|off", .live = true,
        .en = "What is done when what is blocked jumps after a new version of the signatures: warn: it is told in the log, in status and in the "
              "metrics; roll_back: the version before is put in force besides, until telefence policy rollback newest; off: nobody looks.",
        .zh = "规则新版本生效后拦截量骤增时的处理：warn：写入日志、状态和指标；roll_back：另外回退到之前的版本，直至执行 telefence policy rollback newest；off：不检查。"},
    Key{.path = "policy.guard.most_jump", .type = Type::kInteger, .fallback = "5", .least = 2, .greatest = 1000, .live = true,
        .en = "It is a jump when the blocked share of a channel's messages is more than so many times that of the minute before.",
        .zh = "某通道拦截占比超过之前一分钟的多少倍视为骤增。"},
    Key{.path = "policy.guard.window", .type = Type::kDuration, .fallback = "10s", .least = 1, .greatest = 600, .live = true,
        .en = "How long after a version came in force a jump is put down to it.", .zh = "新版本生效后多长时间内的骤增归因于它。"},
    Key{.path = "policy.guard.least", .type = Type::kInteger, .fallback = "100", .least = 1, .greatest = kMaxUint32, .live = true,
        .en = "Messages that must have been read before, and blocked after, in that channel; with fewer nothing is concluded.",
        .zh = "该通道之前已检查、之后被拦截的消息均须达到此数；不足则不作判断。"},
    Key{.path = "policy.guard.least_percent", .type = Type::kInteger, .fallback = "1", .least = 1, .greatest = 50, .live = true,
        .en = "A smaller share before counts as this: so a jump is more than most_jump times so many percent of a channel's messages.",
        .zh = "之前占比低于此百分比时按此计算：即骤增至少要超过 most_jump 倍的该百分比。"},
    Key{.path = "policy.patterns", .type = Type::kFiles, .fallback = "[]", .live = true,
        .en = "Files of text and URL patterns, as patterns/*.yaml.", .zh = "文本与网址特征文件，如 patterns/*.yaml。"},
    Key{.path = "policy.cache_dir", .fallback = "/var/cache/telefence", .live = true,
        .en = "Folder where compiled expressions are kept, so that they load fast; not used when it is not there, or others may write to it.",
        .zh = "保存已编译表达式的目录，用于加快加载；目录不存在或他人可写时不使用。"},
    Key{.path = "policy.categories.CATEGORY.tier1", .type = Type::kAction, .live = true,
        .en = "Action for signatures of this category and tier 1 that name none.", .zh = "该类别 1 级（高）的动作。"},
    Key{.path = "policy.categories.CATEGORY.tier2", .type = Type::kAction, .live = true,
        .en = "The same for tier 2.", .zh = "该类别 2 级（中）的动作。"},
    Key{.path = "policy.categories.CATEGORY.tier3", .type = Type::kAction, .live = true,
        .en = "The same for tier 3.", .zh = "该类别 3 级（低）的动作。"},
    Key{.path = "policy.tag_dscp", .type = Type::kInteger, .fallback = "1", .least = 0, .greatest = 63, .live = true,
        .en = "The DSCP that the action tag writes; 1 is lower effort (RFC 8622).", .zh = "动作 tag 写入的 DSCP 值。"},

    Key{.path = "policy.answers.sinkhole_ipv4", .live = true,
        .en = "Address in DNS answers of protocols.dns.answer: sinkhole.", .zh = "DNS 沉洞应答的 IPv4 地址。"},
    Key{.path = "policy.answers.sinkhole_ipv6", .live = true,
        .en = "The same for AAAA questions.", .zh = "DNS 沉洞应答的 IPv6 地址。"},
    Key{.path = "policy.answers.extended_error", .type = Type::kInteger, .fallback = "16", .least = 15, .greatest = 17,
        .live = true, .en = "DNS extended error (RFC 8914): 15 blocked, 16 censored, 17 filtered.",
        .zh = "DNS 扩展错误码：15 blocked，16 censored，17 filtered。"},
    Key{.path = "policy.answers.ttl", .type = Type::kDuration, .fallback = "10s", .least = 0, .greatest = 60, .live = true,
        .en = "How long a resolver may keep a DNS answer; short, so that an unblocking is quick.",
        .zh = "DNS 应答的缓存时间；宜短，便于快速解封。"},
    Key{.path = "policy.answers.page_url", .live = true,
        .en = "Where protocols.http.answer: redirect sends the visitor.", .zh = "HTTP 重定向的警示页网址。"},
    Key{.path = "policy.answers.page_file", .type = Type::kFile, .live = true,
        .en = "Warning page sent with protocols.http.answer: page; none: the built-in one.",
        .zh = "HTTP 直接返回的警示页文件；缺省用内置页面。"},

    Key{.path = "policy.sample.names", .type = Type::kBool, .fallback = "false",
        .en = "Keep hashes of sampled domain names in memory, so that the centre can ask how often an entry would have hit; needs redis.receipts.",
        .zh = "在内存中保留抽样域名的哈希，供中心下发前查询条目会命中多少；需要 redis.receipts。"},
    Key{.path = "policy.sample.numbers", .type = Type::kBool, .fallback = "false",
        .en = "The same for calling and called numbers.", .zh = "同上，用于主叫和被叫号码。"},
    Key{.path = "policy.sample.texts", .type = Type::kBool, .fallback = "false",
        .en = "The same for texts of short messages and URLs, which have to be kept as they are matched, not as hashes.",
        .zh = "同上，用于短信文本和网址；它们须以匹配时的形式保留，而非哈希。"},
    Key{.path = "policy.sample.one_of", .type = Type::kInteger, .fallback = "100", .least = 1, .greatest = 1'000'000,
        .en = "Messages of which one, by chance, is sampled.", .zh = "每多少条消息随机抽取一条。"},
    Key{.path = "policy.sample.keep", .type = Type::kInteger, .fallback = "100000", .least = 1000, .greatest = 1'000'000,
        .en = "Names, calling and called numbers that are kept, of each, the newest; of texts and of URLs 20,000 at most.",
        .zh = "域名、主叫、被叫各保留最新的多少个；文本和网址各最多 20,000 条。"},

    Key{.path = "redis.server",
        .en = "unix:/path, host:port or rediss://host:port (TLS) of the anti-fraud centre's change log; none: files only.",
        .zh = "反诈中心 Redis：unix:/路径、主机:端口 或 rediss://主机:端口（TLS）；缺省只用文件。"},
    Key{.path = "redis.servers", .type = Type::kTexts, .fallback = "[]",
        .en = "Several of them in place of redis.server, the nearest first: when one fails, the next is asked.",
        .zh = "多个服务器，代替 redis.server，最近者在前：一个失效时改用下一个。"},
    Key{.path = "redis.tls.ca", .type = Type::kFile,
        .en = "PEM file of those who sign certificates of rediss:// servers; none: those that the system trusts.",
        .zh = "签发 rediss:// 服务器证书的 CA（PEM）；缺省为系统信任的 CA。"},
    Key{.path = "redis.tls.certificate", .type = Type::kFile, .en = "PEM file of the certificate that this node shows; none: it shows none.",
        .zh = "本节点出示的证书（PEM）；缺省不出示。"},
    Key{.path = "redis.tls.key", .type = Type::kFile, .en = "PEM file of its key.", .zh = "该证书的私钥（PEM）。"},
    Key{.path = "redis.user", .en = "ACL user; none: the default user.", .zh = "Redis ACL 用户。"},
    Key{.path = "redis.password_file", .type = Type::kFile, .en = "File with the password in its first line.",
        .zh = "密码文件（首行）。"},
    Key{.path = "redis.log", .fallback = "tf:1:log", .en = "Key of the stream of changes.", .zh = "变更流的键名。"},
    Key{.path = "redis.signers[].key", .type = Type::kFile, .live = true, .required = true,
        .en = "Public key (NAME.pub of telefence keys new) of one who may change what is blocked.",
        .zh = "可下发变更者的公钥文件（telefence keys new 生成的 NAME.pub）。"},
    Key{.path = "redis.signers[].sources", .type = Type::kTexts, .fallback = "[]", .live = true,
        .en = "Sources that this key may speak for; none: any.", .zh = "该密钥可代表的来源；缺省不限。"},
    Key{.path = "redis.signers[].kinds", .type = Type::kTexts, .fallback = "[]", .live = true,
        .en = "Kinds of entries that it may change (domain, url, number, pattern, ip, account, app); none: any.",
        .zh = "可变更的条目类型（domain、url、number、pattern、ip、account、app）；缺省不限。"},
    Key{.path = "redis.signers[].operations", .type = Type::kTexts, .fallback = "[]", .live = true,
        .en = "What it may do (add, remove, allow, replace-list, timestamp); none: anything.",
        .zh = "可执行的操作（add、remove、allow、replace-list、timestamp）；缺省不限。"},
    Key{.path = "redis.signers[].may_snapshot", .type = Type::kBool, .fallback = "false", .live = true,
        .en = "May make snapshots: say what all of the log comes to, whoever said it.", .zh = "可制作快照：写下整个变更流的结果，不论条目出自谁。"},
    Key{.path = "redis.signers[].may_be_wide", .type = Type::kBool, .fallback = "false", .live = true,
        .en = "May be one of the two signers that a wide entry needs.", .zh = "可作为宽泛条目所需两名签名者之一。"},
    Key{.path = "redis.snapshot_signers", .type = Type::kInteger, .fallback = "1", .least = 1, .greatest = 4, .live = true,
        .en = "So many signers with may_snapshot must have signed a snapshot; with 2, who makes snapshots can put nothing in force alone.",
        .zh = "快照须有多少名 may_snapshot 签名者签名；设为 2 时，制作快照者无法单独使任何内容生效。"},
    Key{.path = "redis.wide_digits", .type = Type::kInteger, .fallback = "7", .least = 1, .greatest = 15, .live = true,
        .en = "A number prefix with fewer digits, country code included, is wide and needs two signers.",
        .zh = "位数（含国家码）少于此值的号码前缀为宽泛条目，须两人签名。"},
    Key{.path = "redis.wide_percent", .type = Type::kInteger, .fallback = "1", .least = 0, .greatest = 100, .live = true,
        .en = "A pattern that hits more than so many percent of the built-in everyday messages (or URLs) is wide and needs two signers. One that "
              "hits more than 5% of them is never in force.",
        .zh = "命中内置日常短信（或网址）超过此百分比的文本特征为宽泛条目，须两人签名。命中超过 5% 的一律不生效。"},
    Key{.path = "redis.quotas[].source", .live = true, .required = true, .en = "A source of entries of the change log.", .zh = "变更流条目的来源。"},
    Key{.path = "redis.quotas[].most", .type = Type::kInteger, .least = 0, .greatest = 1'000'000'000, .live = true, .required = true,
        .en = "So many entries may be in force of it; a batch that would make more is refused whole.",
        .zh = "该来源可生效的条目上限；会超出上限的批次整批拒绝。"},
    Key{.path = "redis.accept_unsigned", .type = Type::kBool, .fallback = "false", .live = true,
        .en = "Take batches that nobody signed, too: anyone who can write to Redis can then block.",
        .zh = "也接受未签名的批次：能写 Redis 者即可下发拦截。"},
    Key{.path = "redis.receipts.server",
        .en = "Where this node tells the centre what it has in force: the primary, since a replica takes no writes; none: nowhere.",
        .zh = "向中心回执生效情况的 Redis：须为主库（从库不可写）；缺省不回执。"},
    Key{.path = "redis.receipts.user", .en = "ACL user for it; none: the default user.", .zh = "回执所用的 ACL 用户。"},
    Key{.path = "redis.receipts.password_file", .type = Type::kFile, .en = "File with its password in the first line.",
        .zh = "其密码文件（首行）。"},
    Key{.path = "redis.receipts.key", .type = Type::kFile,
        .en = "Secret key of this node (NODE.key of telefence keys new NODE --node) that signs its receipts; none: they are not signed.",
        .zh = "本节点的私钥文件（telefence keys new NODE --node 生成的 NODE.key），用于签署回执；缺省不签署。"},
    Key{.path = "redis.snapshot_spread", .type = Type::kDuration, .fallback = "10s", .least = 0, .greatest = 3600,
        .en = "After a break of the log a snapshot is loaded within this time, by chance, so that not all nodes do it at once.",
        .zh = "变更流中断后在此时间内随机选一刻加载快照，避免所有节点同时加载。"},
    Key{.path = "redis.look_nearer", .type = Type::kDuration, .fallback = "60s", .least = 1, .greatest = 3600,
        .en = "How often a nearer server than the one in use is looked for, by chance half or one and a half times this.",
        .zh = "每隔多久查看比当前更近的服务器是否恢复（随机取 0.5 至 1.5 倍）。"},
    Key{.path = "redis.stale_after", .type = Type::kDuration, .fallback = "10min", .least = 10, .greatest = 30 * kDay,
        .en = "Not ready when nothing was heard of Redis for this long; filtering goes on.",
        .zh = "超过此时间未与 Redis 通信即报告未就绪；过滤不停。"},
    Key{.path = "redis.silent_after", .type = Type::kDuration, .fallback = "0", .least = 0, .greatest = 30 * kDay,
        .en = "Says that the log may be held back when nothing that the centre signed came for this long: needs telefence push timestamp at the centre; "
              "0: nobody watches.",
        .zh = "超过此时间未收到中心签名的内容即报告变更流可能被扣留：中心须运行 telefence push timestamp；0 为不监视。"},

    Key{.path = "records.file", .type = Type::kFile,
        .en = "Interception records, EVE JSON lines; - is standard output; none: no file.",
        .zh = "拦截记录文件（EVE JSON 行）；- 为标准输出。"},
    Key{.path = "records.rotate", .type = Type::kSize, .fallback = "1GiB", .least = kMiB, .greatest = 1024 * 1024 * kMiB,
        .en = "A new file is begun at this size.", .zh = "文件达到此大小后轮转。"},
    Key{.path = "records.keep", .type = Type::kInteger, .fallback = "10", .least = 0, .greatest = 10'000,
        .en = "Rotated files that are kept.", .zh = "保留的历史文件数。"},
    Key{.path = "records.numbers", .type = Type::kWord, .fallback = "mask", .words = "mask|full",
        .en = "Whether telephone numbers are masked (+86138****5678).", .zh = "号码是否脱敏。"},
    Key{.path = "records.bodies", .type = Type::kWord, .fallback = "none", .words = "none|snippet|full",
        .en = "How much of a message's text is recorded.", .zh = "是否记录短信正文：不记、片段、全文。"},
    Key{.path = "records.evasions", .type = Type::kInteger, .fallback = "10", .least = 0, .greatest = 1000,
        .en = "Records of evasion (event_type anomaly) that each worker writes in a second at most; further ones are only counted. 0: none.",
        .zh = "每个线程每秒最多写入的规避行为记录（event_type 为 anomaly）；其余只计数。0 为不记。"},

    Key{.path = "listen.web", .fallback = "127.0.0.1:9469",
        .en = "Address of /metrics, /healthz and /readyz; off: none.", .zh = "指标与健康检查的监听地址；off 为关闭。"},
    Key{.path = "listen.control", .type = Type::kFile, .fallback = "/run/telefence/control.sock",
        .en = "Unix socket for the tool telefence.", .zh = "telefence 工具所用的 unix 套接字。"},
};

}  // namespace

std::span<const Key> all_keys() { return kKeys; }

const Key* key_at(std::string_view path) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [path](const Key& key) { return key.path == path; });
  return found == kKeys.end() ? nullptr : &*found;
}

std::vector<std::string_view> children_of(std::string_view path) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    std::string_view rest = key.path;
    if (!path.empty()) {
      if (!rest.starts_with(path) || rest.substr(path.size(), 1) != ".") continue;
      rest.remove_prefix(path.size() + 1);
    }
    const std::string_view name = rest.substr(0, rest.find_first_of(".["));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> words_of(const Key& key) {
  std::vector<std::string_view> words;
  for (std::string_view rest = key.words; !rest.empty();) {
    const std::size_t bar = rest.find('|');
    words.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  return words;
}

}  // namespace telefence
