#include "lab/stack/tcp_client.hpp"

#include <utility>

namespace wirelab {

TcpClient::TcpClient(Selector& loop, const Opener& opener, const Endpoint& local, const Endpoint& server, Events events,
                     const Options& options)
    : connection_(TcpConnection::connect(loop, opener(Transport::tcp, local), server, std::move(events), options)) {}

}  // namespace wirelab
