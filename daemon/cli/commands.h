// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/cli.h"

namespace ambit::cli {

Command add_doctor(CLI::App& app, Context& context);
Command add_status(CLI::App& app, Context& context);
Command add_events(CLI::App& app, Context& context);
Command add_scope_check(CLI::App& app, Context& context);
Command add_rules_coverage(CLI::App& app, Context& context);
Command add_rules_explain(CLI::App& app, Context& context);
Command add_rules_show(CLI::App& app, Context& context);
Command add_rules_fields(CLI::App& app, Context& context);
Command add_rules_fmt(CLI::App& app, Context& context);
Command add_rules_check(CLI::App& app, Context& context);
Command add_rules_test(CLI::App& app, Context& context);
Command add_rules_profile(CLI::App& app, Context& context);
Command add_rules_list(CLI::App& app, Context& context);
Command add_explain(CLI::App& app, Context& context);
Command add_reload(CLI::App& app, Context& context);
Command add_record(CLI::App& app, Context& context);
Command add_unload(CLI::App& app, Context& context);
Command add_completion(CLI::App& app, Context& context);
Command add_version(CLI::App& app, Context& context);

}  // namespace ambit::cli
