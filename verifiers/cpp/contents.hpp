// Says what a license grants, for the mode `contents` (../README.md).
#pragma once

#include "terms.hpp"

/// The terms as compact JSON, in the order and the form of the payload.
std::string contents(const Terms& terms);
