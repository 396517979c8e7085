"""The Koppelingenoverzicht: the pages where a school opens and closes the tap."""
