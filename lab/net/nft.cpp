#include "lab/net/nft.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <nftables/libnftables.h>

namespace wirelab {
namespace {

std::string_view without_frame(std::string_view text) {
  if (text.starts_with("Error: ")) text.remove_prefix(std::string_view("Error: ").size());
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

}  // namespace

// The context opens its netlink socket when it is made and keeps it open across exec, so it lives no longer than this.
void apply_ruleset_here(std::string_view rules) {
  const std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> context(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
  if (!context) throw std::runtime_error("nftables cannot be used here");
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  if (nft_run_cmd_from_buffer(context.get(), std::string(rules).c_str()) != 0) {
    throw std::runtime_error(
        fmt::format("nftables refused the rules: {}", without_frame(nft_ctx_get_error_buffer(context.get()))));
  }
}

void apply_ruleset(const Host& host, std::string_view rules) {
  host.in([&] { apply_ruleset_here(rules); });
}

}  // namespace wirelab
