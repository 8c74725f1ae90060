#include "lab/services/device.hpp"

#include <random>

#include <fmt/format.h>

#include "lab/services/name.hpp"

namespace wirelab {
namespace {

bool is_loopback(const IpAddress& address) {
  constexpr std::uint8_t first_of_ipv4 = 127;
  if (address.is_v4()) return address.bytes()[0] == first_of_ipv4;
  return address == IpAddress::parse("::1");
}

}  // namespace

std::optional<std::string_view> device_fault(const Device& device) {
  for (const auto* name : {&device.id, &device.name, &device.instance}) {
    if (const auto fault = name_fault(*name)) return fault;
  }
  return std::nullopt;
}

std::variant<Device, std::string_view> read_device(const Message& message, AddressField address) {
  const auto field = [&](std::string_view key) { return std::string(message.value(key).value_or("")); };
  Device device{.id = field("id"), .name = field("name"), .instance = field("instance"), .address = {}};
  if (const auto fault = device_fault(device)) return *fault;
  const auto port = parse_port(field("port"));
  if (!port || *port == Port{}) return "a port is a number from 1 to 65535";
  device.port = *port;
  if (address == AddressField::none) return device;
  const auto seen = IpAddress::parse(field("address"));
  if (!seen || seen->is_unspecified() || seen->is_multicast()) return "the address is no device's";
  device.address = *seen;
  return device;
}

DeviceNumbers::DeviceNumbers(const Device& device)
    : port(fmt::format("{}", device.port)), address(device.address.to_string()) {}

std::vector<Field> device_fields(const Device& device, const DeviceNumbers& numbers) {
  std::vector<Field> fields{
      {"id", device.id}, {"name", device.name}, {"instance", device.instance}, {"port", numbers.port}};
  if (!device.address.is_unspecified()) fields.push_back({"address", numbers.address});
  return fields;
}

Device seen_through(Device device, const Endpoint& registry) {
  if (is_loopback(device.address) && !is_loopback(registry.address)) device.address = registry.address;
  return device;
}

std::string random_instance() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

std::string_view to_string(DeviceChange change) {
  switch (change) {
    case DeviceChange::added:
      return "added";
    case DeviceChange::changed:
      return "changed";
    case DeviceChange::removed:
      return "removed";
  }
  return "";
}

}  // namespace wirelab
