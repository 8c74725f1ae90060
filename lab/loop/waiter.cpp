#include "lab/loop/waiter.hpp"

#include <stdexcept>

namespace wirelab {

std::unique_ptr<Waiter> Waiter::make(Poller poller) {
  switch (poller) {
    case Poller::select:
      return make_select_waiter();
    case Poller::poll:
      return make_poll_waiter();
    case Poller::epoll:
      return make_epoll_waiter();
  }
  throw std::logic_error("no such poller");
}

}  // namespace wirelab
