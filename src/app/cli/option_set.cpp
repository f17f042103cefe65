#include "app/cli/option_set.h"

#include <Poco/Util/Option.h>
#include <Poco/Util/Validator.h>

#include <utility>

#include "pgsluice/config/loader.h"

namespace pgsluice::app {

namespace {

/// Checks values by the command's rule, or by the rule of the setting that the option overrides.
class ValueValidator : public Poco::Util::Validator {
 public:
  explicit ValueValidator(ValueCheck check) : check_(check) {}

  void validate(const Poco::Util::Option& option, const std::string& value) override {
    const std::string& name = option.fullName();
    if (check_ == nullptr) {
      const auto problem = config::CheckFlag(name, value);
      if (problem) throw UsageError("--" + name + ' ' + problem->message, problem->hint);
    } else if (const auto wrong = check_(value)) {
      throw UsageError("--" + name + ' ' + *wrong, "");
    }
  }

 private:
  const ValueCheck check_;
};

}  // namespace

void Define(Poco::Util::OptionSet& set, const std::vector<CliOption>& options) {
  for (const CliOption& option : options) {
    Poco::Util::Option defined(option.name, option.short_name, option.description);
    // The last value of a repeated option applies, because scripts append options to given ones.
    defined.repeatable(true);
    if (!option.value.empty()) {
      defined.argument(option.value).validator(new ValueValidator(option.check));
    }
    set.addOption(defined);
  }
}

}  // namespace pgsluice::app
