"""Models on another machine: the client, which needs neither torch nor a package for servers."""
