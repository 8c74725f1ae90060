// Registration: this device in a registry, so that others find it by name.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lab/services/registry_client.hpp"
#include "scenarios/cli/no_service.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

// What this machine calls itself, if a device may be called so.
std::string host_name();

class Registration {
 public:
  // Tells when the registry has it, and by `say` why not: because it refuses, or is not there and is tried again.
  // Throws BadInput for a name that no device can have. The loop and the output outlive it.
  Registration(Selector& loop, const Output& output, const Endpoint& registry, const std::string& name, Port port,
               std::function<void(const std::string&)> say);
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() = default;

  // Leaves, so that others hear it at once.
  void stop() { client_->stop(); }

 private:
  RetryTalk retries_;
  std::unique_ptr<RegistryClient> client_;
};

}  // namespace wirelab::cli
