#include "app/commands/import_command.h"

#include <ostream>
#include <string>

#include "app/import/import_pgsync.h"
#include "pgsluice/base/printable.h"
#include "pgsluice/base/read_file.h"

namespace pgsluice::app {

int RunImportPgsync(const Context& context) {
  const auto& arguments = context.invocation.arguments;
  if (arguments.size() != 1) {
    throw UsageError("config import-pgsync takes one file",
                     "pgsluice config import-pgsync schema.json > pgsluice.json");
  }
  const Imported imported = ImportPgsync(base::ReadFile(arguments.front()));
  context.out << imported.config;
  for (const std::string& note : imported.notes) {
    context.err << "pgsluice: note: " << base::Printable(note) << '\n';
  }
  return kOk;
}

}  // namespace pgsluice::app
