"""The local Functions host, held against every trap that `functions-host.md` lists."""
