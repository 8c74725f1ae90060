#include "lab/services/registry_client.hpp"

#include <gmock/gmock.h>

#include "lab/services/registry.hpp"
#include "tests/services/plain_peer.hpp"

namespace wirelab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TcpClient::Retry quick{.first = 1ms, .most = 20ms, .limit = Duration::max()};

// A client, and what it was told.
struct Told {
  explicit Told(Selector& loop, const Endpoint& registry, std::optional<Device> self = {},
                const TcpClient::Retry& retry = quick)
      : client(loop, open_here, loopback, registry, events(), {.self = std::move(self), .retry = retry}) {}
  RegistryClient::Events events() {
    return {.on_list =
                [this](const std::vector<Device>& list) { changes.push_back(fmt::format("{} listed", list.size())); },
            .on_change =
                [this](DeviceChange change, const Device& device, std::string_view why) {
                  changes.push_back(fmt::format("{} {} {} {}", device.name, device.port, to_string(change), why));
                },
            .on_refused = [this](std::string_view why) { changes.push_back(fmt::format("refused: {}", why)); },
            .on_retry = [this](const CloseReason&, Duration pause) { pauses.push_back(pause); },
            .on_end = [this](const CloseReason& reason) { ended = reason.to_string(); }};
  }
  std::vector<std::string> changes;
  std::vector<Duration> pauses;
  std::optional<std::string> ended;
  RegistryClient client;
};

Device device(const std::string& id, const std::string& name, const std::string& instance = random_instance()) {
  return {.id = id, .name = name, .instance = instance, .port = Port{17020}, .address = {}};
}

struct RegistryClientTest : StackTest {
  std::unique_ptr<Registry> registry_at(const Endpoint& place, Duration period = 5s) {
    return std::make_unique<Registry>(loop, open_here, place, Registry::Events{}, Registry::Options{.period = period});
  }
  bool listed(const Told& told, std::size_t devices) {
    return until([&] { return told.client.is_listed() && told.client.devices().size() == devices; });
  }
};

TEST_P(RegistryClientTest, DevicesAndWatchersKnowTheSame) {
  const auto registry = registry_at(loopback);
  const Told watcher(loop, registry->local());
  EXPECT_TRUE(listed(watcher, 0));
  Told a(loop, registry->local(), device("a1", "Den"));
  EXPECT_TRUE(listed(a, 1) && listed(watcher, 1));
  Told b(loop, registry->local(), device("b2", "Loft"));
  EXPECT_TRUE(listed(b, 2) && listed(a, 2) && listed(watcher, 2));
  EXPECT_EQ(a.client.devices(), watcher.client.devices());
  EXPECT_EQ(a.client.devices()[1].endpoint(), (Endpoint{Ipv4(127, 0, 0, 1), Port{17020}}));
  b.client.change("Attic", Port{9});
  EXPECT_TRUE(until([&] { return watcher.changes.size() == 4; }));
  b.client.stop();
  EXPECT_TRUE(until([&] { return b.ended.has_value(); }) && listed(watcher, 1));
  EXPECT_EQ(b.ended, "finished");
  EXPECT_THAT(watcher.changes, ElementsAre("0 listed", "Den 17020 added ", "Loft 17020 added ", "Attic 9 changed ",
                                           "Attic 9 removed left"));
}

TEST_P(RegistryClientTest, DevicesOfOneNameAreToldApart) {
  const auto registry = registry_at(loopback);
  const Told first(loop, registry->local(), device("a1", "Den"));
  const Told second(loop, registry->local(), device("a2", "Den"));
  EXPECT_TRUE(listed(first, 2));
  EXPECT_EQ(first.client.called("Den").size(), 2U);
  ASSERT_EQ(first.client.called("a2").size(), 1U);
  EXPECT_EQ(first.client.called("a2").front().id, "a2");
  EXPECT_THAT(first.client.called("den"), IsEmpty());
}

TEST_P(RegistryClientTest, ARegistryThatRestartsHasItsDevicesBack) {
  // Chosen, not given: only then may the next registry listen while connections of the last one are still going.
  const auto place = bind_to_loopback(inet_socket(SOCK_STREAM).get());
  auto registry = registry_at(place);
  const Told watcher(loop, place);
  const Told a(loop, place, device("a1", "Den", "i1"));
  const Told b(loop, place, device("b2", "Loft", "i2"));
  EXPECT_TRUE(listed(watcher, 2));
  registry.reset();
  EXPECT_TRUE(until([&] { return a.pauses.size() >= 4; }));
  EXPECT_EQ(watcher.client.devices().size(), 2U) << "what is known stays known";
  EXPECT_FALSE(a.client.is_listed());
  EXPECT_THAT(std::vector(a.pauses.begin(), a.pauses.begin() + 4), ElementsAre(1ms, 2ms, 4ms, 8ms));
  registry = registry_at(place);
  EXPECT_TRUE(listed(watcher, 2) && listed(a, 2) && listed(b, 2));
  EXPECT_EQ(registry->stats().registered, 2U);
}

TEST_P(RegistryClientTest, PausesGrowWhileARegistryTakesNobody) {
  // It accepts, and has no room.
  const Registry full(loop, open_here, loopback, {}, {.max_clients = 0});
  const Told a(loop, full.local(), device("a1", "Den"));
  EXPECT_TRUE(until([&] { return a.pauses.size() == 6; }));
  EXPECT_THAT(a.pauses, ElementsAre(1ms, 2ms, 4ms, 8ms, 16ms, 20ms));
}

TEST_P(RegistryClientTest, ItGivesUpAtItsLimit) {
  const auto nobody = inet_socket(SOCK_STREAM);
  const auto nowhere = bind_to_loopback(nobody.get());
  const Told once(loop, nowhere, {}, {.limit = Duration::zero()});
  const Told often(loop, nowhere, {}, {.first = 1ms, .most = 2ms, .limit = 300ms});
  EXPECT_TRUE(until([&] { return once.ended && often.ended; }));
  EXPECT_EQ(once.ended, "Connection refused");
  EXPECT_THAT(once.pauses, IsEmpty());
  EXPECT_GE(often.pauses.size(), 2U);
}

TEST_P(RegistryClientTest, ItMayStopWhileItWaits) {
  const auto nobody = inet_socket(SOCK_STREAM);
  Told waiting(loop, bind_to_loopback(nobody.get()), {}, {.first = 1h, .most = 1h, .limit = Duration::max()});
  EXPECT_TRUE(until([&] { return waiting.pauses.size() == 1; }));
  waiting.client.stop();
  EXPECT_TRUE(until([&] { return waiting.ended.has_value(); }));
  EXPECT_EQ(waiting.ended, "aborted");
}

TEST_P(RegistryClientTest, ItStaysListedByItselfAndAnswersWhenAsked) {
  const auto registry = registry_at(loopback, 100ms);
  const Told a(loop, registry->local(), device("a1", "Den", "i1"));
  const Told b(loop, registry->local(), device("a1", "Den", "i2"));
  EXPECT_TRUE(listed(a, 2) && listed(b, 2));
  const auto later = now() + 500ms;
  EXPECT_TRUE(until([&] { return now() > later; }));
  EXPECT_EQ(registry->devices().size(), 2U) << "longer than three periods, and one id";
  EXPECT_EQ(registry->stats().registered, 2U) << "on their first connections";
}

TEST_P(RegistryClientTest, ARefusedDeviceIsToldSo) {
  const auto registry = registry_at(loopback);
  EXPECT_THROW(Told(loop, registry->local(), device("", "Den")), std::logic_error);
  Told watcher(loop, registry->local());
  EXPECT_THROW(watcher.client.change("Den", Port{1}), std::logic_error);
}

TEST_P(RegistryClientTest, AServerThatRepeatsWhatItHearsIsNoRegistryAndNeitherIsASilentOne) {
  for (const bool silent : {false, true}) {
    Recorder told;
    TcpServer server(loop, open_here, loopback, told.events());
    if (!silent) told.echo = &server;
    std::optional<std::string> reason;
    const RegistryClient client(loop, open_here, loopback, server.local(),
                                {.on_end = [&](const CloseReason& why) { reason = why.to_string(); }},
                                {.self = {},
                                 .retry = {.limit = Duration::zero()},
                                 .connection = {.connect_limit = silent ? Duration(300ms) : Duration(1h)}});
    EXPECT_TRUE(until([&] { return reason.has_value(); }));
    EXPECT_EQ(reason, silent ? "idle for too long" : "Protocol error");
  }
}

// What a registry says that means no good: passed over, or a reason to try again later.
TEST_P(RegistryClientTest, StrangeThingsOfARegistry) {
  const auto entry = [](std::string_view type, std::string_view name, std::string_view address) {
    return encode_message(type, {{"id", "x"}, {"name", name}, {"instance", "i"}, {"port", "1"}, {"address", address}});
  };
  const auto list = [](std::string_view devices, std::string_view period) {
    return encode_message("list", {{"devices", devices}, {"period", period}});
  };
  const auto both = [](Bytes one, const Bytes& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
  };
  struct Strange {
    Bytes bytes;
    std::vector<std::string> told;
    bool again;
  };
  const std::vector<Strange> strange{
      {both(list("1", "50"), entry("added", "Den", "1.2.3.4")), {"1 listed"}, false},
      {both(list("1", "50"), entry("added", "D\x1b", "1.2.3.4")), {"0 listed"}, false},
      {both(list("1", "50"), entry("added", "Den", "nowhere")), {"0 listed"}, false},
      {both(list("0", "50"), entry("removed", "Den", "1.2.3.4")), {"0 listed", "Den 1 removed "}, false},
      {both(list("0", "0"), entry("added", "", "1.2.3.4")), {"0 listed"}, false},
      {entry("added", "Den", "1.2.3.4"), {}, true},
      {encode_message("error", {{"why", "of another service"}}), {}, true},
      {both(list("0", "50"), encode_message("weather")), {"0 listed"}, false},
      {list("0", ""), {"0 listed"}, false},
      {list("65537", "50"), {}, true},
      {list("-1", "50"), {}, true},
      {list("many", "50"), {}, true},
      {encode_message("list", {}, as_bytes("content")), {}, true},
      {Bytes{0xFF, 0xFF}, {}, true},
  };
  const auto last = encode_message("refused", {{"why", "last"}});
  for (const auto& [bytes, told, again] : strange) {
    std::unique_ptr<TcpServer> server;
    server = std::make_unique<TcpServer>(
        loop, open_here, loopback,
        TcpServer::Events{.on_open = [&, &said = bytes](TcpServer::ClientId id, const Endpoint&) {
          server->send(id, said);
          server->send(id, last);
        }});
    const Told client(loop, server->local(), {}, {.first = 1h, .most = 1h, .limit = Duration::max()});
    EXPECT_TRUE(until([&] {
      return !client.pauses.empty() || (!client.changes.empty() && client.changes.back() == "refused: last");
    })) << as_text(bytes);
    EXPECT_EQ(!client.pauses.empty(), again) << as_text(bytes);
    auto expected = told;
    if (!again) expected.emplace_back("refused: last");
    EXPECT_EQ(client.changes, expected) << as_text(bytes);
  }
}

TEST_P(RegistryClientTest, ItMayBeDestroyedByWhatItTells) {
  const auto registry = registry_at(loopback);
  std::unique_ptr<RegistryClient> client;
  std::size_t told = 0;
  // What the handler holds is used after the client is gone.
  const auto go = [&client, &told] {
    client.reset();
    ++told;
  };
  const std::vector<RegistryClient::Events> ways{
      {.on_list = [go](const auto&) { go(); }},
      {.on_change = [go](auto, const auto&, auto) { go(); }},
      {.on_list = [&client](const auto&) { client->stop(); }, .on_end = [go](const CloseReason&) { go(); }},
  };
  for (const auto& events : ways) {
    const auto before = told;
    client = std::make_unique<RegistryClient>(loop, open_here, loopback, registry->local(), events);
    EXPECT_TRUE(until([&] { return told > before || client->is_listed(); }));
    const Told other(loop, registry->local(), device("a1", "Den"));
    EXPECT_TRUE(until([&] { return told > before; }));
  }
  const auto nobody = inet_socket(SOCK_STREAM);
  client = std::make_unique<RegistryClient>(loop, open_here, loopback, bind_to_loopback(nobody.get()),
                                            RegistryClient::Events{.on_retry = [go](const auto&, auto) { go(); }});
  EXPECT_TRUE(until([&] { return told == ways.size() + 1; }));
}

INSTANTIATE_TEST_SUITE_P(All, RegistryClientTest, all_pollers, poller_name);

}  // namespace
}  // namespace wirelab::testing
