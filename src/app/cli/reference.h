#pragma once

#include <string>

/// What the installation says about the command line besides --help, made from the same table.
namespace pgsluice::app {

/// pgsluice(1), as troff with man macros.
std::string ManPage();

/// `shell` is bash, zsh or fish; anything else throws Error(kReject).
std::string Completion(const std::string& shell);

}  // namespace pgsluice::app
