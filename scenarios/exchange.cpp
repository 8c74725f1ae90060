#include "scenarios/exchange.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "capture/decode.hpp"
#include "scenarios/look_for.hpp"

namespace wirelab::scenarios {
namespace {

using capture::Decoded;
using capture::Origin;
using capture::Tcp;

struct Segment {
  const capture::Packet* packet = nullptr;
  Decoded decoded;
  [[nodiscard]] const Tcp& tcp() const { return *decoded.tcp(); }
};
using Segments = std::vector<Segment>;

// What both said. A kernel's resets are apart: no client and no server asked for them.
struct Talk {
  Segments client, server;
  bool client_kernel_reset = false, server_kernel_reset = false;
};

Talk talk_of(const Exchange& exchange) {
  Talk talk;
  for (const auto* packet : exchange.packets) {
    Segment segment{packet, capture::decode(*packet)};
    const bool own = segment.decoded.source() == exchange.own;
    if (look_for::is_rst(segment.tcp()) && packet->origin == Origin::kernel) {
      (own ? talk.client_kernel_reset : talk.server_kernel_reset) = true;
    } else {
      (own ? talk.client : talk.server).push_back(std::move(segment));
    }
  }
  return talk;
}

std::size_t count(const Segments& segments, bool (*fits)(const Tcp&)) {
  return static_cast<std::size_t>(
      std::ranges::count_if(segments, [&](const Segment& segment) { return fits(segment.tcp()); }));
}

bool is_bare_ack(const Tcp& tcp) {
  return tcp.flags.ack && tcp.length == 0 && !tcp.flags.syn && !tcp.flags.fin && !tcp.flags.rst;
}

// Of the first segment that fits, what `tell` says.
std::string of_first(const Segments& segments, bool (*fits)(const Tcp&),
                     const std::function<std::string(const Segment&)>& tell) {
  const auto found = std::ranges::find_if(segments, [&](const Segment& segment) { return fits(segment.tcp()); });
  return found == segments.end() ? "-" : tell(*found);
}

std::string of_syn(const Talk& talk, const std::function<std::string(const Segment&)>& tell) {
  return of_first(talk.client, look_for::is_syn, tell);
}

template <class Number>
std::string or_none(const std::optional<Number>& number) {
  return number ? fmt::format("{}", *number) : "none";
}

std::string yes_or_no(bool yes) { return yes ? "yes" : "no"; }

std::string link_address(const Talk& talk) {
  return of_syn(talk, [](const Segment& syn) { return fmt::format("{}", syn.decoded.ethernet->source); });
}

// Of the first segment, and how they go on.
std::string identifications(const Talk& talk) {
  if (talk.client.empty()) return "-";
  bool one_by_one = true;
  for (std::size_t n = 1; n < talk.client.size(); ++n) {
    const auto before = talk.client[n - 1].decoded.ip->id;
    one_by_one = one_by_one && talk.client[n].decoded.ip->id == ((before + 1) & 0xFFFF);
  }
  return fmt::format("0x{:04x}, {}", talk.client.front().decoded.ip->id, one_by_one ? "+1 each" : "others");
}

// Which octets of the stream each data segment carries, as they were sent; the first octet is 0.
std::string octets(const Talk& talk) {
  std::string text;
  std::optional<std::uint32_t> first;
  for (const auto& segment : talk.client) {
    const auto& tcp = segment.tcp();
    if (tcp.flags.syn) first = tcp.sequence + 1;
    if (tcp.length == 0 || !first) continue;
    const auto from = tcp.sequence - *first;
    text += fmt::format("{}{}-{}", text.empty() ? "" : ", ", from, from + tcp.length - 1);
  }
  return text.empty() ? "-" : text;
}

// How long the SYN ACK waited for the client to answer.
std::string reaction(const Talk& talk) {
  if (talk.server.empty() || talk.client.size() < 2) return "-";
  const auto waited = talk.client[1].packet->stamp - talk.server.front().packet->stamp;
  return fmt::format("{:.0f} us", std::chrono::duration<double, std::micro>(waited).count());
}

std::string kernel_resets(const Talk& talk) {
  if (talk.client_kernel_reset && talk.server_kernel_reset) return "both kernels";
  if (talk.client_kernel_reset) return "client's kernel";
  return talk.server_kernel_reset ? "server's kernel" : "nobody";
}

struct Feature {
  std::string name;
  std::function<std::string(const Talk&)> tell;
};

Feature syn_feature(std::string name, std::function<std::string(const Segment&)> tell) {
  return {std::move(name), [tell = std::move(tell)](const Talk& talk) { return of_syn(talk, tell); }};
}

std::vector<Feature> features() {
  return {
      syn_feature("made by", [](const Segment& syn) { return std::string(name_of(syn.packet->origin)); }),
      {"link address", link_address},
      syn_feature("source port", [](const Segment& syn) { return fmt::format("{}", syn.tcp().source); }),
      syn_feature("TTL", [](const Segment& syn) { return fmt::format("{}", syn.decoded.ip->ttl); }),
      syn_feature("don't fragment", [](const Segment& syn) { return yes_or_no(syn.decoded.ip->dont_fragment); }),
      {"IP identification", identifications},
      syn_feature("SYN: window", [](const Segment& syn) { return fmt::format("{}", syn.tcp().window); }),
      syn_feature("SYN: MSS", [](const Segment& syn) { return or_none(syn.tcp().mss); }),
      syn_feature("SYN: window scale", [](const Segment& syn) { return or_none(syn.tcp().window_scale); }),
      syn_feature("SYN: SACK", [](const Segment& syn) { return yes_or_no(syn.tcp().sack_permitted); }),
      syn_feature("SYN: timestamps", [](const Segment& syn) { return yes_or_no(syn.tcp().timestamps.has_value()); }),
      {"answer to SYN ACK", reaction},
      {"client's segments", [](const Talk& talk) { return fmt::format("{}", talk.client.size()); }},
      {"  with octets", octets},
      {"  ACK alone", [](const Talk& talk) { return fmt::format("{}", count(talk.client, is_bare_ack)); }},
      {"server's segments", [](const Talk& talk) { return fmt::format("{}", talk.server.size()); }},
      {"  with data", [](const Talk& talk) { return fmt::format("{}", count(talk.server, look_for::has_data)); }},
      {"who reset", kernel_resets},
      {"FINs", [](const Talk& talk) {
         return fmt::format("{}", count(talk.client, look_for::is_fin) + count(talk.server, look_for::is_fin));
       }}};
}

}  // namespace

Table compared(std::string title, const std::vector<Exchange>& exchanges) {
  Table table{.title = std::move(title), .columns = {""}, .rows = {}};
  std::vector<Talk> talks;
  for (const auto& exchange : exchanges) {
    table.columns.push_back(exchange.client);
    talks.push_back(talk_of(exchange));
  }
  for (const auto& [name, tell] : features()) {
    std::vector<std::string> row{name};
    for (const auto& talk : talks) row.push_back(tell(talk));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace wirelab::scenarios
