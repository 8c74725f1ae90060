// The message layer: any stream that decodes to frames gives messages or faults, and what is a message encodes and
// decodes to the same again. What the services read out of a message is as they promise: names that may be shown,
// devices that may be told to others.
#include <algorithm>
#include <string>
#include <vector>

#include "lab/services/chat_message.hpp"
#include "lab/services/device.hpp"
#include "lab/services/heartbeat.hpp"
#include "lab/services/name.hpp"
#include "lab/stack/frame_decoder.hpp"
#include "lab/stack/message.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace wirelab {
namespace {

constexpr FrameLimits limits{.header = 400, .content = 5000};

Frame only_frame(const Bytes& bytes, FrameDecoder& decoder) {
  decoder.feed(bytes);
  const auto next = decoder.next();
  require(std::holds_alternative<Frame>(next), "an encoded message is no frame");
  return std::get<Frame>(next);
}

void check_round_trip(const Message& message) {
  const auto fields = message.fields();
  const auto bytes = encode_message(message.type, fields, message.content());
  FrameDecoder decoder;
  const auto again = read_message(only_frame(bytes, decoder));
  require(std::holds_alternative<Message>(again), "an encoded message is none");
  const auto& read = std::get<Message>(again);
  require(read.type == message.type && read.fields() == fields, "encoding changes the fields");
  require(std::ranges::equal(read.content(), message.content()), "encoding changes the content");
}

void check_numbers(const Message& message) {
  for (const auto& [key, value] : message.fields()) {
    if (message.value(key) != value) continue;  // a second one of this key
    const auto number = message.number(key);
    require(!number || std::to_string(*number) == value, "a number is not what stands there");
  }
  const auto period = period_in(message);
  require(!period || (*period > Duration::zero() && *period <= most_period), "a period out of range");
}

void check_names(const Message& message) {
  for (const auto& name : chat::names_in(message.text())) {
    require(!name_fault(name), "a name that may not be shown");
    require(printable(name).size() == name.size() + static_cast<std::size_t>(std::ranges::count(name, '\\')),
            "a name that a terminal would obey");
    require(is_field_value(name) && as_field_value(name) == name, "a name that no field holds");
  }
}

void check_device(const Message& message) {
  for (const auto address : {AddressField::none, AddressField::needed}) {
    const auto read = read_device(message, address);
    const auto* device = std::get_if<Device>(&read);
    if (device == nullptr) continue;
    require(!device_fault(*device), "a device that may not be told");
    const DeviceNumbers numbers(*device);
    const auto bytes = encode_message("added", device_fields(*device, numbers));
    FrameDecoder decoder;
    const auto again = std::get<Message>(read_message(only_frame(bytes, decoder)));
    const auto reread = read_device(again, address);
    require(std::get<Device>(reread) == *device, "a device changes on its way");
  }
}

}  // namespace
}  // namespace wirelab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wirelab;
  FrameDecoder decoder(limits);
  decoder.feed({data, size});
  for (auto next = decoder.next(); std::holds_alternative<Frame>(next); next = decoder.next()) {
    const auto message = read_message(std::get<Frame>(next));
    if (const auto* fault = std::get_if<MessageFault>(&message)) {
      require(!to_string(*fault).empty(), "a fault without a word");
      continue;
    }
    for (const auto check : {check_round_trip, check_numbers, check_names, check_device})
      check(std::get<Message>(message));
  }
  return 0;
}
