"""Private, real container engines for the tests: the scripts that start them, and the fixture's class over them."""
