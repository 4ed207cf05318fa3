"""What tests of several folders share: servers, processes, and harnesses of the rooms of `app`."""
