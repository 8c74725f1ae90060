// TCP packets as they come: any bytes are a segment or refused with a place inside them, and what was read and is
// written anew reads the same. A mutated packet hardly ever has right checksums, so each is read once more with them
// mended.
#include "lab/base/checksum.hpp"
#include "raw/tcp_segment.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab::raw {
namespace {

std::size_t options_size(const TcpOptions& options) {
  std::size_t size = (options.mss ? 4U : 0U) + (options.window_scale ? 4U : 0U) + (options.sack_permitted ? 4U : 0U) +
                     (options.timestamps ? 12U : 0U) + (options.sack.empty() ? 0U : 4U + 8U * options.sack.size());
  for (const auto& other : options.others) size += 2 + other.data.size();
  return size;
}

void check(ByteView packet) {
  const auto parsed = parse_tcp(packet);
  if (const auto* const malformed = std::get_if<Malformed>(&parsed)) {
    require(!malformed->reason.empty() && malformed->offset <= packet.size(), "malformed somewhere else");
    return;
  }
  const auto& arrival = std::get<TcpArrival>(parsed);
  require(arrival.segment.payload.size() <= packet.size(), "more octets than there were bytes");
  require(!arrival.segment.to_string().empty(), "a segment without a text");
  // Padding may be wanted where there was none.
  if (options_size(arrival.segment.options) > max_tcp_options || packet.size() > 65000) return;
  const auto anew =
      tcp_packet({.source = arrival.from, .destination = arrival.to, .ttl = arrival.ttl}, arrival.segment);
  const auto again = parse_tcp(anew.from(Layer::network));
  require(std::holds_alternative<TcpArrival>(again), "written anew, it cannot be read");
  require(std::get<TcpArrival>(again).segment == arrival.segment, "written anew, it differs");
}

Bytes mended(ByteView packet) {
  auto bytes = copy_of(packet);
  const auto read = read_ip_header(packet);
  const auto* const header = std::get_if<IpHeader>(&read);
  if (header == nullptr) return bytes;
  if (header->source.is_v4()) {
    store_be16(&bytes[10], 0);
    store_be16(&bytes[10], internet_checksum(ByteView(bytes).first(header->size)));
  }
  if (header->stated > bytes.size() || header->stated < header->size + tcp_header_size) return bytes;
  const auto segment = MutableBytes(bytes).subspan(header->size, header->stated - header->size);
  store_be16(&segment[16], 0);
  store_be16(&segment[16], transport_checksum(header->source, header->destination, protocol_tcp, segment));
  return bytes;
}

}  // namespace
}  // namespace wirelab::raw

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  const ByteView packet(data, size);
  raw::check(packet);
  raw::check(raw::mended(packet));
  return 0;
}
