// Device: what a registry knows of a device, and its form in a message. Public, pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lab/base/address.hpp"
#include "lab/stack/message.hpp"

namespace wirelab {

// `id` stays the same for the life of a device (device_id.hpp makes one), `instance` for that of one run of its
// program: the same id with another instance is the device restarted, or a second one that was set up as a copy of the
// first. Names need not differ.
struct Device {
  std::string id;
  std::string name;
  std::string instance;
  Port port{};        // where it serves, as it says itself
  IpAddress address;  // as the registry sees it; unspecified in what a device says of itself

  [[nodiscard]] Endpoint endpoint() const { return {address, port}; }
  // One run of one device at one place: anybody can repeat an id and an instance that it has read in a list.
  [[nodiscard]] bool is_same_run(const Device& other) const {
    return id == other.id && instance == other.instance && address == other.address;
  }
  friend bool operator==(const Device&, const Device&) = default;
};

enum class AddressField : std::uint8_t { none, needed };
// The device that a message tells of, or why it tells of none. With AddressField::none the address is not read.
std::variant<Device, std::string_view> read_device(const Message& message, AddressField address);
// Why a device cannot be told to others; nothing if it can. Id, name and instance are all names (name_fault()).
std::optional<std::string_view> device_fault(const Device& device);
// Its fields; views of `device` and of `numbers`, which holds the port and the address.
struct DeviceNumbers {
  explicit DeviceNumbers(const Device& device);
  std::string port, address;
};
std::vector<Field> device_fields(const Device& device, const DeviceNumbers& numbers);

// A device as who asks `registry` reaches it: one that runs on the registry's own machine, and is seen there at an
// address of loopback, is reached from elsewhere where the registry is.
Device seen_through(Device device, const Endpoint& registry);

// 16 hexadecimal digits that no other run is likely to have.
std::string random_instance();

enum class DeviceChange : std::uint8_t { added, changed, removed };
std::string_view to_string(DeviceChange change);

}  // namespace wirelab
