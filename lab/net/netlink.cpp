#include "lab/net/netlink.hpp"

#include <cstring>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "lab/base/error.hpp"

namespace wirelab {
namespace {

// Acknowledgements wait in the socket's receive buffer, and this many fit into the smallest usual one.
constexpr std::size_t batch_limit = 100;

// What the kernel has to say about an error, in parentheses (NLMSGERR_ATTR_MSG).
std::string kernel_words(const nlmsghdr& message) {
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto text = find_attribute(message, sizeof(nlmsgerr), NLMSGERR_ATTR_MSG);
  if (!text) return {};
  return fmt::format(" ({})", printable(as_text(*text).substr(0, text->size() - 1)));
}

void refuse_error(const nlmsghdr& message, const Request& request) {
  if (message.nlmsg_type != NLMSG_ERROR) return;
  const auto& result = header_of<nlmsgerr>(message);
  throw_errno(request.what() + kernel_words(message), -result.error);
}

}  // namespace

Request::Request(std::uint16_t type, std::uint16_t flags, std::string what) : what_(std::move(what)) {
  auto* header = mnl_nlmsg_put_header(buffer_.data());
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

void* Request::room_for(std::size_t size) {
  if (message()->nlmsg_len + MNL_ALIGN(size) > buffer_.size()) throw std::logic_error("a netlink request is too long");
  return mnl_nlmsg_put_extra_header(message(), size);
}

Request& Request::put(std::uint16_t attribute, ByteView value) {
  if (!mnl_attr_put_check(message(), buffer_.size(), attribute, value.size(), value.data())) {
    throw std::logic_error("a netlink request is too long");
  }
  return *this;
}

Request& Request::put8(std::uint16_t attribute, std::uint8_t value) { return put(attribute, {&value, 1}); }

Request& Request::put32(std::uint16_t attribute, std::uint32_t value) {
  std::array<std::uint8_t, sizeof value> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  return put(attribute, bytes);
}

Request& Request::put_text(std::uint16_t attribute, std::string_view text) {
  const std::string terminated(text);
  return put(attribute, as_bytes({terminated.c_str(), terminated.size() + 1}));
}

std::size_t Request::begin_nest(std::uint16_t attribute) {
  const std::size_t start = message()->nlmsg_len;
  put(static_cast<std::uint16_t>(attribute | NLA_F_NESTED), {});
  return start;
}

void Request::end_nest(std::size_t start) {
  auto* attribute = reinterpret_cast<nlattr*>(&buffer_[start]);
  attribute->nla_len = static_cast<std::uint16_t>(message()->nlmsg_len - start);
}

ByteView Request::bytes() const {
  return ByteView(buffer_).first(reinterpret_cast<const nlmsghdr*>(buffer_.data())->nlmsg_len);
}

Netlink::Netlink() : socket_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) {
  if (socket_ == nullptr) throw_errno("open a netlink socket");
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK}) {
    int on = 1;
    mnl_socket_setsockopt(socket_, option, &on, sizeof on);  // an old kernel is only less talkative
  }
}

Netlink::Netlink(Netlink&& other) noexcept
    : socket_(std::exchange(other.socket_, nullptr)),
      queue_(std::move(other.queue_)),
      pending_(std::move(other.pending_)),
      first_(other.first_) {}

Netlink::~Netlink() {
  if (socket_ != nullptr) mnl_socket_close(socket_);
}

void Netlink::add(const Request& request) {
  if (pending_.size() == batch_limit) flush();
  const auto bytes = request.bytes();
  const auto start = queue_.size();
  queue_.resize(start + MNL_ALIGN(bytes.size()));
  std::memcpy(&queue_[start], bytes.data(), bytes.size());
  auto& header = *reinterpret_cast<nlmsghdr*>(&queue_[start]);
  header.nlmsg_flags |= NLM_F_ACK;
  header.nlmsg_seq = first_ + static_cast<std::uint32_t>(pending_.size());
  pending_.push_back(request.what());
}

void Netlink::flush() {
  if (pending_.empty()) return;
  if (mnl_socket_sendto(socket_, queue_.data(), queue_.size()) < 0) throw_errno(pending_.front());
  std::size_t waiting = pending_.size();
  std::optional<std::pair<int, std::string>> failure;
  receive([&](const nlmsghdr& message) {
    if (message.nlmsg_type != NLMSG_ERROR) return true;
    const auto& result = header_of<nlmsgerr>(message);
    if (result.error != 0 && !failure) {
      failure = {-result.error, pending_.at(message.nlmsg_seq - first_) + kernel_words(message)};
    }
    return --waiting > 0;
  });
  first_ += static_cast<std::uint32_t>(pending_.size());
  pending_.clear();
  queue_.clear();
  if (failure) throw_errno(failure->second, failure->first);
}

void Netlink::get(const Request& request, const std::function<void(const nlmsghdr&)>& use) {
  send(request, 0);
  receive([&](const nlmsghdr& message) {
    refuse_error(message, request);
    use(message);
    return false;
  });
}

void Netlink::dump(const Request& request, const std::function<void(const nlmsghdr&)>& each) {
  send(request, NLM_F_DUMP);
  receive([&](const nlmsghdr& message) {
    if (message.nlmsg_type == NLMSG_DONE) return false;
    refuse_error(message, request);
    each(message);
    return true;
  });
}

void Netlink::send(const Request& request, std::uint16_t flags) {
  flush();
  auto bytes = copy_of(request.bytes());
  reinterpret_cast<nlmsghdr*>(bytes.data())->nlmsg_flags |= flags;
  if (mnl_socket_sendto(socket_, bytes.data(), bytes.size()) < 0) throw_errno(request.what());
}

// Hands on messages until `more` says no.
void Netlink::receive(const std::function<bool(const nlmsghdr&)>& more) {
  alignas(nlmsghdr) std::array<std::uint8_t, 32768> buffer;
  for (bool wanted = true; wanted;) {
    const auto received = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (received < 0) throw_errno("hear the kernel's answer on netlink");
    int left = static_cast<int>(received);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) wanted = more(*message);
  }
}

std::optional<ByteView> find_attribute(const nlmsghdr& message, std::size_t header_size, std::uint16_t attribute) {
  const auto* payload = static_cast<const std::uint8_t*>(mnl_nlmsg_get_payload(&message));
  return find_attribute(
      {payload + MNL_ALIGN(header_size), mnl_nlmsg_get_payload_len(&message) - MNL_ALIGN(header_size)}, attribute);
}

std::optional<ByteView> find_attribute(ByteView nest, std::uint16_t attribute) {
  const auto* each = reinterpret_cast<const nlattr*>(nest.data());
  const auto* end = nest.data() + nest.size();
  while (mnl_attr_ok(each, static_cast<int>(end - reinterpret_cast<const std::uint8_t*>(each)))) {
    if (mnl_attr_get_type(each) == attribute) {
      return ByteView(static_cast<const std::uint8_t*>(mnl_attr_get_payload(each)), mnl_attr_get_payload_len(each));
    }
    each = mnl_attr_next(each);
  }
  return std::nullopt;
}

}  // namespace wirelab
