#pragma once

#include <string>

/// Installed references for the command line, generated from the same table as --help.
namespace pgsluice::app {

/// Returns pgsluice(1), as troff with man macros.
std::string ManPage();

/// Returns the completion script for bash, zsh or fish. Throws Error(kReject) for any other shell.
std::string Completion(const std::string& shell);

}  // namespace pgsluice::app
