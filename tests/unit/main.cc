// The one place where doctest itself is compiled; every other test file only declares cases.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
