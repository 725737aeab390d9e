// Says what a license grants, for the mode `contents` (../README.md).
#pragma once

#include "conditions.hpp"

/// What a license says as compact JSON, in the order and the form of the payload.
std::string contents(const Terms& terms, const Conditions& conditions);
