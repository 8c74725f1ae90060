// Finding: one thing that this machine can or cannot do. Part of doctor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scenarios/cli/exit_code.hpp"

namespace wirelab::cli {

struct Finding {
  std::string section;  // "private network"
  std::string what;     // "nftables NAT"
  bool ok = false;
  std::string why;   // what was seen, in one line
  std::string todo;  // where not ok: what helps, and what goes without it
  // What doctor exits with if this fails; ok: the main job does not need it.
  ExitCode otherwise = ExitCode::ok;
};

// Takes findings one by one, as they are made.
using Report = std::function<void(Finding)>;

// Runs `attempt`, which returns what it saw or throws, and reports the outcome. `finding` says section, what, todo
// (that of a Denied, its second line, goes before it) and otherwise.
void try_out(const Report& report, Finding finding, const std::function<std::string()>& attempt);

// Runs `examine` in a forked child, so that neither namespaces nor crashes reach this process, and hands on what it
// reports. A child that dies or takes over ten seconds gives a finding of its own. This process has one thread.
void in_child(const Report& report, const std::string& section, const std::function<void(const Report&)>& examine);

}  // namespace wirelab::cli
