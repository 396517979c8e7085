"""The sandbox: schools for each situation that a vendor meets, which change on request. It is never part of `serve`."""
