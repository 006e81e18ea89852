// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

int main(int argc, char** argv) {
  return ambit::cli::run_cli(
      argc, argv, {{ambit::app::add_run, ambit::app::add_canary, ambit::app::add_replay}, ambit::app::judge_recording});
}
