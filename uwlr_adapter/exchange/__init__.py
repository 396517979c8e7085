"""The use cases of a request, without HTTP and without Spyne: from a call to its outcome."""
