// doctor: what this machine can do, why not, and what to do about it.
//
// Everything is really tried, in child processes and private namespaces; nothing leaves the machine and nothing stays.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "scenarios/cli/finding.hpp"
#include "scenarios/cli/output.hpp"

namespace wirelab::cli {

// All findings, in the order in which they are shown. To be called by a process of one thread that is not lab root.
std::vector<Finding> examine_machine();

// Prints the findings by section, a line each and a second with what to do; under --json an object each, of type
// "finding", then {"type":"result","ok":...}.
void print_findings(const Output& output, const std::vector<Finding>& findings);
nlohmann::json to_json(const Finding& finding);
// ok if everything that the main job needs is there; else of the first that is not.
ExitCode verdict(const std::vector<Finding>& findings);

ExitCode doctor(const Output& output);

}  // namespace wirelab::cli
