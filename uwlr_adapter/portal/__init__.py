"""The Koppelingenoverzicht: the pages on which a school manages its koppelingen."""
